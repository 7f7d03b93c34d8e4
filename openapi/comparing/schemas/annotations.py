"""Comparison of annotations: judges changes of texts, formats, discriminators and other unenforced keywords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from callback_contract.openapi.comparing.change import Fact, Finding, fact
from callback_contract.openapi.comparing.schemas.normal_form import Flat, canonical
from callback_contract.openapi.comparing.schemas.walk import Walk, added, changed_value, removed, shown
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
            what = _change(keyword, before, after)
            found = [walk.found(_kind(walk, keyword, before, after), walk.where(keyword, sub, sup), what)]
        for finding in found:
            yield replace(finding, note=True, words=keyword not in _TELLING and finding.level == "safe")


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
    if keyword == "default" and walk.optional and before is not None:
        return "default"  # what a missing member means is another value now
    return "text"


def _change(keyword: str, before: jp.Json, after: jp.Json) -> Fact:
    if keyword in _TELLING or keyword == "default":
        return changed_value(keyword, before, after)
    if before is None:
        return added(keyword)
    return removed(keyword) if after is None else fact("diff.part-changed", keyword=keyword)


def _discriminator(walk: Walk, where: str, before: jp.Json, after: jp.Json) -> Iterator[Finding]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        kind = "narrowed" if (after is None if walk.answer else before is None) else "discriminator"
        yield walk.found(kind, where, added("discriminator") if before is None else removed("discriminator"))
        return
    if before.get("propertyName") != after.get("propertyName"):
        what = changed_value("propertyName", before.get("propertyName"), after.get("propertyName"))
        yield walk.found("discriminator", where + "/propertyName", what)
    mapped, now = before.get("mapping", {}), after.get("mapping", {})
    for value in dict.fromkeys([*mapped, *now]):
        place = where + jp.join(["mapping", value])
        if value not in mapped:
            yield walk.found("discriminator value", place, fact("diff.mapped-new", value=shown(value)))
        elif value not in now:
            yield walk.found("discriminator lost", place, fact("diff.mapped-gone", value=shown(value)))
        elif mapped[value] != now[value]:
            yield walk.found("discriminator", place, fact("diff.mapped-other", value=shown(value)))
