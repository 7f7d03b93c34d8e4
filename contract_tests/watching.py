"""Decides what a run remembers beside its verdicts: what read-back showed when, and how a burst went."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from contract_tests.readback import ReadBack, Stored
from mock_server.delivery import Exchange

__all__ = ["Burst", "Look", "remembering"]


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


@dataclass(frozen=True)
class Burst:
    """Deliveries that went out together."""

    callback: str
    case: str
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
