"""Stored-state faults of the mock: deviations in redeliveries, order, loss and bursts."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Request, Response, Right, problem
from callback_contract.mock_server.receiver.request import reader
from callback_contract.mock_server.receiver.state import Stored, event_of
from callback_contract.mock_server.validation.validator import Assessment, Novelty
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback, DeliveryFacts
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["STORED_FAULTS"]

CRASH = Response(500, b'{"error":"database is locked"}', "application/json")
CONFLICT = problem(409, "Conflict", "This was here before.")
_BUSY_S = 0.1


@dataclass(frozen=True)
class _Event:
    """An accepted callback that advances a state, and what was stored of its message before."""

    callback: Callback
    value: jp.Json
    request: Request
    receiver: Receiver
    id: str
    state: str
    key: str
    before: Stored | None
    novelties: tuple[Novelty, ...]

    @property
    def facts(self) -> DeliveryFacts:
        return self.callback.delivery

    @property
    def repeated(self) -> bool:
        return self.before is not None and self.key in self.before.events

    @property
    def late(self) -> bool:
        """Whether a later state is stored already."""
        order = self.facts.order
        return bool(order and self.before and order.is_before(self.state, self.before.state))

    def memory(self, name: str, start: Callable[[], Any]) -> Any:
        return self.receiver.memory.setdefault(name, start())

    def now(self) -> Stored | None:
        return self.receiver.states.get(self.id)


Act = Callable[[_Event, Right], Response]


def _fault(act: Act) -> Fault:
    """Acts on accepted callbacks whose message and state the contract lets one follow."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        callback = assessment.callback if assessment else None
        if assessment is None or callback is None:
            return right()
        facts = callback.delivery
        if facts.correlation is None or facts.state is None or facts.order is None:
            return right()
        message_id = str(reader(facts.correlation)(assessment.value, request.head))
        event = _Event(
            callback,
            assessment.value,
            request,
            receiver,
            message_id,
            str(jp.get(assessment.value, facts.state)),
            event_of(callback, assessment.value, request.head),
            receiver.states.get(message_id),
            assessment.novelties,
        )
        return act(event, right)

    return Fault(answer)


def _once_more(event: _Event) -> None:
    """Lets a redelivery take effect a second time."""
    stored = event.now()
    if stored is not None:
        event.receiver.states.put(replace(stored, applied=stored.applied + 1))


def _forced(event: _Event) -> None:
    """Stores the state whatever was stored before."""
    stored = event.now()
    if stored is not None:
        event.receiver.states.put(replace(stored, state=event.state, applied=stored.applied + 1, last=event.value))


def _counted_again_if(when: Callable[[_Event], bool]) -> Act:
    def act(event: _Event, right: Right) -> Response:
        again = event.repeated and when(event)
        reply = right()
        if again:
            _once_more(event)
        return reply

    return act


def _conflict_on_repeat(event: _Event, right: Right) -> Response:
    return CONFLICT if event.repeated else right()


def _conflict_on_late(event: _Event, right: Right) -> Response:
    return CONFLICT if event.late and not event.repeated else right()


def _busy(name: Callable[[_Event], str], meanwhile: Act) -> Act:
    """Takes a while for each delivery; what comes in that time about the same thing goes another way."""

    def act(event: _Event, right: Right) -> Response:
        under_way: dict[str, float] = event.memory("under way", dict)
        now = time.monotonic()
        busy = under_way.get(name(event), 0.0) > now
        if not busy:
            # A little less than the answer takes: event loops wake up to a millisecond early, and whoever sends
            # the next state after the answer has not sent two at once.
            under_way[name(event)] = now + 0.9 * _BUSY_S
        reply = meanwhile(event, right) if busy else right()
        return replace(reply, delay_s=_BUSY_S)

    return act


def _twice(event: _Event, right: Right) -> Response:
    reply = right()
    _once_more(event)
    return reply


def _bytes_seen_before(event: _Event) -> bool:
    seen: set[bytes] = event.memory("bytes", set)
    known = event.request.body in seen
    seen.add(event.request.body)
    return known


