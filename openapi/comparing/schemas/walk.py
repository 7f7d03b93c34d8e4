"""Step of a schema comparison: its direction, the visited pairs, and the making of findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from callback_contract.openapi.comparing.change import LEVELS, Fact, Finding, fact, worst
from callback_contract.openapi.comparing.schemas.normal_form import Flat
from callback_contract.openapi.comparing.schemas.schema_nodes import Node
from callback_contract.openapi.comparing.schemas.structural_equality import StructuralEquality
from callback_contract.openapi.comparing.verdicts import verdict
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Walk", "added", "best", "changed_value", "is_safe", "removed", "severity", "shown"]

T = TypeVar("T")
Key = tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]

_MOST_STEPS = 10_000  # pairs of schemas in one comparison; only contrived documents need more
_DEEPEST = 50  # nested steps; alternatives that refer to themselves have no end


@dataclass(frozen=True)
class Walk:
    """One step: compares `sub` (what may be written) with `sup` (what readers expect).

    For a delivery `sub` is the new schema and `sup` the old one; for a response the other way round.

    Attributes:
        alike: Structural equality: equal schemas need no walk.
        descend: Compares two nodes below; a field, so that the modules of the comparison import no circle.
        seen: Pairs that were compared; their findings are in the same result.
        stack: Pairs that are being compared: a recursive schema meets them again.
        steps: The number of steps left, shared by the whole comparison.
        optional: Whether the value may be missing, so that its `default` stands for it.
    """

    answer: bool
    alike: StructuralEquality
    descend: Callable[[Walk, Node, Node], list[Finding]]
    seen: set[Key] = field(default_factory=set)
    stack: frozenset[Key] = frozenset()
    depth: int = 0
    steps: list[int] = field(default_factory=lambda: [_MOST_STEPS])
    optional: bool = False

    def entered(self, key: Key) -> Walk:
        """Return the step inside a pair of nodes."""
        self.seen.add(key)
        self.steps[0] -= 1
        return replace(self, stack=self.stack | {key}, depth=self.depth + 1)

    @property
    def is_exhausted(self) -> bool:
        """Whether the schemas are too large or too deep to go on."""
        return self.steps[0] < 0 or self.depth > _DEEPEST

    def trial(self) -> Walk:
        """Return a step whose findings may be discarded.

        Its pairs are not marked as seen for other steps.
        """
        self.steps[0] -= 1
        return replace(self, seen=set(self.stack), depth=self.depth + 1)

    def tried(self, sub: Node, sup: Node) -> list[Finding]:
        """Return the findings for two nodes, as a trial."""
        return self.descend(self.trial(), sub, sup)

    def includes(self, sub: Node, sup: Node) -> bool:
        """Return whether each value that satisfies `sub` certainly satisfies `sup`."""
        return is_safe(self.tried(sub, sup))

    def old_new(self, sub: T, sup: T) -> tuple[T, T]:
        """Return two values in the order old, new."""
        return (sub, sup) if self.answer else (sup, sub)

    def where(self, keyword: str, sub: Flat, sup: Flat) -> str:
        """Return the pointer of a keyword in the new document, or else in the old one.

        Without the keyword, it is the pointer of the schema.
        """
        old, new = self.old_new(sub, sup)
        place = new.at.get(keyword) or old.at.get(keyword) or new.place or old.place
        return place.in_document if place else ""

    def where_node(self, sub: Node, sup: Node) -> str:
        """Return the pointer of the newer of two nodes."""
        old, new = self.old_new(sub, sup)
        first = next(iter((*new, *old)), None)
        return first.in_document if first else ""

    def found(self, kind: str, where: str, what: Fact) -> Finding:
        """Return a finding with the level of its kind."""
        judged = verdict(kind, answer=self.answer)
        return Finding(judged.level, where, what, judged.why)

    def changed(self, kind: str, keyword: str, sub: Flat, sup: Flat, values: tuple[Any, Any]) -> Finding:
        """Return a finding for a keyword whose values differ; None is an absent keyword."""
        return self.found(kind, self.where(keyword, sub, sup), changed_value(keyword, *self.old_new(*values)))

    def dropped(self, keyword: str) -> Fact:
        """Return the fact that the reader's schema has a keyword and the writer's has none."""
        return added(keyword) if self.answer else removed(keyword)

    def gained(self, keyword: str) -> Fact:
        """Return the fact that the writer's schema has a keyword and the reader's has none."""
        return removed(keyword) if self.answer else added(keyword)


def added(keyword: str) -> Fact:
    """Return the fact that a keyword is there now."""
    return fact("diff.part-added", keyword=keyword)


def removed(keyword: str) -> Fact:
    """Return the fact that a keyword is there no longer."""
    return fact("diff.part-removed", keyword=keyword)


def changed_value(keyword: str, old: jp.Json, new: jp.Json) -> Fact:
    """Return the fact that a keyword's value changed; None is an absent keyword."""
    if old is None:
        return fact("diff.keyword-added", keyword=keyword, value=shown(new))
    if new is None:
        return fact("diff.keyword-removed", keyword=keyword, value=shown(old))
    return fact("diff.keyword-changed", keyword=keyword, old=shown(old), new=shown(new))


def shown(value: jp.Json) -> str:
    """Return a value as JSON, shortened to fit a line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def is_safe(findings: Iterable[Finding]) -> bool:
    """Return whether no finding is worse than safe; annotations do not count."""
    return worst(finding.level for finding in findings if not finding.note) == "safe"


def severity(findings: Iterable[Finding]) -> int:
    """Return the greatest level of some findings, as a number."""
    return LEVELS.index(worst(finding.level for finding in findings if not finding.note))


def best(candidates: Iterable[list[Finding]]) -> list[Finding]:
    """Return the least harmful of several lists of findings; the first among equals."""
    return min(candidates, key=severity)
