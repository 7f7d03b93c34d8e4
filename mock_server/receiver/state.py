"""Message states of a correct receiver: store each event once, and never move a state backwards."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from callback_contract.mock_server.receiver.request import Head, reader
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["EVENT_BYTES", "States", "Stored", "event_of", "newest"]

# A mock that runs for weeks forgets the oldest. A decoded body takes several times the memory of its bytes.
_MOST_MESSAGES, _MOST_BYTES = 100_000, 32 * 1024 * 1024
_MOST_EVENTS = 1000  # of one message; beyond them the older half is forgotten
_FEW_EVENTS = 16  # usual for a message; they take less than its decoded body
_LONGEST_EVENT = 300  # characters: a longer one is stored as its digest
EVENT_BYTES = 100  # approximate memory of an event in addition to its characters


_Known = TypeVar("_Known")


def _nothing() -> None:
    """The effect of a callback without a message."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored state of one message, as `read-back.yaml` shows it.

    Attributes:
        events: The events that took effect, oldest first; the same object through the life of a message.
        size: Bytes of the last body.
    """

    id: str
    state: str
    applied: int
    last: jp.Json
    events: dict[str, None] = field(default_factory=dict)
    size: int = 0

    def shown(self) -> dict[str, jp.Json]:
        """The read-back body."""
        return {"id": self.id, "state": self.state, "applied": self.applied, "last": self.last}


class States:
    """The messages that a receiver knows; safe for several threads."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, Stored] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._places: dict[str, _Places] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, message_id: str) -> Stored | None:
        """Return the stored state of a message."""
        return self._messages.get(message_id)

    def put(self, stored: Stored) -> None:
        """Store the state of a message, whatever was stored before."""
        with self._lock:
            self._keep(stored)

    def drop(self, message_id: str) -> None:
        """Forget a message."""
        with self._lock:
            self._messages.pop(message_id, None)
            self._bytes -= self._sizes.pop(message_id, 0)

    def _keep(self, stored: Stored) -> None:
        message_id = stored.id
        size = stored.size + sum(map(len, stored.events)) + EVENT_BYTES * max(0, len(stored.events) - _FEW_EVENTS)
        self._bytes += size - self._sizes.get(message_id, 0)
        self._messages[message_id], self._sizes[message_id] = stored, size
        self._messages.move_to_end(message_id)  # a message with a new event is not the oldest
        while len(self._messages) > _MOST_MESSAGES or (self._bytes > _MOST_BYTES and len(self._messages) > 1):
            oldest, _ = self._messages.popitem(last=False)
            self._bytes -= self._sizes.pop(oldest)

    def apply(self, callback: Callback, value: jp.Json, size: int = 0, head: Head | None = None) -> None:
        """Store an accepted callback of `size` bytes.

        A redelivery and a late older state change nothing.
        """
        self.effect(callback, value, size, head)()

    def effect(self, callback: Callback, value: jp.Json, size: int = 0, head: Head | None = None) -> Callable[[], None]:
        """Return a function that stores an accepted callback.

        Every error is raised here, none by the function.
        """
        if callback.batch is not None:
            return self._effects(callback, callback.batch, value, size, head)
        return self._effect(callback, value, size, head, value)

    def _effects(
        self, callback: Callback, batch: str, value: jp.Json, size: int, head: Head | None
    ) -> Callable[[], None]:
        """Return a function that stores each item of a body by itself."""
        try:
            items: Any = jp.get(value, batch)
        except LookupError:
            return _nothing
        if not isinstance(items, list):  # the contract allows null there
            return _nothing
        effects = [
            self._effect(callback, jp.replaced(value, batch, [item]), size // len(items), head, item) for item in items
        ]

        def store() -> None:
            for effect in effects:
                effect()

        return store

    def _effect(
        self, callback: Callback, value: jp.Json, size: int, head: Head | None, last: jp.Json
    ) -> Callable[[], None]:
        places = self._places.get(callback.pointer)
        if places is None:
            places = self._places[callback.pointer] = _Places(callback)
        if places.message is None or places.state is None:
            return _nothing
        try:
            message_id = str(places.message(value, head))
            state = str(places.state(value, head))
            event = _event(places, value, head)
        except LookupError:
            return _nothing  # the contract allows a body without them, and then there is nothing to store
        return partial(self._apply, callback, message_id, state, event, last, size)

    def _apply(self, callback: Callback, message_id: str, state: str, event: str, value: jp.Json, size: int) -> None:
        with self._lock:
            known = self._messages.get(message_id)
            if known is None:
                self._keep(Stored(message_id, state, 1, value, {event: None}, size))
                return
            if event in known.events or not _advances(callback, known.state, state):
                return
            known.events[event] = None
            events = newest(known.events, _MOST_EVENTS)
            self._keep(Stored(message_id, state, known.applied + 1, value, events, size))


def newest(events: dict[str, _Known], most: int) -> dict[str, _Known]:
    """Return the events of a message, without the older half beyond a limit."""
    return events if len(events) <= most else dict(list(events.items())[len(events) - most // 2 :])


def event_of(callback: Callback, value: jp.Json, head: Head | None = None) -> str:
    """Return the key of the event in a delivery: an equal key means a redelivery."""
    return _event(_Places(callback), value, head)


def _event(places: _Places, value: jp.Json, head: Head | None) -> str:
    event = repr([place(value, head) for place in places.event])
    return event if len(event) <= _LONGEST_EVENT else hashlib.sha256(event.encode("utf-8", "surrogatepass")).hexdigest()


class _Places:
    """The places of a callback's keys in a delivery, prepared for all of them."""

    __slots__ = ("event", "message", "state")

    def __init__(self, callback: Callback) -> None:
        facts = callback.delivery
        self.message = None if facts.correlation is None else reader(facts.correlation)
        self.state = None if facts.state is None else reader(facts.state)
        self.event = tuple(map(reader, callback.event_places))


def _advances(callback: Callback, current: str, new: str) -> bool:
    order = callback.delivery.order
    if order is None:
        return True
    # A state that the contract does not know has no order: it is acknowledged and changes nothing.
    return order.advances(current if current in order.states else None, new) if new in order.states else False
