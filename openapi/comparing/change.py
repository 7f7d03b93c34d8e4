"""Change of a contract: its level, its place, the difference and its reason, and the order of the levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from callback_contract.openapi.text.message import Argument, Text

__all__ = ["LEVELS", "Change", "Fact", "Finding", "at_least", "fact", "worst"]

LEVELS = ("safe", "unclear", "risky", "breaking")
"""From harmless to harmful; `unclear`: neither harm nor safety is shown."""


@dataclass(frozen=True)
class Fact:
    """A difference as the key of its message and arguments, so that proofs can make many and render none.

    Attributes:
        key: Key of a `Text`.
        given: The arguments of the message by name, in a form that can be hashed.
    """

    key: str
    given: tuple[tuple[str, Argument], ...] = ()

    def argument(self, name: str) -> Argument | None:
        """Return one argument; None where the message has none of that name."""
        return dict(self.given).get(name)

    def said(self) -> Text:
        """Return the sentence."""
        return Text(self.key, **dict(self.given))


def fact(key: str, /, **given: Argument) -> Fact:
    """Return the fact of a key and its arguments."""
    return Fact(key, tuple(given.items()))


@dataclass(frozen=True)
class Finding:
    """A change before it is assigned to a callback.

    Attributes:
        why: Key of the reason's `Text`.
        note: No validator enforces it, so it does not count in a proof.
        words: Only words changed: texts, examples, provenance.
    """

    level: str
    where: str
    what: Fact
    why: str
    note: bool = False
    words: bool = False


@dataclass(frozen=True)
class Change:
    """A difference between two contracts, judged for receivers of the old one.

    Attributes:
        level: breaking (such a receiver may fail), risky (a strict one may, a forward-compatible one does not), safe,
            or unclear (this comparison cannot judge it).
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
    """Return the most harmful of some levels; `safe` when there is none."""
    return max(levels, key=LEVELS.index, default="safe")


def at_least(level: str, threshold: str) -> bool:
    """Return whether a level is at least as harmful as a threshold."""
    return LEVELS.index(level) >= LEVELS.index(threshold)
