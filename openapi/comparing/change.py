"""Decides what a change of a contract is and which of two changes is the worse one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["LEVELS", "Change", "at_least", "worst"]

LEVELS = ("safe", "unclear", "risky", "breaking")
"""From harmless to harmful. `unclear` stands below `risky`: nobody showed that it hurts, or that it does not."""


@dataclass(frozen=True)
class Change:
    """One difference between two contracts, judged for a receiver that satisfied the old one.

    Attributes:
        level: breaking (such a receiver may fail), risky (a strict one may, a forward-compatible one does not), safe,
            or unclear (cannot be judged here; somebody has to look).
        callback: The callback's name in the new contract; in the old one for a callback that was removed.
        where: JSON pointer into the new document, or into the old one for what was removed.
        what: The difference, without a full stop.
        reason: One sentence for a partner's engineer.
        direction: delivery (the provider writes, the receiver reads), answer (the other way round) or delivery facts
            (`x-delivery`).
        annotation: Only words changed: texts, examples, provenance.
    """

    level: str
    callback: str
    where: str
    what: str
    reason: str
    direction: str
    annotation: bool = False


def worst(levels: Iterable[str]) -> str:
    """The most harmful of some levels; safe without any."""
    return max(levels, key=LEVELS.index, default="safe")


def at_least(level: str, threshold: str) -> bool:
    """Whether a level is as harmful as a threshold."""
    return LEVELS.index(level) >= LEVELS.index(threshold)
