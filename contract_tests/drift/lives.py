"""Lives of messages in traffic: retries and what they followed, duplicates, and steps that the order does not know."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from callback_contract.contract_tests.drift.tally import Numbers
from callback_contract.contract_tests.samples.recorded_delivery import RecordedDelivery
from callback_contract.mock_server.receiver.request import Head, reader
from callback_contract.mock_server.receiver.state import event_of
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.documents.runtime_expression import is_in_body

__all__ = ["Lives", "Step"]

_MOST_MESSAGES = 100_000
_MOST_EVENTS = 200  # of one message


@dataclass(slots=True)
class _Event:
    tries: int
    at: float | None
    status: int | None


@dataclass(slots=True)
class _Life:
    events: dict[str, _Event] = field(default_factory=dict)
    state: str | None = None


@dataclass(frozen=True)
class Step:
    """What a delivery was in the life of its message.

    Attributes:
        tries: 1 for a new event; more for a retry. 0 for a repeat of what was not refused before.
        waited_s: Seconds since the try before; None where no time was recorded.
        unknown: The step between two states that the contract's order does not know; empty for none.
    """

    tries: int = 1
    waited_s: float | None = None
    unknown: str = ""


class Lives:
    """The lives of one callback's messages; the oldest are forgotten beyond a bound.

    Attributes:
        events: The number of different events.
        retried: The events that came again before they were acknowledged.
        after: What the tries before retries were answered with; 0 stands for no answer.
        tries: How many events needed how many tries, the first one included; of retried ones.
        waits: Seconds before retries.
        duplicates: Deliveries of an event that had been acknowledged.
        repeats: Deliveries of an event that had come before, where nobody recorded its answer.
    """

    def __init__(self, callback: Callback) -> None:
        facts = callback.delivery
        self._callback, self._order = callback, facts.order
        self._message = reader(facts.correlation) if facts.correlation else None
        self._state = reader(facts.state) if facts.state else None
        places = filter(None, (facts.correlation, *callback.event_places))
        self._needs_head = not all(map(is_in_body, places))
        self._lives: OrderedDict[str, _Life] = OrderedDict()
        self.events = self.retried = self.duplicates = self.repeats = 0
        self.after: Counter[int] = Counter()
        self.tries: Counter[int] = Counter()
        self.waits = Numbers()

    def met(self, value: Json, recording: RecordedDelivery) -> Step:
        """Add a delivery."""
        if not self._callback.event_places:
            return Step()
        head = _head(recording) if self._needs_head else None
        try:
            event = event_of(self._callback, value, head)
            message = str(self._message(value, head)) if self._message else event
            state = self._state(value, head) if self._state else None
        except LookupError:
            return Step()
        life = self._lives.get(message)
        if life is None:
            life = self._lives[message] = _Life()
            if len(self._lives) > _MOST_MESSAGES:
                self._lives.popitem(last=False)
        status = recording.answer.status if recording.answer else None
        known = life.events.get(event)
        if known is not None:
            return self._again(known, recording.at, status)
        self.events += 1
        life.events[event] = _Event(1, recording.at, status)
        if len(life.events) > _MOST_EVENTS:
            del life.events[next(iter(life.events))]
        return Step(unknown=self._moved(life, state))

    def _again(self, known: _Event, at: float | None, status: int | None) -> Step:
        before, waited_s = known.status, None if at is None or known.at is None else at - known.at
        if before is None or 200 <= before <= 299:
            self.repeats += before is None
            self.duplicates += before is not None
            return Step(tries=0)
        known.tries, known.at, known.status = known.tries + 1, at, status
        self.after[before] += 1
        self.tries[known.tries] += 1
        self.tries[known.tries - 1] -= known.tries > 2
        self.retried += known.tries == 2
        if waited_s is not None:
            self.waits.add(waited_s)
        return Step(known.tries, waited_s)

    def _moved(self, life: _Life, state: Json) -> str:
        order, before = self._order, life.state
        if order is None or not isinstance(state, str) or state not in order.states:
            return ""
        life.state = state
        if before is None or before == state or order.is_before(before, state):
            return ""
        return f"{before} → {state}"


def _head(recording: RecordedDelivery) -> Head:
    raw = [(name.encode("utf-8"), value.encode("utf-8")) for name, value in recording.headers or ()]
    return Head(recording.method or "POST", "/", raw)
