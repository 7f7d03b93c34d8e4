"""Identity of synthetic messages: makes ids, times and phone numbers that are reserved for tests."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from callback_contract.openapi.contract.id_forms import IdForm, Stamp
from callback_contract.openapi.contract.members import render
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import header_of, is_in_body, query_of

__all__ = [
    "MARK",
    "Identity",
    "Run",
    "Stamps",
    "id_at",
    "stamp",
    "stamped_outside",
    "stamped_value",
    "stamps_of",
    "time_of",
]

MARK = "ca11bac4"
"""The first eight hexadecimal digits of every synthetic id, for cleaning up."""

_RUN_DIGITS = 8
_MILLISECONDS = 10**11  # more seconds than that are after the year 5000
_ITEM_BITS = 19  # cases of a run; the other nine bits of their number are those of an item


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the suite or of the provider; two runs never share an id.

    Attributes:
        id: Random hexadecimal digits.
        started_at: The moment from which all stamped times count.
    """

    id: str
    started_at: datetime

    @classmethod
    def fresh(cls) -> Run:
        """Start a run now."""
        return cls(secrets.token_hex(_RUN_DIGITS // 2), datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of the synthetic message in a body.

    Attributes:
        case: Number of the case within the run.
        message: Number of the message within the case.
        group: Messages with the same number share every place that `x-delivery.groups` names.
    """

    run: Run
    case: int
    message: int = 0
    group: int = 0

    def next(self, step: int = 1) -> Identity:
        """Return another message of the same case."""
        return replace(self, message=self.message + step)

    def of_item(self, index: int) -> Identity:
        """Return the message of an item, where the items of a body are events."""
        return replace(self, case=self.case + (index << _ITEM_BITS)) if index else self

    def id(self, kind: int) -> str:
        """Return 32 hexadecimal digits; `kind` distinguishes the members of one body."""
        return f"{MARK}{self.run.id}{kind:02x}{self.case & 0xFFFFFFF:08x}{self.message & 0xFFFFFF:06x}"

    def group_id(self, kind: int) -> str:
        """Return 32 hexadecimal digits that every message of the group shares."""
        return f"{MARK}{self.run.id}{kind:02x}ffffffff{self.group & 0xFFFFFF:06x}"

    def event_id(self, event: str) -> str:
        """Return the id of an event of the message, for a signature scheme: another one for each of its states."""
        return MARK + self.run.id + _digits(f"event/{self.case}/{self.message}/{event}")

    def written(self, form: IdForm, kind: int, *, shared: bool, event: str) -> str | int:
        """Return an id in a form; of one event of the message, where that is named."""
        if form == _PLAIN and not event:
            return self.group_id(kind) if shared else self.id(kind)
        whose = f"group {self.group}" if shared else f"{self.case}/{self.message}/{event}"
        # Two runs are equal but for the run; a form that does not hold it is another one in each.
        own = f"{kind}/{whose}" if form.holds_run else f"{self.run.id}/{kind}/{whose}"
        return form.write(MARK, self.run.id, _digits(own))

    def phone(self, kind: int, *, shared: bool) -> str:
        """Return an E.164 number from a range reserved for fiction.

        The ranges are NANP 555-01xx and the Ofcom drama numbers.
        """
        number = self.group if shared else self.case * 7 + self.message
        if (number + kind) % 2:
            return f"+447700900{number % 1000:03d}"
        return f"+120255501{(number // 2 + kind) % 100:02d}"


_PLAIN = IdForm("hex32")


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stamp(callback: Callback, value: jp.Json, identity: Identity, *, later_s: int = 0) -> jp.Json:
    """Return a body with identity, times and phone numbers as declared.

    Args:
        callback: Its `stamped` places and their kinds.
        value: A body; absent members stay absent.
        identity: The message of the body.
        later_s: Seconds after the message's first time.
    """
    if callback.batch is not None:
        value = _further_items(callback, callback.batch, value, identity, later_s)
    return _stamp_one(callback, value, identity, later_s)


def _further_items(callback: Callback, batch: str, value: jp.Json, identity: Identity, later_s: int) -> jp.Json:
    """Return a body whose items but the first are stamped: each is an event of its own."""
    items = _items(batch, value)
    made = items[:1]
    for index, item in enumerate(items[1:], 1):
        alone = _stamp_one(callback, jp.replaced(value, batch, [item]), identity.of_item(index), later_s)
        made.append(jp.get(alone, batch)[0])
    return jp.replaced(value, batch, made) if items[1:] else value


def _items(batch: str | None, value: jp.Json) -> list[jp.Json]:
    """Return the events of a body; nothing where it tells of one message."""
    try:
        found = [] if batch is None else jp.get(value, batch)
    except LookupError:
        return []
    return found if isinstance(found, list) else []


def _stamp_one(callback: Callback, value: jp.Json, identity: Identity, later_s: int) -> jp.Json:
    at = time_of(identity, later_s)
    event = _event(callback, value)
    for number, each in enumerate(callback.stamps):
        if not is_in_body(each.place):
            continue
        try:
            was = jp.get(value, each.place)
        except LookupError:
            continue
        new = stamped_value(callback, number, was, identity, event, at)
        value = value if new is None else jp.replaced(value, each.place, new)
    return value


def stamped_value(
    callback: Callback, number: int, was: jp.Json, identity: Identity, event: str, at: datetime
) -> str | int | None:
    """Return what stands at a stamped place of the body; None where what was there stays.

    Args:
        number: The place's number among `callback.stamps`.
        was: What was there before.
        event: What tells events of the message apart.
        at: The time of the event.
    """
    each = callback.stamps[number]
    if each.kind == "id":
        return _id(each, number, identity, event)
    member = callback.member(each.place)
    form = member.format if member else ""
    if each.kind == "time" and not form and isinstance(was, int):
        return int(at.timestamp()) * (1000 if was > _MILLISECONDS else 1)
    return render(at if each.kind == "time" else identity.phone(number, shared=each.is_shared), form)


def time_of(identity: Identity, later_s: int) -> datetime:
    """Return the time that the body of a message tells, so many seconds after the message's first one."""
    # A little in the past: a receiver may correctly reject future times. Neighbours differ, so that a receiver that
    # mixes up their times shows it.
    before_s = 120 + (identity.case + identity.message) % 60
    return identity.run.started_at + timedelta(seconds=later_s - before_s)


@dataclass(frozen=True, slots=True)
class Stamps:
    """What a delivery carries of its identity beside its body.

    Attributes:
        headers: Values by lower-case name.
        query: Parameters of the URL.
        ids: All ids of the message, for cleaning up; its own first, and those of the other items of a batch last.
        event_id: Id of the event for a signature scheme.
    """

    headers: dict[str, str]
    query: tuple[tuple[str, str], ...]
    ids: tuple[str, ...]
    event_id: str


def stamped_outside(callback: Callback, value: jp.Json, identity: Identity) -> Stamps:
    """Return what the delivery of a stamped body carries beside it."""
    event = _event(callback, value)
    found = {place: str(new) for place, new in _ids(callback, identity, event) if new is not None}
    return Stamps(
        headers={name: found[place] for place in found if (name := header_of(place))},
        query=tuple((name, found[place]) for place in found if (name := query_of(place))),
        ids=(*_message_ids(callback, found), *_ids_of_items(callback, value, identity)),
        event_id=identity.event_id(event),
    )


def stamps_of(callback: Callback, body: bytes) -> Stamps:
    """Return what a delivery of given bytes carries beside them: equal bytes are the same event."""
    digest = hashlib.sha256(body).hexdigest()
    identity = Identity(Run(digest[:_RUN_DIGITS], datetime.now(UTC)), int(digest[8:16], 16))
    return replace(stamped_outside(callback, None, identity), ids=())


def id_at(callback: Callback, place: str, identity: Identity, value: jp.Json = None) -> str:
    """Return the id of a message at a place; empty where no fresh one is accepted.

    Args:
        value: A body of the message, where the place is that of an event.
    """
    found = dict(_ids(callback, identity, _event(callback, value))).get(place)
    return "" if found is None else str(found)


def _ids(callback: Callback, identity: Identity, event: str) -> Iterator[tuple[str, str | int | None]]:
    for number, each in enumerate(callback.stamps):
        if each.kind == "id":
            yield each.place, _id(each, number, identity, event)


def _id(stamp: Stamp, number: int, identity: Identity, event: str) -> str | int | None:
    if stamp.form is None:
        return None
    told = f"of {event!r}" if stamp.is_of_event else ""
    return identity.written(stamp.form, number, shared=stamp.is_shared, event=told)


def _message_ids(callback: Callback, found: dict[str, str]) -> tuple[str, ...]:
    correlation = callback.delivery.correlation
    if correlation is not None:
        return (found[correlation],) if correlation in found else ()
    return tuple(dict.fromkeys(found[place] for place in callback.event_places if place in found))


def _ids_of_items(callback: Callback, value: jp.Json, identity: Identity) -> Iterator[str]:
    correlation = callback.delivery.correlation
    for index in range(1, len(_items(callback.batch, value))):
        if correlation is not None and (found := id_at(callback, correlation, identity.of_item(index))):
            yield found


def _event(callback: Callback, value: jp.Json) -> str:
    """Return what tells events of one message apart: its state."""
    state = callback.delivery.state
    try:
        return "" if state is None else str(jp.get(value, state))
    except LookupError:
        return ""
