"""Tries and events: what a sender delivered to the kit's endpoints, and the schedule that its contract documents."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Response, header_value
from callback_contract.openapi.contract.model import Callback, Contract, Retry
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import is_in_body

__all__ = ["Event", "Handshakes", "Recorded", "Schedule", "Seen", "Try", "events_of"]

EARLY = 0.75
"""Share of the documented pause after which a retry is not early."""

SLACK_S = 0.25
"""Seconds by which the clocks of both ends may differ."""


@dataclass(frozen=True)
class Schedule:
    """When a sender tries again, at the speed that it was told.

    Attributes:
        retry: What the contract says; None where it says nothing of retries.
        after_s: Seconds between two tries; where they differ, between the last ones.
        deadline_s: Seconds that a receiver has for its answer; they do not shrink with the speed.
        grace_s: Seconds by which a retry may be late.
        endless_s: Seconds for which an answer goes on that has no end.
        waits_s: Seconds before each of the first retries, where they differ.
        retry_after_s: Whole seconds that the kit asks for by `Retry-After`.
    """

    retry: Retry | None
    after_s: float
    deadline_s: float
    grace_s: float = 2.0
    endless_s: float = 35.0
    waits_s: tuple[float, ...] = ()

    @classmethod
    def of(cls, callback: Callback, speed: float, grace_s: float = 2.0) -> Schedule:
        """The schedule of a callback's contract."""
        retry, deadline_s = callback.delivery.retry, callback.delivery.deadline_s or 10.0
        if retry is None:
            return cls(None, 0.0, deadline_s, grace_s)
        waits_s = tuple(seconds / speed for seconds in retry.schedule_s)
        return cls(retry, retry.after_s / speed, deadline_s, grace_s, waits_s=waits_s)

    @property
    def max_tries(self) -> int:
        """The number of retries that the contract documents; 0 without one."""
        return self.retry.tries if self.retry and not self.is_open else 0

    @property
    def is_open(self) -> bool:
        """Whether the contract says that a sender tries again, and neither when nor how often."""
        return self.retry is not None and self.retry.is_spread and not self.retry.max_tries

    @property
    def patience_s(self) -> float:
        """Seconds without a retry after which none is going to come."""
        return 2 * max(self.after_s, *self.waits_s, 0.0) + self.grace_s

    def wait_s(self, retries: int) -> float:
        """Return the seconds before the next retry, after so many of them."""
        return self.waits_s[retries] if retries < len(self.waits_s) else self.after_s

    @property
    def retries_s(self) -> float:
        """Seconds from a delivery to its last retry."""
        waits_s = self.waits_s[: self.max_tries]
        return sum(waits_s) + (self.max_tries - len(waits_s)) * self.after_s

    @property
    def retry_after_s(self) -> int:
        """More than the documented pause, so that it shows whether it is obeyed."""
        return max(2, round(1.5 * self.after_s + 0.5))

    @property
    def hold_s(self) -> float:
        """Seconds for which a delivery gets no answer; then its connection is reset."""
        return 2 * self.deadline_s + 1


@dataclass(frozen=True)
class Try:
    """One request of the sender, and what it got.

    Attributes:
        at_s: `time.perf_counter()` when it was there.
        wall_s: The same moment in seconds since 1970.
        key: What identifies its event; of a body without an id its digest.
        has_id: Whether the key is an id.
        message: What identifies its message; None where nothing does.
        callback: Whose body it is; empty where it fits none.
        is_whole: Whether the kit read all of it; it cuts some off.
        is_parsable: Whether its body is what its media type says.
        violations: What breaks the contract, as place and reason.
        flaw: Why it is no right HTTP; empty where it is.
        signature_flaw: Why its signature is wrong; empty where it is right or none is asked for.
        signed_at: The time that is signed, as it is written.
        is_played: Whether the kit answered as its endpoint does.
        connection: Number of the connection that it came by.
    """

    endpoint: str
    at_s: float
    wall_s: float
    delivery: Delivery
    target: str
    elapsed_s: float
    answer: Response | None = None
    failure: str = ""
    key: tuple[object, ...] = ()
    has_id: bool = False
    message: object = None
    state: str = ""
    callback: str = ""
    value: jp.Json = None
    is_whole: bool = True
    is_parsable: bool = True
    violations: tuple[tuple[str, str], ...] = ()
    flaw: str = ""
    signature_flaw: str = ""
    signed_at: str = ""
    is_played: bool = True
    connection: int = 0

    @property
    def content(self) -> bytes:
        """What it delivers: its body, or its query where it has none."""
        return self.delivery.body or self.target.partition("?")[2].encode()

    @property
    def ended_s(self) -> float:
        """When it had its answer, or its connection was reset."""
        return self.at_s + self.elapsed_s

    @property
    def status(self) -> int:
        """The status that it got; 0 without one."""
        return self.answer.status if self.answer else 0

    @property
    def acknowledged(self) -> bool:
        """Whether it got a 2xx."""
        return 200 <= self.status < 300

    @property
    def exchange(self) -> Exchange:
        """The try as a report shows it."""
        return Exchange(self.delivery, self.answer, self.failure, "", self.elapsed_s, begun_s=self.at_s)


