"""Decides what a right receiver stores: each event once, states that never move backwards."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from openapi import pointer as jp
from openapi.model import Callback

__all__ = ["States", "Stored", "event_of"]

# A mock that stays up for weeks forgets the oldest. A decoded body takes several times the memory of its bytes.
_MOST_MESSAGES, _MOST_BYTES = 100_000, 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of one message, as `read-back.yaml` shows it.

    Attributes:
        size: Bytes of the last body.
    """

    id: str
    state: str
    applied: int
    last: jp.Json
    events: frozenset[str] = frozenset()
    size: int = 0

    def shown(self) -> dict[str, jp.Json]:
        """The read-back body."""
        return {"id": self.id, "state": self.state, "applied": self.applied, "last": self.last}


class States:
    """The messages that a receiver knows; safe to use from several threads."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, Stored] = OrderedDict()
        self._places: dict[str, _Places] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, message_id: str) -> Stored | None:
        """What is stored of a message."""
        return self._messages.get(message_id)

    def put(self, stored: Stored) -> None:
        """Stores a message as given, whatever was known of it."""
        with self._lock:
            self._keep(stored)

    def drop(self, message_id: str) -> None:
        """Forgets a message."""
        with self._lock:
            gone = self._messages.pop(message_id, None)
            self._bytes -= gone.size if gone else 0

    def _keep(self, stored: Stored) -> None:
        before = self._messages.get(stored.id)
        self._messages[stored.id] = stored
        self._bytes += stored.size - (before.size if before else 0)
        while len(self._messages) > _MOST_MESSAGES or (self._bytes > _MOST_BYTES and len(self._messages) > 1):
            _, gone = self._messages.popitem(last=False)
            self._bytes -= gone.size

    def apply(self, callback: Callback, value: jp.Json, size: int = 0) -> None:
        """Stores an accepted callback of so many bytes; a redelivery and a late older state change nothing."""
        places = self._places.get(callback.pointer)
        if places is None:
            places = self._places[callback.pointer] = _Places(callback)
        if places.message is None or places.state is None:
            return
        try:
            message_id = str(places.message(value))
            state = str(places.state(value))
            event = repr([place(value) for place in places.event])
        except LookupError:
            return  # the contract lets a body do without them, and nothing can be stored of such a one
        with self._lock:
            known = self._messages.get(message_id)
            if known is None:
                self._keep(Stored(message_id, state, 1, value, frozenset({event}), size))
                return
            if event in known.events or not _advances(callback, known.state, state):
                return
            self._keep(Stored(message_id, state, known.applied + 1, value, known.events | {event}, size))


def event_of(callback: Callback, value: jp.Json) -> str:
    """What identifies the event that a body tells: equal means a redelivery."""
    return repr([place(value) for place in _Places(callback).event])


class _Places:
    """Where a callback has what it is known by; prepared, since each delivery is asked."""

    __slots__ = ("event", "message", "state")

    def __init__(self, callback: Callback) -> None:
        facts = callback.delivery
        self.message = None if facts.correlation is None else jp.getter(facts.correlation)
        self.state = None if facts.state is None else jp.getter(facts.state)
        self.event = tuple(map(jp.getter, facts.idempotency))


def _advances(callback: Callback, current: str, new: str) -> bool:
    order = callback.delivery.order
    if order is None:
        return True
    # A state that the contract does not know cannot be placed: it is acknowledged and leaves the state alone.
    return order.advances(current if current in order.states else None, new) if new in order.states else False
