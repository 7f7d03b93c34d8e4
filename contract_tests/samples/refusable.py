"""Refusable recordings: valid deliveries that a receiver may reject, see USING.md, "What is sent".

One condition applies to recordings and not to drawn bodies: values other than texts in a map with open keys have to be
accepted. The contract does not describe them, and the recording shows that the provider sends them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from callback_contract.contract_tests.generation.corpus import MAX_INTEGER, MAX_TEXT
from callback_contract.mock_server.wire.strict_json import has_duplicate_names
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = ["why_not_taken"]

_MOST_LEVELS = 64  # the default of System.Text.Json; most other parsers read more
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def why_not_taken(content: jp.Json, body: bytes, callback: Callback, is_valid: Callable[[jp.Json], bool]) -> str:
    """Return why a receiver may reject a body; empty when it has to accept it."""
    limit = callback.delivery.accept_body_bytes.must
    if limit is not None and len(body) > limit:
        return Text("sample.more-than-accepted", bytes=len(body), most=limit)
    if callback.is_json and has_duplicate_names(body):
        return Text("sample.name-twice")
    if _levels(content) > _MOST_LEVELS:
        return Text("sample.too-many-levels", most=_MOST_LEVELS)
    whole = False
    for value in _scalars(content):
        if isinstance(value, str) and len(value) > MAX_TEXT:
            return Text("sample.text-too-long", most=MAX_TEXT)
        if isinstance(value, str) and _CONTROLS.search(value):
            return Text("sample.control-character")
        if isinstance(value, (int, float)) and abs(value) > MAX_INTEGER:
            return Text("sample.number-too-large")
        whole = whole or (isinstance(value, float) and value.is_integer())
    if whole and not is_valid(_fractional(content)):
        return Text("sample.integer-with-fraction")
    return ""


def _levels(value: jp.Json) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_levels, inside), default=0)


def _scalars(value: jp.Json) -> Iterator[jp.Json]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    else:
        yield value


def _fractional(value: jp.Json) -> jp.Json:
    """Return the value with a half added to fractions.

    Where that is invalid, the schema requires an integer.
    """
    if isinstance(value, dict):
        return {key: _fractional(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_fractional(item) for item in value]
    return value + 0.5 if isinstance(value, float) and value.is_integer() else value