@dataclass(frozen=True)
class Event:
    """An event with its tries, the first one first.

    Attributes:
        lost_id: Whether its retries came with another id.
    """

    tries: tuple[Try, ...]
    lost_id: bool = False

    @property
    def first(self) -> Try:
        """Its first try."""
        return self.tries[0]

    @property
    def last(self) -> Try:
        """Its last try."""
        return self.tries[-1]

    @property
    def pairs(self) -> Iterable[tuple[Try, Try]]:
        """Each try with the one that follows."""
        return itertools.pairwise(self.tries)


@dataclass(frozen=True)
class Seen:
    """What came to one endpoint.

    Attributes:
        is_alone: Whether the sender was asked for one event there, so that what follows is a retry.
    """

    tries: tuple[Try, ...]
    is_alone: bool = False
    callbacks: tuple[Callback, ...] = ()

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events, by their first tries."""
        return events_of(self.tries, self.callbacks, is_alone=self.is_alone)


@dataclass(frozen=True)
class Handshakes:
    """What came to an endpoint with a flawed certificate: connections, and the requests that were sent over them."""

    connections: int = 0
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True)
class Recorded:
    """All that a sender did in a run.

    Attributes:
        seen: What came, by endpoint.
        until_s: `time.perf_counter()` until which the kit listened.
        handshakes: What came to the endpoints with a flaw, by the flaw.
        at_once: Deliveries at once that a sender may have under way at one receiver.
        per_second: Deliveries a second that were agreed; None for no number.
        is_signed: Whether a signature scheme was named; `is_timed` whether it signs the time.
        by_tls: Whether the endpoints are reached by HTTPS.
    """

    contract: Contract
    schedule: Schedule
    seen: Mapping[str, Seen]
    until_s: float
    handshakes: Mapping[str, Handshakes] = field(default_factory=dict)
    at_once: int = 32
    per_second: float | None = None
    is_signed: bool = False
    is_timed: bool = False
    by_tls: bool = False

    def at(self, *endpoints: str) -> tuple[Event, ...]:
        """The events of some endpoints; of all without a name."""
        names = endpoints or tuple(self.seen)
        return tuple(event for name in names if name in self.seen for event in self.seen[name].events)

    @property
    def tries(self) -> tuple[Try, ...]:
        """All tries in the order in which they came."""
        found = [each for seen in self.seen.values() for each in seen.tries]
        found += [each for seen in self.handshakes.values() for each in seen.tries]
        return tuple(sorted(found, key=lambda each: each.at_s))

    def waited_s(self, after: Try) -> float:
        """How long the kit listened after a try had its answer."""
        return self.until_s - after.ended_s


def events_of(tries: Sequence[Try], callbacks: Sequence[Callback] = (), *, is_alone: bool = False) -> tuple[Event, ...]:
    """Groups tries by their events.

    Args:
        is_alone: Whether one event was asked for: an event that was never tried again, and a later one that is equal
            but for its ids, are then one event that lost its id.
    """
    groups: dict[object, list[Try]] = {}
    for each in tries:
        groups.setdefault(each.key, []).append(each)
    events = _with_cut([Event(tuple(group)) for group in groups.values()])
    if not is_alone:
        return tuple(events)
    merged: list[Event] = []
    by_content: dict[bytes, int] = {}
    for event in events:
        content = _content(event.first, callbacks)
        before = by_content.get(content, -1) if event.first.has_id else -1
        if before >= 0 and (len(merged[before].tries) == 1 or merged[before].lost_id):
            merged[before] = Event((*merged[before].tries, *event.tries), lost_id=True)
        else:
            by_content[content] = len(merged)
            merged.append(event)
    return tuple(merged)


def _with_cut(events: list[Event]) -> list[Event]:
    """Puts a try whose body the kit did not see before the event whose body has the length that its head said."""
    for cut in [event for event in events if not event.first.is_whole]:
        length = header_value(cut.first.delivery.headers, "content-length")
        later = [event for event in events if event.first.is_whole and event.first.at_s > cut.first.at_s]
        alike = [event for event in later if str(len(event.first.delivery.body)) == length]
        for event in (alike or later)[:1]:
            events[events.index(event)] = Event((*cut.tries, *event.tries))
            events.remove(cut)
    return events


def _content(each: Try, callbacks: Sequence[Callback]) -> bytes:
    """What a body says beside its ids."""
    callback = next((one for one in callbacks if one.name == each.callback), None)
    if callback is None:
        return hashlib.sha256(each.content).digest()
    value = each.value
    for place in callback.event_places:
        if is_in_body(place) and place != callback.delivery.state:
            try:
                value = jp.replaced(value, place, None)
            except (LookupError, ValueError):
                continue
    return hashlib.sha256(repr(value).encode("utf-8", "backslashreplace")).digest()