def _by_bytes(event: _Event, right: Right) -> Response:
    known, repeated = _bytes_seen_before(event), event.repeated
    reply = right()
    if repeated and not known:
        _once_more(event)
    return reply


def _by_value(event: _Event, right: Right) -> Response:
    seen: dict[str, jp.Json] = event.memory("values", dict)
    known, repeated = seen.get(event.id + event.key) == event.value, event.repeated
    seen[event.id + event.key] = event.value
    reply = right()
    if repeated and not known:
        _once_more(event)
    return reply


def _by_message(event: _Event, right: Right) -> Response:
    if event.before is not None and not event.repeated:
        return Response(200, b"{}", "application/json")
    return right()


def _short_memory(event: _Event, right: Right) -> Response:
    recent: deque[str] = event.memory("recent", lambda: deque(maxlen=100))
    key = event.id + event.key
    forgotten = event.repeated and key not in recent
    recent.append(key)
    reply = right()
    if forgotten:
        _once_more(event)
    return reply


def _forgets_after_retries(event: _Event, right: Right) -> Response:
    since: dict[str, float] = event.memory("since", dict)
    recent: deque[str] = event.memory("recent", lambda: deque(maxlen=100))
    key, retry = event.id + event.key, event.facts.retry
    is_over = retry is not None and time.monotonic() - since.setdefault(key, time.monotonic()) > retry.horizon_s
    forgotten = event.repeated and is_over and key not in recent
    recent.append(key)
    reply = right()
    if forgotten:
        _once_more(event)
    return reply


def _is_overtaken(event: _Event) -> bool:
    """Whether another event of the message took effect after this one."""
    return event.before is not None and next(reversed(event.before.events)) != event.key


def _last_one_wins(event: _Event, right: Right) -> Response:
    repeated, known = event.repeated, event.before is not None
    reply = right()
    if known and not repeated:
        _forced(event)
    return reply


def _times(event: _Event, value: jp.Json) -> list[jp.Json]:
    return [jp.get(value, pointer) for pointer, kind in event.facts.stamped.items() if kind == "time"]


def _last_of_one_second_wins(event: _Event, right: Right) -> Response:
    late, before = event.late and not event.repeated, event.before
    reply = right()
    if late and before is not None and _times(event, before.last) == _times(event, event.value):
        _forced(event)
    return reply


def _end_is_left(event: _Event, right: Right) -> Response:
    order = event.facts.order
    ended = bool(order and event.before and event.before.state in order.terminal)
    late = event.late
    reply = right()
    if ended and late:
        _forced(event)
    return reply


def _held_against_another(event: _Event, right: Right) -> Response:
    latest: dict[str, tuple[str, str]] = event.memory("latest told", dict)
    order, group = event.facts.order, _group(event)
    other, state = latest.get(group, (event.id, event.state))
    latest[group] = (event.id, event.state)
    further = event.before is not None and not event.repeated and not event.late
    if order and further and other != event.id and order.is_before(event.state, state):
        return Response(200, b"{}", "application/json")
    return right()


def _forgets_last_listed(event: _Event, right: Right) -> Response:
    member = event.callback.member(event.facts.state or "")
    if member and member.enum and event.state == member.enum[-1]:
        return Response(200, b"{}", "application/json")
    return right()


def _stores_changed(wanted: Callable[[Member], bool], change: Callable[[jp.Json], jp.Json]) -> Act:
    def act(event: _Event, right: Right) -> Response:
        reply = right()
        stored = event.now()
        if stored is not None:
            last = stored.last
            for member in event.callback.members:
                if member.pointer and wanted(member):
                    try:
                        last = jp.replaced(last, member.pointer, change(jp.get(last, member.pointer)))
                    except LookupError:
                        continue
            event.receiver.states.put(replace(stored, last=last))
        return reply

    return act


def _loses_unknown_members(event: _Event, right: Right) -> Response:
    unknown = any(novelty.kind == "member" for novelty in event.novelties)
    return Response(200, b"{}", "application/json") if unknown else right()


def _as_number(value: jp.Json) -> jp.Json:
    return str(int(value)) if isinstance(value, str) and value.isdecimal() else value


def _without_astral(text: jp.Json) -> jp.Json:
    return "".join(c if c <= "\uffff" else "?" for c in text) if isinstance(text, str) else text


