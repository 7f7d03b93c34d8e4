"""Schemas to draw from, in which texts stand in the place of regular expressions that a generator must not search with.

Hypothesis and Schemathesis search what they draw with Python's `re`, which tries every way to match. Where each
character of a text decides how a pattern goes on, there is one way, and they draw. For any other pattern a few texts
are made, see `callback_contract.openapi.contract.ecma_patterns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callback_contract.openapi.contract.derivation import SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS
from callback_contract.openapi.contract.determinism import is_deterministic
from callback_contract.openapi.contract.ecma_patterns import texts_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["texts_of", "without_wild_patterns"]


def without_wild_patterns(schema: jp.Json) -> jp.Json:
    """A schema to draw from: texts in the place of each pattern that a generator must not search with."""
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in SUBSCHEMA_MAPS:
            made[key] = {name: without_wild_patterns(child) for name, child in value.items()}
        elif key in SUBSCHEMA_LISTS:
            made[key] = [without_wild_patterns(child) for child in value]
        else:
            made[key] = without_wild_patterns(value) if key in SUBSCHEMAS else value
    if "patternProperties" in made:
        kept = {pattern: child for pattern, child in made["patternProperties"].items() if is_deterministic(pattern)}
        made["patternProperties"] = kept
    if "pattern" not in made or is_deterministic(made["pattern"]):
        return made
    listed: list[jp.Json] = list(texts_of(made))
    del made["pattern"]
    if {"enum", "const"} & set(made):
        return made
    return {**made, "enum": [*listed, *([None] if "null" in made.get("type", ()) else [])]} if listed else False
