"""Comparison of headers: judges changes, given that receivers ignore unknown headers (RFC 9110, section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from callback_contract.openapi.comparing.change import Finding, fact
from callback_contract.openapi.comparing.operations.operation_parts import Operation
from callback_contract.openapi.comparing.schemas.comparison import compared_schemas
from callback_contract.openapi.comparing.schemas.walk import shown
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
                fact("diff.header-new", name=after[name].name),
                "diff-why.unknown-header",
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
            fact("diff.header-gone", name=header.name),
            "diff-why.header-always-came",
        )
    return Finding("safe", where, fact("diff.header-optional-gone", name=header.name), "diff-why.had-to-cope")


def _kept(old: Operation, new: Operation, before: HeaderParameter, after: HeaderParameter) -> Iterator[Finding]:
    where = _where(new, after.name.lower())
    if before.required and not after.required:
        yield Finding(
            "breaking",
            where,
            fact("diff.header-not-required", name=after.name),
            "diff-why.header-checked",
        )
    elif after.required and not before.required:
        yield Finding("safe", where, fact("diff.header-always", name=after.name), "diff-why.relied-on-less")
    if before.default != after.default:
        what = fact("diff.header-default", name=after.name, old=shown(before.default), new=shown(after.default))
        yield Finding("risky", f"{where}/schema", what, "diff-why.old-header-value")
    schemas = [
        side.readers.bundled(header.schema, f"{place}/schema")
        for side, header, place in ((old, before, _where(old, before.name.lower())), (new, after, where))
    ]
    found = compared_schemas(schemas[0], schemas[1])
    yield from (each for each in found if each.what.argument("keyword") != "default")