def _in_32_bits(value: jp.Json) -> jp.Json:
    return value % 2**31 if isinstance(value, int) else value


def _without_plus(value: jp.Json) -> jp.Json:
    return value.lstrip("+") if isinstance(value, str) else value


def _lower_keys(value: jp.Json) -> jp.Json:
    return {key.lower(): item for key, item in value.items()} if isinstance(value, dict) else value


def _group(event: _Event) -> str:
    groups = event.facts.groups
    return str(reader(groups[0])(event.value, event.request.head)) if groups else ""


def _one_per_group(event: _Event, right: Right) -> Response:
    latest: dict[str, str] = event.memory("latest", dict)
    group = _group(event)
    before = latest.get(group)
    if before is not None and before != event.id:
        event.receiver.states.drop(before)
    latest[group] = event.id
    return right()


def _more_of_a_group_than(count: int, then: Act) -> Act:
    """Acts when one group brings more messages than this within two seconds."""

    def act(event: _Event, right: Right) -> Response:
        times: deque[float] = event.memory("times", dict).setdefault(_group(event), deque(maxlen=count + 1))
        now = time.monotonic()
        times.append(now)
        return then(event, right) if len(times) > count and now - times[0] < 2 else right()

    return act


def _trace_of_refused(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    if assessment is not None and assessment.kind == "schema":
        for callback in receiver.contract.callbacks:
            facts = callback.delivery
            try:
                stored = receiver.states.get(reader(facts.correlation or "/")(assessment.value, request.head))
                state = jp.get(assessment.value, facts.state or "/")
            except (LookupError, TypeError):
                continue
            if stored is not None and isinstance(state, str):
                receiver.states.put(replace(stored, state=state))
    return right()


STORED_FAULTS: dict[str, Fault] = {
    "STA-01": _fault(_forgets_last_listed),
    "STA-02": _fault(_stores_changed(lambda m: m.is_free_text, _without_astral)),
    "STA-03": _fault(_stores_changed(lambda m: m.types == ("integer",) and m.format != "unix-seconds", _in_32_bits)),
    "STA-04": _fault(_stores_changed(lambda m: m.format == "e164", _without_plus)),
    "STA-05": _fault(_stores_changed(lambda m: m.is_free_map, _lower_keys)),
    "STA-06": _fault(_one_per_group),
    "STA-07": Fault(_trace_of_refused),
    "STA-08": _fault(_loses_unknown_members),
    "STA-09": _fault(_stores_changed(lambda m: m.format == "hex32", _as_number)),
    "IDM-01": _fault(_conflict_on_repeat),
    "IDM-02": _fault(_busy(lambda e: e.id + e.key, lambda event, right: CRASH)),
    "IDM-03": _fault(_counted_again_if(lambda event: True)),
    "IDM-04": _fault(_busy(lambda e: e.id + e.key, _twice)),
    "IDM-05": _fault(_by_bytes),
    "IDM-06": _fault(_by_value),
    "IDM-07": _fault(_by_message),
    "IDM-08": _fault(_short_memory),
    "IDM-10": replace(_fault(_forgets_after_retries), needs="no retries"),
    "IDM-09": _fault(_counted_again_if(_is_overtaken)),
    "ORD-01": _fault(_conflict_on_late),
    "ORD-02": _fault(_last_one_wins),
    "ORD-03": _fault(_end_is_left),
    "ORD-05": _fault(_last_of_one_second_wins),
    "ORD-04": _fault(_held_against_another),
    "LOD-01": _fault(_more_of_a_group_than(20, lambda event, right: CRASH)),
    "LOD-02": _fault(_busy(lambda e: e.id, lambda event, right: right() if event.repeated else CRASH)),
    "LOD-03": _fault(_more_of_a_group_than(20, lambda event, right: Response(200, b"{}", "application/json"))),
    "LOD-04": _fault(_more_of_a_group_than(10, lambda event, right: replace(right(), delay_s=0.9))),
    "LOD-05": _fault(
        _busy(
            lambda e: e.id, lambda event, right: right() if event.repeated else Response(200, b"{}", "application/json")
        )
    ),
}
