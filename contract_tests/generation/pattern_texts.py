"""Pattern texts: generate texts for regular expressions on which Python's `re` could run away.

Hypothesis and Schemathesis search their candidates with Python's `re`, which tries every way to match. Where each
character of a text determines how a pattern continues, there is one way, and they generate the texts. For any other
pattern a few texts are made here, from its parts, and checked by the engine that validates bodies.
"""

from __future__ import annotations

import random
import re
import re._constants as op  # type: ignore[import-not-found]  # a pattern's parts, as Hypothesis reads them
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from callback_contract.openapi.contract.derivation import SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS
from callback_contract.openapi.contract.patterns import bounded
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["is_deterministic", "texts_of", "without_wild_patterns"]

_MOST_POSITIONS = 4500
_MOST_PARTS = 20_000  # parts to examine, copies of repetitions included
_TEXTS, _TRIES = 12, 400
_LONGEST, _MOST_CHARACTERS = 4096, 100_000  # of a text, and of all texts of a pattern
_REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}
_USUAL = "".join(map(chr, range(32, 127)))
_OTHER = "\t\n\x00\x7f\xa0é\u0663\u2028中😀"


class _Wild(Exception):
    """A pattern can match one text in several ways, or was not fully examined."""


@lru_cache(maxsize=1024)
def is_deterministic(pattern: str) -> bool:
    """Return whether each character of a text leaves at most one way to continue.

    Python's `re` is fast on such a pattern. The test is that of XML and SGML for content models (Brüggemann-Klein and
    Wood, One-Unambiguous Regular Languages, 1998), over the positions of a pattern.
    """
    try:
        tree = parser.parse(pattern)
        if tree.state.flags & ~re.UNICODE:
            return False
        _check(tree, _Alphabet(tree))
    except (_Wild, RecursionError, re.error):
        return False
    return True


class _Alphabet:
    """Sample characters that distinguish the sets of a pattern.

    They are the ends of each set, and some of each kind.
    """

    def __init__(self, tree: Any) -> None:
        edges = {edge + by for edge in _edges(tree) for by in (-1, 0, 1)}
        self._characters = [*_USUAL, *_OTHER, *(chr(edge) for edge in edges if 0 <= edge < 0x110000)]
        self._sets: dict[str, frozenset[str]] = {}

    def matched(self, item: tuple[Any, Any]) -> frozenset[str]:
        """Return the characters that one position of a pattern accepts."""
        key = repr(item)
        if key not in self._sets:
            self._sets[key] = frozenset(each for each in self._characters if _takes(*item, each))
        return self._sets[key]


def _edges(value: Any) -> Iterable[int]:
    if isinstance(value, (list, tuple, parser.SubPattern)):
        for item in value:
            yield from _edges(item)
    elif type(value) is int:
        yield value


