"""Schemas to draw from, in which texts stand in the place of regular expressions that a generator must not search with.

Hypothesis and Schemathesis search what they draw with Python's `re`, which tries every way to match. Where each
character of a text decides how a pattern goes on, there is one way, and they draw. For any other pattern a few texts
are made, see `callback_contract.openapi.contract.ecma_patterns`; and for every one where bodies are drawn by chance,
which would take most of its time to draw by patterns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from callback_contract.openapi.contract.derivation import SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS
from callback_contract.openapi.contract.determinism import is_deterministic
from callback_contract.openapi.contract.ecma_patterns import texts_of
from callback_contract.openapi.contract.patterns import matches
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["texts_of", "without_wild_patterns"]

_TOGETHER = frozenset("allOf anyOf oneOf not if then else dependentSchemas".split())
"""Keywords whose schemas a value has to meet beside the one that they stand in."""


def without_wild_patterns(schema: Any, *, every: bool = False, besides: Collection[str] = ()) -> Any:
    """A schema to draw from: texts in the place of each pattern that a generator must not search with.

    Args:
        every: In the place of the others, too, but where a text has to meet another schema as well.
        besides: Definitions that are one of several schemas of the same value.
    """
    if not isinstance(schema, Mapping):
        return schema
    every = every and not ("pattern" in schema and _TOGETHER & set(schema))
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in SUBSCHEMA_MAPS:
            made[key] = {
                name: without_wild_patterns(child, every=every and not (key == "$defs" and name in besides))
                for name, child in value.items()
            }
        elif key in SUBSCHEMA_LISTS:
            made[key] = [without_wild_patterns(child, every=every and key != "allOf") for child in value]
        else:
            alone = every and key not in _TOGETHER
            made[key] = without_wild_patterns(value, every=alone) if key in SUBSCHEMAS else value
    if "patternProperties" in made:
        kept = {pattern: child for pattern, child in made["patternProperties"].items() if is_deterministic(pattern)}
        made["patternProperties"] = kept
    if "pattern" not in made:
        return _with_common_texts(schema, made)
    is_drawn = is_deterministic(made["pattern"])
    if is_drawn and not (every and _is_text(made)):
        return made
    listed: list[jp.Json] = list(texts_of(made))
    if is_drawn and not listed:
        return made
    del made["pattern"]
    if {"enum", "const"} & set(made):
        return made
    return {**made, "enum": [*listed, *([None] if "null" in made.get("type", ()) else [])]} if listed else False


def _is_text(schema: Mapping[str, jp.Json]) -> bool:
    return schema.get("type") == "string" or set(schema.get("type", ())) == {"string", "null"}


def _with_common_texts(schema: Mapping[str, jp.Json], made: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose text has to meet several patterns with texts that meet them all, where there are any."""
    parts = [each for each in schema.get("allOf", ()) if isinstance(each, Mapping) and "pattern" in each]
    if len(parts) < 2 or all(is_deterministic(each["pattern"]) for each in parts):
        return made
    found = [text for each in parts for text in texts_of(each) if all(matches(p["pattern"], text) for p in parts)]
    return {**made, "allOf": [{"enum": found}]} if found and len(parts) == len(schema["allOf"]) else made
