"""Texts for the regular expressions of a contract, made where a generator's own engine could run away.

Hypothesis and Schemathesis search what they draw with Python's `re`, which tries every way to match. Where each
character of a text decides how a pattern goes on, there is one way, and they draw. For any other pattern a few texts
are made here, along its parts, and held against it by the engine that judges bodies.
"""

from __future__ import annotations

import random
import re._constants as op  # type: ignore[import-not-found]  # a pattern's parts, as Hypothesis reads them, too
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from callback_contract.openapi.contract.derivation import SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS
from callback_contract.openapi.contract.determinism import OTHER, REPEATS, USUAL, edges, is_deterministic, takes
from callback_contract.openapi.contract.ecma_patterns import for_python
from callback_contract.openapi.contract.patterns import matches
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["texts_of", "without_wild_patterns"]

_TEXTS, _TRIES = 12, 400
_LONGEST, _MOST_CHARACTERS = 4096, 100_000  # of a text, and of all that are made for a pattern


class _NoText(Exception):
    """The texts of a pattern are too long to be made."""


@lru_cache(maxsize=256)
def _texts(pattern: str, least: int, most: int) -> tuple[str, ...]:
    maker, tree = _Maker(random.Random(pattern), least), parser.parse(for_python(pattern, matches))
    found: dict[str, None] = {}
    for _ in range(_TRIES):
        try:
            text = maker.made(tree)
        except (_NoText, RecursionError):
            break
        if least <= len(text) <= most and text.isprintable() and matches(pattern, text):
            found[text] = None
        if len(found) == _TEXTS:
            break
    return tuple(found)


def texts_of(schema: Mapping[str, jp.Json]) -> tuple[str, ...]:
    """A few texts that satisfy a schema's regular expression and lengths; the same each time, and none if none is met.

    They are made of what the pattern says in its order; look-around is only held against them.
    """
    most = min(_LONGEST, int(schema.get("maxLength", _LONGEST)))
    return _texts(schema["pattern"], int(schema.get("minLength", 0)), most)


class _Maker:
    def __init__(self, chance: random.Random, least: int) -> None:
        self._chance, self._least = chance, min(least, _LONGEST)
        self._groups: dict[int, str] = {}
        self._taken: dict[str, list[str]] = {}
        self._left = _MOST_CHARACTERS

    def made(self, items: Any) -> str:
        self._left -= 1 + len(items)
        if self._left < 0:
            raise _NoText
        return "".join(self._made(code, value) for code, value in items)

    def _made(self, code: Any, value: Any) -> str:
        if code is op.LITERAL:
            return chr(value)
        if code in {op.NOT_LITERAL, op.ANY, op.IN}:
            return self._chance.choice(self._characters(code, value))
        if code is op.SUBPATTERN:
            made = self.made(value[3])
            self._groups[value[0]] = made
            return made
        if code is op.GROUPREF:
            return self._groups.get(value, "")
        if code is op.BRANCH:
            return self.made(self._chance.choice(value[1]))
        if code in REPEATS:
            least, most, inside = value
            times = min(most, least + self._chance.choice((0, 1, 1, 2, self._least)))
            return "".join(self.made(inside) for _ in range(times))
        return self.made(value) if code is op.ATOMIC_GROUP else ""

    def _characters(self, code: Any, value: Any) -> list[str]:
        key = repr((code, value))
        if key not in self._taken:
            usual = [each for each in USUAL + OTHER if takes(code, value, each)]
            self._taken[key] = usual or [chr(edge) for edge in edges(value)] or [" "]
        return self._taken[key]


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