def _takes(code: Any, value: Any, character: str) -> bool:
    if code is op.LITERAL:
        return bool(ord(character) == value)
    if code is op.NOT_LITERAL:
        return bool(ord(character) != value)
    if code is op.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if code is op.CATEGORY:
        return re.match(_CATEGORIES[value], character) is not None
    if code is op.IN:
        members = [member for member in value if member[0] is not op.NEGATE]
        return any(_takes(kind, each, character) for kind, each in members) is (len(members) == len(value))
    return True  # any character


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: whether it may be empty, and its first and last positions."""

    empty: bool
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()


_NOTHING = _Part(empty=True)


def _check(tree: Any, alphabet: _Alphabet) -> None:
    positions = _Positions(alphabet)
    whole = positions.sequence(tree)
    positions.demand_one_way(whole.first)
    for following in positions.following:
        positions.demand_one_way(following)


class _Positions:
    def __init__(self, alphabet: _Alphabet) -> None:
        self._alphabet = alphabet
        self._left = _MOST_PARTS
        self._taken: list[frozenset[str]] = []
        self.following: list[list[int]] = []

    def demand_one_way(self, ways: Iterable[int]) -> None:
        seen: frozenset[str] = frozenset()
        for position in ways:
            if seen & self._taken[position]:
                raise _Wild
            seen |= self._taken[position]

    def sequence(self, items: Any) -> _Part:
        self._left -= 1
        if not self._left:
            raise _Wild
        whole = _NOTHING
        for item in items:
            whole = self._joined(whole, self._part(item))
        return whole

    def _joined(self, one: _Part, other: _Part) -> _Part:
        for last in one.last:
            self.following[last] += other.first
        first = one.first + other.first if one.empty else one.first
        return _Part(one.empty and other.empty, first, one.last + other.last if other.empty else other.last)

    def _part(self, item: tuple[Any, Any]) -> _Part:
        code, value = item
        if code in {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}:
            return self._position(item)
        if code is op.SUBPATTERN and not (value[1] or value[2]):
            return self.sequence(value[3])
        if code is op.ATOMIC_GROUP:
            return self.sequence(value)
        if code is op.BRANCH:
            parts = [self.sequence(branch) for branch in value[1]]
            if sum(part.empty for part in parts) > 1:
                raise _Wild
            return _Part(
                any(part.empty for part in parts),
                tuple(each for part in parts for each in part.first),
                tuple(each for part in parts for each in part.last),
            )
        if code in _REPEATS:
            return self._repeated(*value)
        if code in {op.ASSERT, op.ASSERT_NOT}:
            _check(value[1], self._alphabet)
            return _NOTHING
        if code is op.AT:
            return _NOTHING
        raise _Wild

    def _position(self, item: tuple[Any, Any]) -> _Part:
        if len(self._taken) >= _MOST_POSITIONS:
            raise _Wild
        self._taken.append(self._alphabet.matched(item))
        self.following.append([])
        position = (len(self._taken) - 1,)
        return _Part(empty=False, first=position, last=position)

    def _repeated(self, least: int, most: int, items: Any) -> _Part:
        whole = _NOTHING
        for _ in range(least - (most is op.MAXREPEAT and least > 0)):
            whole = self._joined(whole, self.sequence(items))
        if most is op.MAXREPEAT:
            loop = self.sequence(items)
            if loop.empty:  # zero times or once over nothing: two ways
                raise _Wild
            for last in loop.last:
                self.following[last] += loop.first
            return self._joined(whole, _Part(least == 0, loop.first, loop.last))
        rest = _NOTHING
        for _ in range(most - least):
            more = self._joined(self.sequence(items), rest)
            if more.empty:
                raise _Wild
            rest = _Part(True, more.first, more.last)
        return self._joined(whole, rest)


@lru_cache(maxsize=256)
def _texts(pattern: str, least: int, most: int) -> tuple[str, ...]:
    import jsonschema_rs

    schema = {"pattern": pattern, "minLength": least, "maxLength": most}
    validator = jsonschema_rs.validator_for(schema, pattern_options=bounded())
    maker, tree = _Maker(random.Random(pattern), least), parser.parse(pattern)
    found: dict[str, None] = {}
    for _ in range(_TRIES):
        try:
            text = maker.made(tree)
        except (_Wild, RecursionError):
            break
        if len(text) <= most and text.isprintable() and validator.is_valid(text):
            found[text] = None
        if len(found) == _TEXTS:
            break
    return tuple(found)


def texts_of(schema: Mapping[str, jp.Json]) -> tuple[str, ...]:
    """Return texts that satisfy a schema's pattern and lengths; the same each time.

    They follow the parts of the pattern in order; look-around is only checked. The result is empty when none is found.
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
            raise _Wild
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
        if code in _REPEATS:
            least, most, inside = value
            times = min(most, least + self._chance.choice((0, 1, 1, 2, self._least)))
            return "".join(self.made(inside) for _ in range(times))
        return self.made(value) if code is op.ATOMIC_GROUP else ""

    def _characters(self, code: Any, value: Any) -> list[str]:
        key = repr((code, value))
        if key not in self._taken:
            usual = [each for each in _USUAL + _OTHER if _takes(code, value, each)]
            self._taken[key] = usual or [chr(edge) for edge in _edges(value)] or [" "]
        return self._taken[key]


def without_wild_patterns(schema: jp.Json) -> jp.Json:
    """Return a schema to draw from, with texts instead of each unsafe pattern."""
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
