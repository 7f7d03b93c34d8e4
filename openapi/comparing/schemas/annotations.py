"""Comparison of annotations: judges changes of texts, formats, discriminators and other unenforced keywords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from callback_contract.openapi.comparing.schemas.normal_form import Flat, canonical
from callback_contract.openapi.comparing.schemas.walk import Finding, Walk, shown
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["notes"]


def notes(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Yield the changes of all keywords in a schema that no validator enforces."""
    old, new = walk.old_new(sub, sup)
    for keyword in dict.fromkeys([*old.notes, *new.notes]):
        before = old.notes[keyword].value if keyword in old.notes else None
        after = new.notes[keyword].value if keyword in new.notes else None
        if canonical(before) == canonical(after):
            continue
        if keyword == "discriminator":
            found = list(_discriminator(walk, walk.where(keyword, sub, sup), before, after))
        else:
            what = f"{keyword} {_change(keyword, before, after)}"
            found = [walk.found(_kind(walk, keyword, before, after), walk.where(keyword, sub, sup), what)]
        for finding in found:
            yield replace(finding, note=True, words=keyword not in _TELLING)


_TELLING = frozenset(
    ["format", "contentEncoding", "contentMediaType", "contentSchema", "readOnly", "writeOnly", "discriminator"]
)


def _kind(walk: Walk, keyword: str, before: jp.Json, after: jp.Json) -> str:
    if keyword == "format":
        # One more guarantee for the reader is harmless in both directions.
        promised = after is None if walk.answer else before is None
        return "narrowed" if promised else "format"
    if keyword.startswith("content"):
        return "encoding"
    if keyword in {"readOnly", "writeOnly"}:
        return "direction mark" if bool(before) != bool(after) else "text"
    return "text"


def _change(keyword: str, before: jp.Json, after: jp.Json) -> str:
    if keyword in _TELLING and before is not None and after is not None:
        return f"changed from {shown(before)} to {shown(after)}"
    if before is None:
        return f"{shown(after)} added" if keyword in _TELLING else "added"
    if after is None:
        return f"{shown(before)} removed" if keyword in _TELLING else "removed"
    return "changed"


def _discriminator(walk: Walk, where: str, before: jp.Json, after: jp.Json) -> Iterator[Finding]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        kind = "narrowed" if (after is None if walk.answer else before is None) else "discriminator"
        yield walk.found(kind, where, f"discriminator {'added' if before is None else 'removed'}")
        return
    if before.get("propertyName") != after.get("propertyName"):
        was, now_is = shown(before.get("propertyName")), shown(after.get("propertyName"))
        yield walk.found("discriminator", where + "/propertyName", f"propertyName changed from {was} to {now_is}")
    mapped, now = before.get("mapping", {}), after.get("mapping", {})
    for value in dict.fromkeys([*mapped, *now]):
        place = where + jp.join(["mapping", value])
        if value not in mapped:
            yield walk.found("discriminator value", place, f"the value {shown(value)} is new")
        elif value not in now:
            yield walk.found("discriminator lost", place, f"the value {shown(value)} is gone")
        elif mapped[value] != now[value]:
            yield walk.found("discriminator", place, f"the value {shown(value)} means another form")
