"""Comparison of headers: judges changes, given that receivers ignore unknown headers (RFC 9110, section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from callback_contract.openapi.comparing.operations.operation_parts import Operation
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.walk import Finding, shown
from callback_contract.openapi.contract.model import HeaderParameter

__all__ = ["compared_headers"]


def compared_headers(old: Operation, new: Operation) -> Iterator[Finding]:
    """Yield the changes between the headers of two versions of a delivery."""
    before = {header.name.lower(): header for header in old.callback.headers}
    after = {header.name.lower(): header for header in new.callback.headers}
    for name in dict.fromkeys([*before, *after]):
        if name not in before:
            yield Finding(
                "safe",
                _where(new, name),
                f"the header {after[name].name} is new",
                "Receivers ignore headers that they do not know; one that wants to rely on it may.",
            )
        elif name not in after:
            yield _gone(before[name], _where(old, name))
        else:
            yield from _kept(old, new, before[name], after[name])


def _where(operation: Operation, name: str) -> str:
    for parameter, where in operation.parameters:
        if parameter.get("in") == "header" and str(parameter.get("name", "")).lower() == name:
            return where
    return operation.callback.pointer


def _gone(header: HeaderParameter, where: str) -> Finding:
    if header.required:
        return Finding(
            "breaking",
            where,
            f"the header {header.name} is gone",
            "It always came; a receiver that checks it, as one checks a signature, refuses every delivery.",
        )
    return Finding("safe", where, f"the optional header {header.name} is gone", "Receivers had to cope without it.")


def _kept(old: Operation, new: Operation, before: HeaderParameter, after: HeaderParameter) -> Iterator[Finding]:
    where = _where(new, after.name.lower())
    if before.required and not after.required:
        yield Finding(
            "breaking",
            where,
            f"the header {after.name} is no longer required",
            "A receiver that checks it, as one checks a signature, refuses deliveries without it.",
        )
    elif after.required and not before.required:
        yield Finding("safe", where, f"the header {after.name} is always there now", "Receivers relied on less before.")
    if before.default != after.default:
        what = f"the header {after.name} is by default {shown(after.default)} instead of {shown(before.default)}"
        yield Finding(
            "risky",
            f"{where}/schema",
            what,
            "A firewall or a receiver that looks for the old value refuses the new one.",
        )
    schemas = [
        side.readers.bundled(header.schema, f"{place}/schema")
        for side, header, place in ((old, before, _where(old, before.name.lower())), (new, after, where))
    ]
    yield from (finding for finding in compared_schemas(schemas[0], schemas[1]) if finding.what != "default changed")
