"""Decides what a right receiver stores: each event once, states that never move backwards."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from openapi import pointer as jp
from openapi.model import Callback

__all__ = ["States", "Stored", "event_of"]

_MOST_MESSAGES = 100_000  # a mock that stays up for weeks forgets the oldest


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of one message, as `read-back.yaml` shows it."""

    id: str
    state: str
    applied: int
    last: jp.Json
    events: frozenset[str] = frozenset()

    def shown(self) -> dict[str, jp.Json]:
        """The read-back body."""
        return {"id": self.id, "state": self.state, "applied": self.applied, "last": self.last}


class States:
    """The messages that a receiver knows; safe to use from several threads."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, Stored] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, message_id: str) -> Stored | None:
        """What is stored of a message."""
        return self._messages.get(message_id)

    def put(self, stored: Stored) -> None:
        """Stores a message as given, whatever was known of it."""
        with self._lock:
            self._messages[stored.id] = stored

    def drop(self, message_id: str) -> None:
        """Forgets a message."""
        with self._lock:
            self._messages.pop(message_id, None)

    def apply(self, callback: Callback, value: jp.Json) -> None:
        """Stores an accepted callback; a redelivery and a late older state change nothing."""
        facts = callback.delivery
        if facts.correlation is None or facts.state is None:
            return
        try:
            message_id = str(jp.getter(facts.correlation)(value))
            state = str(jp.getter(facts.state)(value))
            event = event_of(callback, value)
        except LookupError:
            return  # the contract lets a body do without them, and nothing can be stored of such a one
        with self._lock:
            known = self._messages.get(message_id)
            if known is None:
                self._messages[message_id] = Stored(message_id, state, 1, value, frozenset({event}))
                if len(self._messages) > _MOST_MESSAGES:
                    self._messages.popitem(last=False)
                return
            if event in known.events or not _advances(callback, known.state, state):
                return
            self._messages[message_id] = Stored(message_id, state, known.applied + 1, value, known.events | {event})


def event_of(callback: Callback, value: jp.Json) -> str:
    """What identifies the event that a body tells: equal means a redelivery."""
    return repr([jp.getter(pointer)(value) for pointer in callback.delivery.idempotency])


def _advances(callback: Callback, current: str, new: str) -> bool:
    order = callback.delivery.order
    if order is None:
        return True
    # A state that the contract does not know cannot be placed: it is acknowledged and leaves the state alone.
    return order.advances(current if current in order.states else None, new) if new in order.states else False
