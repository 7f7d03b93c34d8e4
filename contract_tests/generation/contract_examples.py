"""Values from a contract's examples in a plain delivery: a receiver that refuses it may expect others there."""

from __future__ import annotations

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import header_of, is_in_body
from callback_contract.openapi.text.message import Text, listed

__all__ = ["from_examples"]

_MOST = 8
_LONGEST = 60


def from_examples(scope: Scope) -> Text | None:
    """Say which headers and members of a plain delivery have a value of the contract's examples; None for none."""
    told = [f"{name}: {value}" for name, value in _headers(scope)] + _members(scope)
    shown = [printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…") for text in told[:_MOST]]
    if len(told) > _MOST:
        shown.append(Text("reason.more", count=len(told) - _MOST))
    return Text("reason.from-examples", values=listed(shown)) if shown else None


def _headers(scope: Scope) -> list[tuple[str, str]]:
    fresh = {*map(header_of, scope.callback.id_forms), *scope.given, "content-type", "user-agent"}
    return [
        (header.name, header.value)
        for header in scope.callback.headers
        if header.required and header.default is None and header.value is not None and header.name.lower() not in fresh
    ]


def _members(scope: Scope) -> list[str]:
    """Return the identifiers and the listed values of the body: what a receiver may compare with its own."""
    if not scope.callback.delivered_examples:
        return []
    listed_ones = [member.pointer for member in scope.callback.members if member.enum]
    told = []
    for pointer in dict.fromkeys((*scope.callback.kept_identifiers, *listed_ones)):
        try:
            value = jp.get(scope.plain, pointer) if is_in_body(pointer) else None
        except LookupError:
            continue
        if isinstance(value, (str, int)):
            told.append(f"{pointer} = {value!r}")
    return told
