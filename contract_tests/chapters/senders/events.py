"""Chapter EVT: the ids of events over retries, the order of statuses, and how many come at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from callback_contract.contract_tests.chapters.senders.judging import Asked, Check, asked_at, nothing_came
from callback_contract.contract_tests.model.tries import Event, Recorded, Try
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, NotApplicable
from callback_contract.openapi.text.message import Text

__all__ = ["EVENTS"]

_ACKNOWLEDGED = ("ok", "accepted", "no-content", "further")


def _own_id(recorded: Recorded) -> Iterator[Asked]:
    """Events of different endpoints, each asked for alone; and those with one id that came after an acknowledgement."""
    if not any(event.first.has_id for event in recorded.at()):
        raise NotApplicable(Text("reason.no-id-of-events"))
    expected = Text("expected.own-id")
    by_key: dict[object, Try] = {}
    for name, seen in recorded.seen.items():
        for event in seen.events:
            if not event.first.has_id:
                continue
            yield _two_in_one(event, expected)
            other = by_key.setdefault(event.first.key, event.first)
            if seen.is_alone and other.endpoint != name and recorded.seen[other.endpoint].is_alone:
                yield Asked((other, event.first), expected, Text("actual.same-id-elsewhere", endpoint=other.endpoint))


def _two_in_one(event: Event, expected: Text) -> Asked:
    for before, after in event.pairs:
        if before.acknowledged and not event.lost_id and before.content != after.content:
            return Asked((before, after), expected, Text("actual.same-id-again"))
    return Asked((event.first,))


def _retried(recorded: Recorded) -> list[Event]:
    """Events that came more than once, other than after an acknowledgement."""
    found = [event for event in recorded.at() if any(not before.acknowledged for before, _ in event.pairs)]
    if not found:
        raise LacksMeans(Means.EVENT, Text("reason.nothing-retried"))
    return found


def _same_id(recorded: Recorded) -> Iterator[Asked]:
    if not any(event.first.has_id for event in recorded.at()):
        raise NotApplicable(Text("reason.no-id-of-events"))
    for event in _retried(recorded):
        if event.lost_id:
            yield Asked(event.tries[:2], Text("expected.same-id"), Text("actual.other-id"))
        else:
            yield Asked(event.tries)


def _same_bytes(recorded: Recorded) -> Iterator[Asked]:
    for event in _retried(recorded):
        pair = next(((a, b) for a, b in event.pairs if a.is_whole and a.content != b.content), None)
        yield Asked(pair, Text("expected.same-bytes"), Text("actual.other-bytes")) if pair else Asked(event.tries)


def _in_order(recorded: Recorded) -> Iterator[Asked]:
    orders = [each.delivery.order for each in recorded.contract.callbacks]
    order = next(filter(None, orders), None)
    if order is None:
        raise NotApplicable(Text("reason.no-order"))
    asked_at(recorded, *_ACKNOWLEDGED)
    by_message: dict[object, list[Try]] = {}
    for event in recorded.at(*_ACKNOWLEDGED):
        if event.first.state:
            by_message.setdefault((event.first.endpoint, event.first.message), []).append(event.first)
    found = [tries for tries in by_message.values() if len(tries) > 1]
    if not found:
        raise LacksMeans(Means.EVENT, Text("reason.one-status-each"))
    for tries in found:
        ordered = sorted(tries, key=lambda each: each.at_s)
        late = next(((a, b) for a, b in _pairs(ordered) if order.is_before(b.state, a.state)), None)
        if late is None:
            yield Asked(tuple(ordered))
        else:
            states = tuple(each.state for each in late)
            yield Asked(late, Text("expected.in-order"), Text("actual.out-of-order", late=states[1], early=states[0]))


def _pairs(tries: Sequence[Try]) -> Iterable[tuple[Try, Try]]:
    return ((a, b) for index, a in enumerate(tries) for b in tries[index + 1 :])


def _bounded_at_once(recorded: Recorded) -> Iterator[Asked]:
    asked_at(recorded, "burst")
    tries = recorded.seen["burst"].tries
    if len(tries) <= recorded.at_once:
        raise LacksMeans(Means.EVENT, Text("reason.too-few-at", endpoint="burst", count=2 * recorded.at_once))
    most = max(sum(other.at_s <= one.at_s < other.ended_s for other in tries) for one in tries)
    if most <= recorded.at_once:
        yield Asked(tries[:1])
    else:
        yield Asked(tries[:1], Text("expected.at-once", count=recorded.at_once), Text("actual.at-once", count=most))


def _bounded_rate(recorded: Recorded) -> Iterator[Asked]:
    bound = recorded.per_second
    if bound is None:
        raise LacksMeans(Means.RATE, Text("reason.no-rate"))
    asked_at(recorded, "stream")
    tries = recorded.seen["stream"].tries
    if len(tries) <= bound:
        raise LacksMeans(Means.EVENT, Text("reason.too-few-at", endpoint="stream", count=int(2 * bound)))
    most = max(sum(one.at_s <= other.at_s < one.at_s + 1 for other in tries) for one in tries)
    if most <= 1.1 * bound + 1:
        yield Asked(tries[:1])
    else:
        yield Asked(tries[:1], Text("expected.per-second", number=bound), Text("actual.per-second", count=most))


def _others_served(recorded: Recorded) -> Iterator[Asked]:
    asked_at(recorded, "dead")
    dead = recorded.seen["dead"].tries[0]
    firsts = [seen.tries[0] for name, seen in recorded.seen.items() if name not in {"dead", "elsewhere"}]
    after = [one for one in firsts if one.at_s > dead.at_s]
    meanwhile = [one for one in after if one.at_s < dead.ended_s]
    # Only where the kit made the others deliver meanwhile is their silence the sender's.
    asked = [one for one in after if recorded.seen[one.endpoint].is_alone]
    if meanwhile:
        yield from (Asked((dead, one)) for one in meanwhile)
    elif not asked:
        raise nothing_came("ok")
    else:
        after = asked
        first = min(after, key=lambda each: each.at_s)
        late = Text("actual.served-late", seconds=f"{first.at_s - dead.at_s:.1f}")
        yield Asked((dead, first), Text("expected.others-served"), late)


EVENTS: dict[str, Check] = {
    "EVT-01": _own_id,
    "EVT-02": _same_id,
    "EVT-03": _same_bytes,
    "EVT-04": _in_order,
    "EVT-05": _bounded_at_once,
    "EVT-06": _bounded_rate,
    "EVT-07": _others_served,
}
