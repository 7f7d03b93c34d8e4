"""Event history: detects whether an event is a retry or duplicate, and whether it is late."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from callback_contract.mock_server.receiver.state import EVENT_BYTES, newest
from callback_contract.openapi.contract.order import Order

__all__ = ["DUPLICATE", "RETRY", "Lives", "Undo"]

RETRY, DUPLICATE = "retry", "duplicate"
_MOST_MESSAGES = 100_000  # the mock keeps states of the same number
_MOST_EVENTS, _MOST_BYTES = 1000, 64 * 1024 * 1024  # of one message, and of the events of all


@dataclass(slots=True)
class _Life:
    """The events of one message.

    Attributes:
        events: Each event, and whether it was acknowledged.
        furthest: The furthest acknowledged state.
        size: Approximate bytes of the events.
    """

    events: dict[str, bool] = field(default_factory=dict)
    furthest: str | None = None
    size: int = 0


class Undo(NamedTuple):
    """A life as it was before an event: whether that was acknowledged, and the furthest state."""

    life: _Life
    event: str
    was_acknowledged: bool
    furthest: str | None


class Lives:
    """The lives of all remembered messages; used by one thread at a time.

    Args:
        revocable: Whether `undo` will be called.
    """

    def __init__(self, *, revocable: bool) -> None:
        self._revocable = revocable
        self._messages: OrderedDict[tuple[str, str], _Life] = OrderedDict()
        self._undo: list[Undo] = []
        self._bytes = 0

    def met(
        self, message: tuple[str, str], event: str, state: str, order: Order | None, acknowledged: bool
    ) -> tuple[str, bool]:
        """Add an event; return "", "retry" or "duplicate", and whether it is late."""
        life = self._messages.get(message)
        if life is None:
            life = self._messages[message] = _Life()
        before, furthest = life.events.get(event), life.furthest
        again = "" if before is None else DUPLICATE if before else RETRY
        late = again != DUPLICATE and order is not None and furthest is not None and order.is_before(state, furthest)
        life.events[event] = bool(before) or acknowledged
        if acknowledged and order is not None and state in order.states and order.advances(furthest, state):
            life.furthest = state
        if before is None:
            self._bound(life, event)
        if self._revocable:
            self._undo.append(Undo(life, event, bool(before), furthest))
        return again, late

    def _bound(self, life: _Life, event: str) -> None:
        size = life.size + len(event) + EVENT_BYTES
        if len(life.events) > _MOST_EVENTS:
            life.events = newest(life.events, _MOST_EVENTS)
            size = sum(map(len, life.events)) + EVENT_BYTES * len(life.events)
        self._bytes += size - life.size
        life.size = size
        while len(self._messages) > _MOST_MESSAGES or (self._bytes > _MOST_BYTES and len(self._messages) > 1):
            self._bytes -= self._messages.popitem(last=False)[1].size

    def undo(self) -> list[Undo]:
        """Return the undo list of the events since the last call."""
        undo, self._undo = self._undo, []
        return undo

    @staticmethod
    def take_back(undo: list[Undo]) -> None:
        """Mark the events of an undo list as received and not acknowledged."""
        for before in reversed(undo):
            before.life.events[before.event], before.life.furthest = before.was_acknowledged, before.furthest
