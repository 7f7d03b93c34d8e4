"""Decides what a step of the comparison knows (direction, places already visited) and how it words what it finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from callback_contract.openapi.comparing.change import LEVELS, worst
from callback_contract.openapi.comparing.schemas.normal_form import Flat
from callback_contract.openapi.comparing.schemas.schema_nodes import Node
from callback_contract.openapi.comparing.schemas.structural_equality import StructuralEquality
from callback_contract.openapi.comparing.verdicts import verdict
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Finding", "Walk", "best", "is_safe", "severity", "shown"]

T = TypeVar("T")
Key = tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]

_MOST_STEPS = 10_000  # pairs of schemas in one comparison; only contrived documents need as many
_DEEPEST = 50  # steps inside each other; alternatives that refer to themselves have no end


@dataclass(frozen=True)
class Finding:
    """A change inside a schema, before it is said which callback it belongs to."""

    level: str
    where: str
    what: str
    reason: str
    note: bool = False
    words: bool = False


@dataclass(frozen=True)
class Walk:
    """One step of comparing `sub` (what may be written) with `sup` (what its reader was told).

    For a delivery `sub` is the new schema and `sup` the old one; for an answer the other way round.

    Attributes:
        alike: Knows which schemas are written alike, which need no walk.
        descend: Compares two nodes below; a field, so that the parts of the walk need not import each other in a ring.
        seen: Pairs that were compared; what was found of them stands in the same result.
        stack: Pairs that are being compared: a recursive schema meets them again.
        steps: How many are left, one number for the whole comparison.
    """

    answer: bool
    alike: StructuralEquality
    descend: Callable[[Walk, Node, Node], list[Finding]]
    seen: set[Key] = field(default_factory=set)
    stack: frozenset[Key] = frozenset()
    depth: int = 0
    steps: list[int] = field(default_factory=lambda: [_MOST_STEPS])

    def entered(self, key: Key) -> Walk:
        """The step inside a pair of nodes."""
        self.seen.add(key)
        self.steps[0] -= 1
        return replace(self, stack=self.stack | {key}, depth=self.depth + 1)

    @property
    def is_exhausted(self) -> bool:
        """Whether the schemas are too large or too deep to go on."""
        return self.steps[0] < 0 or self.depth > _DEEPEST

    def trial(self) -> Walk:
        """A step whose findings may be thrown away: it must not mark pairs as seen for others."""
        self.steps[0] -= 1
        return replace(self, seen=set(self.stack), depth=self.depth + 1)

    def tried(self, sub: Node, sup: Node) -> list[Finding]:
        """What would be found of two nodes."""
        return self.descend(self.trial(), sub, sup)

    def includes(self, sub: Node, sup: Node) -> bool:
        """Whether everything that satisfies `sub` surely satisfies `sup`."""
        return is_safe(self.tried(sub, sup))

    def old_new(self, sub: T, sup: T) -> tuple[T, T]:
        """Orders two things by version."""
        return (sub, sup) if self.answer else (sup, sub)

    def where(self, keyword: str, sub: Flat, sup: Flat) -> str:
        """Where a keyword stands in the new document, else in the old one, else the new schema itself."""
        old, new = self.old_new(sub, sup)
        place = new.at.get(keyword) or old.at.get(keyword) or new.place or old.place
        return place.in_document if place else ""

    def where_node(self, sub: Node, sup: Node) -> str:
        """Where the newer of two nodes stands."""
        old, new = self.old_new(sub, sup)
        first = next(iter((*new, *old)), None)
        return first.in_document if first else ""

    def found(self, kind: str, where: str, what: str) -> Finding:
        """Judges a change by its kind."""
        judged = verdict(kind, answer=self.answer)
        return Finding(judged.level, where, what, judged.reason)

    def changed(self, kind: str, keyword: str, sub: Flat, sup: Flat, values: tuple[Any, Any]) -> Finding:
        """Judges a keyword whose value in `sub` and `sup` differs; None means that the keyword is not there."""
        old, new = self.old_new(*values)
        if old is None:
            what = f"{keyword} {shown(new)} added"
        elif new is None:
            what = f"{keyword} {shown(old)} removed"
        else:
            what = f"{keyword} changed from {shown(old)} to {shown(new)}"
        return self.found(kind, self.where(keyword, sub, sup), what)


def shown(value: jp.Json) -> str:
    """A value as JSON, cut so that it fits a line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def is_safe(findings: Iterable[Finding]) -> bool:
    """Whether nothing found is worse than safe; what only annotates does not count."""
    return worst(finding.level for finding in findings if not finding.note) == "safe"


def severity(findings: Iterable[Finding]) -> int:
    """How bad some findings are together, as a number."""
    return LEVELS.index(worst(finding.level for finding in findings if not finding.note))


def best(candidates: Iterable[list[Finding]]) -> list[Finding]:
    """The least harmful of several ways to see a change; the first of equals."""
    return min(candidates, key=severity)
