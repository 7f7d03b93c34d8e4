"""Observations of a run: the read-backs of messages over time, and the course of a burst."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.text.message import Text

__all__ = [
    "NOTHING_SHOWN",
    "BrokenCombination",
    "Burst",
    "Look",
    "ReadBack",
    "Stop",
    "Stored",
    "described",
    "remembering",
]


NOTHING_SHOWN = object()
"""Stands for a `last` that the receiver does not show."""


@dataclass(frozen=True)
class Stored:
    """What a receiver shows of one message.

    Attributes:
        state: In the contract's words.
        applied: How many callbacks took effect; None where the receiver does not show it.
        last: The last callback that took effect, or `NOTHING_SHOWN`.
    """

    state: str
    applied: int | None = None
    last: Json = NOTHING_SHOWN

    def described(self) -> Text:
        """One line that says what is stored."""
        if self.applied is None:
            return Text("actual.stored-state", state=repr(self.state))
        return Text("actual.stored", state=repr(self.state), applied=self.applied)


def described(stored: Stored | None) -> Text:
    """One line that says what is stored, or that nothing is."""
    return Text("actual.not-known") if stored is None else stored.described()


ReadBack = Callable[[str], "Stored | None"]
"""Shows what is stored of a message, None when it is not known; `--plugin` supplies one of a partner's own."""


@dataclass(frozen=True)
class Look:
    """What read-back showed of a message.

    Attributes:
        at_s: `time.perf_counter()` when it was shown.
        stored: None when the message was not known.
    """

    at_s: float
    message_id: str
    stored: Stored | None


@dataclass
class Stop:
    """A receiver that answered no plain valid delivery for a while, or any more.

    Attributes:
        at: When that was seen.
        callback: Whose plain deliveries it did not answer.
        exchange: The delivery by which it was seen.
        suspects: What was sent before, latest first, each as its rule and its case.
        deliveries: How many deliveries had been sent by then.
        is_long: Whether plain deliveries a second apart missed an answer; else nobody listened for a moment.
        came_back: Whether it answered again.
        culprit: The rule whose stimulus stopped it again, twice; empty where none did.
    """

    at: datetime
    callback: str
    exchange: Exchange
    deliveries: int
    is_long: bool
    suspects: tuple[tuple[str, str], ...] = ()
    came_back: bool = False
    culprit: str = ""

    @classmethod
    def now(cls, exchange: Exchange, deliveries: int, *, is_long: bool) -> Stop:
        """One that was seen just now."""
        return cls(datetime.now(UTC), exchange.delivery.callback, exchange, deliveries, is_long)


@dataclass(frozen=True)
class Burst:
    """Deliveries that went out together."""

    callback: str
    case: Text
    exchanges: tuple[Exchange, ...]


def remembering(read: ReadBack, looks: list[Look]) -> Callable[[str], Stored | None]:
    """A read-back that keeps each change of what it shows: polling shows the same thing many times."""

    def reading(message_id: str) -> Stored | None:
        stored = read(message_id)
        before = next((look for look in reversed(looks) if look.message_id == message_id), None)
        if before is None or before.stored != stored:
            looks.append(Look(time.perf_counter(), message_id, stored))
        return stored

    return reading


@dataclass(eq=False)
class BrokenCombination:
    """A combined delivery that was not acknowledged.

    Attributes:
        places: Its parts, by what their exchanges are known by.
        waiting: The parts that no rule has looked at yet.
        is_explained: Whether one of its parts was not acknowledged, either.
    """

    exchange: Exchange
    places: tuple[tuple[str, str, int], ...]
    waiting: set[tuple[str, str, int]] = field(init=False)
    is_explained: bool = False

    def __post_init__(self) -> None:
        self.waiting = set(self.places)
