"""Chapter RET: what a sender does after each kind of answer, and after none."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator

from callback_contract.contract_tests.chapters.senders.judging import Asked, Check, asked_at
from callback_contract.contract_tests.model.tries import EARLY, SLACK_S, Event, Recorded, Try
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.openapi.text.message import Text

__all__ = ["RETRIES"]

_SECONDS = ("busy", "limited")
_REJECTING = ("rejected", "missing", "gone")


def _tried_again(*endpoints: str) -> Check:
    """A rule that wants another try of each event whose first one failed at some endpoints."""

    def check(recorded: Recorded) -> Iterator[Asked]:
        _refuse_without_retries(recorded)
        asked_at(recorded, *endpoints)
        yield from _with_verdict(recorded, _failed(recorded, *endpoints))

    return check


def _with_verdict(recorded: Recorded, events: list[Event]) -> Iterator[Asked]:
    for event in events:
        if len(event.tries) > 1:
            yield Asked(event.tries[:2])
        elif _has_waited(recorded, event.last) and not recorded.schedule.is_open:
            waited = Text("actual.no-retry", seconds=f"{recorded.waited_s(event.last):.1f}")
            yield Asked(event.tries, Text("expected.retry"), waited)


def _refuse_without_retries(recorded: Recorded) -> None:
    if recorded.schedule.retry is None or not recorded.schedule.retry.tries:
        raise NotApplicable(Text("reason.no-retries-documented"))


def _failed(recorded: Recorded, *endpoints: str) -> list[Event]:
    """The events at some endpoints whose first try got what the endpoint gives, no acknowledgement."""
    return [event for event in recorded.at(*endpoints) if event.first.is_played and not event.first.acknowledged]


def _has_waited(recorded: Recorded, last: Try) -> bool:
    """Whether the kit listened long enough to say that nothing more comes."""
    asked = recorded.schedule.retry_after_s + 1 if _retry_after(last) else 0
    return recorded.waited_s(last) >= recorded.schedule.patience_s + asked


def _retry_after(one: Try) -> str:
    return (one.answer.header("retry-after") or "") if one.answer else ""


def _by_schedule(recorded: Recorded) -> Iterator[Asked]:
    _refuse_without_retries(recorded)
    if recorded.schedule.retry is not None and recorded.schedule.retry.is_spread:
        raise NotApplicable(Text("reason.no-pauses-documented"))
    asked_at(recorded, "error", "down")
    schedule = recorded.schedule
    for event in _failed(recorded, "error", "down"):
        for retries, (before, after) in enumerate(event.pairs):
            if before.acknowledged:
                continue
            after_s = schedule.wait_s(retries)
            gap_s = after.at_s - before.ended_s
            earliest_s = EARLY * after_s - min(SLACK_S, after_s / 4)
            if earliest_s <= gap_s <= 2 * after_s + schedule.grace_s:
                yield Asked((before, after))
            else:
                expected = Text("expected.pause", seconds=f"{after_s:g}")
                yield Asked((before, after), expected, Text("actual.pause", seconds=f"{gap_s:.2f}"))


def _given_up(recorded: Recorded) -> Iterator[Asked]:
    _refuse_without_retries(recorded)
    if recorded.schedule.is_open:
        raise NotApplicable(Text("reason.no-number-of-tries"))
    asked_at(recorded, "down")
    most = recorded.schedule.max_tries
    for event in _failed(recorded, "down"):
        count = len(event.tries)
        is_over = count > most + 1
        if is_over or (count < most and _has_waited(recorded, event.last)):
            expected = Text("expected.tries", least=most, most=most + 1)
            yield Asked(event.tries[: most + 2], expected, Text("actual.tries", count=count))
        elif _has_waited(recorded, event.last):
            yield Asked(event.tries)


def _ended(*endpoints: str) -> Check:
    """A rule that wants nothing more after the acknowledgement at some endpoints."""

    def check(recorded: Recorded) -> Iterator[Asked]:
        asked_at(recorded, *endpoints)
        for event in recorded.at(*endpoints):
            if not event.first.acknowledged:
                continue
            if len(event.tries) > 1 and (event.lost_id or event.tries[1].content == event.first.content):
                again = Text("actual.again-after", seconds=f"{event.tries[1].at_s - event.first.at_s:.1f}")
                yield Asked(event.tries[:2], Text("expected.no-retry"), again)
            elif _has_waited(recorded, event.last):
                yield Asked((event.first,))

    return check


def _waits_seconds(recorded: Recorded) -> Iterator[Asked]:
    asked_at(recorded, *_SECONDS)
    for event in _failed(recorded, *_SECONDS):
        for before, after in list(event.pairs)[:1]:
            asked_s, gap_s = float(_retry_after(before) or 0), after.at_s - before.ended_s
            yield _waited(before, after, gap_s >= asked_s - SLACK_S, gap_s)


def _waits_for_date(recorded: Recorded) -> Iterator[Asked]:
    asked_at(recorded, "busy-date")
    for event in _failed(recorded, "busy-date"):
        for before, after in list(event.pairs)[:1]:
            moment = email.utils.parsedate_to_datetime(_retry_after(before)).timestamp()
            yield _waited(before, after, after.wall_s >= moment - SLACK_S, after.at_s - before.ended_s)


def _waited(before: Try, after: Try, is_right: bool, gap_s: float) -> Asked:
    if is_right:
        return Asked((before, after))
    expected = Text("expected.retry-after", value=_retry_after(before))
    return Asked((before, after), expected, Text("actual.pause", seconds=f"{gap_s:.2f}"))


def _final(recorded: Recorded, *, is_final: bool) -> list[Event]:
    """The events that got a 4xx that ends the tries by the contract, or one that does not."""
    _refuse_without_retries(recorded)
    retry = recorded.schedule.retry
    if retry is None or retry.final is None:
        raise NotApplicable(Text("reason.no-final-statuses"))
    asked_at(recorded, *_REJECTING)
    found = _failed(recorded, *_REJECTING)
    chosen = [event for event in found if retry.ends_with(event.first.status) == is_final]
    if not chosen:
        raise NotApplicable(Text("reason.no-such-status"))
    return chosen


def _stops_at_final(recorded: Recorded) -> Iterator[Asked]:
    for event in _final(recorded, is_final=True):
        if len(event.tries) > 1:
            again = Text("actual.again-after", seconds=f"{event.tries[1].at_s - event.first.at_s:.1f}")
            yield Asked(event.tries[:2], Text("expected.stop", status=event.first.status), again)
        elif _has_waited(recorded, event.last):
            yield Asked(event.tries)


def _goes_on_otherwise(recorded: Recorded) -> Iterator[Asked]:
    yield from _with_verdict(recorded, _final(recorded, is_final=False))


def _follows_nothing(recorded: Recorded) -> Iterator[Asked]:
    if any(callback.redirects for callback in recorded.contract.callbacks):
        raise NotApplicable(Text("reason.redirect-documented"))
    asked_at(recorded, "redirect")
    followed = recorded.seen.get("elsewhere")
    events = recorded.at("redirect")
    if followed and followed.tries:
        method = followed.tries[0].delivery.method
        yield Asked(
            (events[0].first, followed.tries[0]), Text("expected.no-follow"), Text("actual.follow", name=method)
        )
    elif any(recorded.waited_s(event.first) >= recorded.schedule.grace_s for event in events):
        yield Asked((events[0].first,))


def _waits_long_enough(recorded: Recorded) -> Iterator[Asked]:
    if all(each.delivery.deadline_s is None for each in recorded.contract.callbacks):
        raise NotApplicable(Text("reason.no-deadline"))
    yield from _ended("slow")(recorded)


def _lets_go(recorded: Recorded) -> Iterator[Asked]:
    asked_at(recorded, "endless")
    first = recorded.at("endless")[0].first
    limit_s = recorded.schedule.endless_s
    if first.elapsed_s < limit_s:
        yield Asked((first,))
    elif recorded.waited_s(first) >= 0:
        held = Text("actual.held-on", seconds=f"{first.elapsed_s:.0f}")
        yield Asked((first,), Text("expected.lets-go"), held)


RETRIES: dict[str, Check] = {
    "RET-01": _tried_again("error", "down", "busy", "busy-date"),
    "RET-02": _tried_again("silent", "dead"),
    "RET-03": _tried_again("reset", "cut"),
    "RET-04": _by_schedule,
    "RET-05": _given_up,
    "RET-06": _ended("ok", "accepted", "no-content"),
    "RET-07": _waits_seconds,
    "RET-08": _waits_for_date,
    "RET-09": _tried_again("limited"),
    "RET-10": _stops_at_final,
    "RET-11": _goes_on_otherwise,
    "RET-12": _follows_nothing,
    "RET-13": _waits_long_enough,
    "RET-14": _lets_go,
}
