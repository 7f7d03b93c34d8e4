"""Structural equality of schemas: finds equal parts of two documents fast, so that they need no walk.

Two versions of a large document share most of their parts. Each value gets a number. Equal values get equal numbers (by
equality, never by a hash alone), and each part of a document is numbered once for all of its callbacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["StructuralEquality"]


class _Document(Protocol):
    @property
    def root(self) -> Mapping[str, jp.Json]: ...


class _Part(Protocol):
    @property
    def value(self) -> jp.Json: ...
    @property
    def reader(self) -> _Document: ...


_Known = tuple[jp.Json, int, frozenset[str]]


class StructuralEquality:
    """Structural equality, with a cache for a whole comparison of two documents."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        # By the identity of a value, which is kept here, so that no other value can get the same identity.
        self._known: dict[int, _Known] = {}
        self._shown: set[tuple[int, int]] = set()
        self._refuted: set[tuple[int, int]] = set()

    def are(self, a: Sequence[_Part], b: Sequence[_Part]) -> bool:
        """Return whether two nodes are equal, with all schemas that they refer to.

        Every keyword and every text counts.
        """
        return len(a) == len(b) and all(self._both(x, y) for x, y in zip(a, b, strict=True))

    def references(self, value: jp.Json) -> frozenset[str]:
        """Every `$ref` in a value, at any depth."""
        return self._of(value)[2]

    def _both(self, a: _Part, b: _Part) -> bool:
        pair = id(a.value), id(b.value)
        if isinstance(a.value, Mapping) and pair in self._refuted:
            return False
        waiting, passed = [(a.value, b.value)], set()
        mine, theirs = (located.reader.root.get("$defs", {}) for located in (a, b))
        while waiting:
            x, y = waiting.pop()
            if (id(x), id(y)) in self._shown or (id(x), id(y)) in passed:
                continue
            (_, number, refs), (_, other, _) = self._of(x), self._of(y)
            if number != other:
                self._refuted.add(pair)
                return False
            passed.add((id(x), id(y)))
            for reference in refs:
                name = reference.removeprefix("#/$defs/")
                if name == reference or name not in mine or name not in theirs:
                    return False  # the reference leads elsewhere, which the walk has to follow
                waiting.append((mine[name], theirs[name]))
        self._shown |= passed  # none of them reaches an unequal part
        return True

    def _of(self, value: jp.Json) -> _Known:
        """The number of a value, and the references in it."""
        if not isinstance(value, (Mapping, list)):
            return value, self._number((type(value), value)), frozenset()
        known = self._known.get(id(value))
        if known is None:
            items = list(value.items()) if isinstance(value, Mapping) else list(enumerate(value))
            inside = [(key, self._of(item)) for key, item in items]
            refs = frozenset[str]().union(*(found for _, (_, _, found) in inside))
            if isinstance(value, Mapping):
                reference = value.get("$ref")
                refs |= {reference} if isinstance(reference, str) else set()
                number = self._number((dict, frozenset((key, of[1]) for key, of in inside)))
            else:
                number = self._number((list, tuple(of[1] for _, of in inside)))
            known = self._known[id(value)] = value, number, refs
        return known

    def _number(self, key: tuple[object, ...]) -> int:
        return self._numbers.setdefault(key, len(self._numbers))
