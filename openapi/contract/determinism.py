"""Determinism of regular expressions: which of them a backtracking engine matches in a time that grows with the text.

Where each character of a text leaves one way on at most, an engine that tries every way is never long about it.
"""

from __future__ import annotations

import math
import re
import re._constants as op  # type: ignore[import-not-found]  # a pattern's parts, as Hypothesis reads them, too
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["OTHER", "REPEATS", "USUAL", "edges", "is_deterministic", "longest_text_of", "takes"]

USUAL = "".join(map(chr, range(32, 127)))
OTHER = "\t\n\x00\x7f\xa0é\u0663\u2028中😀"
"""Characters of most kinds, beside the usual ones."""

REPEATS = frozenset({op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT})
_LOOKS = {op.ASSERT, op.ASSERT_NOT}
_IRREGULAR = _LOOKS | {op.GROUPREF, op.GROUPREF_EXISTS, op.ATOMIC_GROUP}
_MOST_POSITIONS = 4500
_MOST_PARTS = 20_000  # that are looked at, copies of repetitions included
_MOST_TRIES = 500  # for each character of a text, by the length of a pattern and of what its look-around looks at
_MOST_KEPT = 1_000_000  # ways back that the engine of jsonschema-rs keeps
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


class _Wild(Exception):
    """A pattern can match one text in several ways, or nobody looked whether it can."""


@lru_cache(maxsize=1024)
def is_deterministic(pattern: str) -> bool:
    """Whether each character of a text leaves one way at most to go on: Python's `re` is then never long about it.

    The test is the one of the XML and SGML specifications for content models (Brüggemann-Klein and Wood,
    One-Unambiguous Regular Languages, 1998), over the positions of a pattern.
    """
    try:
        tree = parser.parse(pattern)
        if tree.state.flags & ~re.UNICODE:
            return False
        _check(tree, _Alphabet(tree))
    except (_Wild, RecursionError, re.error):
        return False
    return True


def longest_text_of(pattern: str) -> float:
    """Up to how many characters a pattern with look-around is matched rightly and in a time that grows with the text.

    No limit, where look-around only stands at the beginning of a text; none at all, where the time may be longer.
    What is regular in a pattern the engine of jsonschema-rs leaves to one that takes linear time.
    """
    try:
        tree = parser.parse(pattern)
        if tree.state.flags & ~re.UNICODE:
            return 0
        items = list(tree)
        is_anchored = items[:1] == [(op.AT, op.AT_BEGINNING)]
        rest = items[is_anchored:]
        while is_anchored and rest and rest[0][0] in _LOOKS and _is_regular(rest[0][1][1]):
            del rest[0]
        if _is_regular(rest):
            return math.inf
        looks = [value[1] for code, value in _parts(rest) if code in _LOOKS]
        starts = 1 if is_anchored else max(1, tree.getwidth()[1])
        tries = starts * (len(pattern) + sum(look.getwidth()[1] for look in looks))
        if tries > _MOST_TRIES or not all(map(_is_regular, looks)):
            return 0
        _check(rest, _Alphabet(rest))
    except (_Wild, RecursionError, OverflowError, re.error):
        return 0
    return _MOST_KEPT // max(1, sum(map(pattern.count, "|*+?{"))) - 1


def _is_regular(items: Any) -> bool:
    return all(code not in _IRREGULAR for code, _ in _parts(items))


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a pattern, and what stands in it."""
    if isinstance(value, (list, parser.SubPattern)):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, tuple):
        if value and isinstance(value[0], type(op.ANY)):
            yield value[0], value[1]
        for item in value:
            yield from _parts(item)


class _Alphabet:
    """Characters that tell the sets of a pattern apart: where each of them begins and ends, and some of each kind."""

    def __init__(self, tree: Any) -> None:
        numbers = {edge + by for edge in edges(tree) for by in (-1, 0, 1)}
        self._characters = [*USUAL, *OTHER, *(chr(edge) for edge in numbers if 0 <= edge < 0x110000)]
        self._sets: dict[str, frozenset[str]] = {}

    def matched(self, item: tuple[Any, Any]) -> frozenset[str]:
        """The characters that one of a pattern's positions takes."""
        key = repr(item)
        if key not in self._sets:
            self._sets[key] = frozenset(each for each in self._characters if takes(*item, each))
        return self._sets[key]


def edges(value: Any) -> Iterable[int]:
    """Numbers of the characters at which the sets of a pattern's part begin and end."""
    if isinstance(value, (list, tuple, parser.SubPattern)):
        for item in value:
            yield from edges(item)
    elif type(value) is int:
        yield value


def takes(code: Any, value: Any, character: str) -> bool:
    """Whether a part that takes one character takes this one."""
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
        return any(takes(kind, each, character) for kind, each in members) is (len(members) == len(value))
    return True  # any character


@dataclass(frozen=True, slots=True)
class _Part:
    """Of a part of a pattern: whether it may be empty, and the positions that it begins and ends at."""

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
        if code in REPEATS:
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
            if loop.empty:  # no time or once about nothing: two ways
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
