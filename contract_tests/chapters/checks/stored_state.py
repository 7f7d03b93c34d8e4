"""Check of stored state: compares what a receiver stored with its deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from callback_contract.contract_tests.chapters.checks.meaning import (
    as_bodies,
    changed_members,
    has_member,
    means_the_same,
)
from callback_contract.contract_tests.model.observations import NOTHING_SHOWN, Stored, described
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, Mismatch, RuleBroken, check
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.rule_tests import story
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.text.message import Text, either

__all__ = [
    "Redelivered",
    "counted_effects",
    "deviation",
    "different_members",
    "effects",
    "furthest",
    "is_as_before",
    "known_effects",
    "need_applied",
    "redelivered",
    "settles_in_furthest_state",
    "shown_last",
    "some_others",
]


@check
def effects(receiver: CaseSession, told: Exchange, message_id: str = "") -> Stored:
    """Return the stored state once the delivery took effect.

    Raises:
        AssertionError: It was not acknowledged, or the message is never stored.
    """
    assert told.acknowledged, Text("expected.acknowledged")
    stored = receiver.stored(lambda stored: stored is not None, message_id=message_id)
    if stored is None:
        raise RuleBroken(Text("expected.known-message"), Text("actual.message-not-known"))
    return stored


def counted_effects(receiver: CaseSession, told: Exchange, message_id: str = "") -> Stored:
    """Return the stored state once the delivery took effect, with the number of effects.

    Raises:
        LacksMeans: The receiver does not show how many there were.
    """
    stored = effects(receiver, told, message_id)
    need_applied(stored)
    return stored


def need_applied(stored: Stored | None) -> None:
    """Raise what ends a rule that counts effects where the receiver does not show them."""
    if stored is not None and stored.applied is None:
        raise LacksMeans(Means.APPLIED, Text("reason.needs-applied"))


@dataclass(frozen=True)
class Redelivered:
    """One state that was told twice.

    Attributes:
        shown: What was shown between the two; None where it was not known, or nothing can be read back.
    """

    first: Exchange
    again: Exchange
    shown: Stored | ReadBackError | None

    @property
    def stored(self) -> Stored | None:
        """What was stored between the two.

        Raises:
            ReadBackError: It could not be read back, which is no matter of rules that look at answers alone.
        """
        if isinstance(self.shown, ReadBackError):
            raise self.shown
        return self.shown


@story(sends=2)
def redelivered(receiver: CaseSession) -> Redelivered:
    """Tell a state twice, and look in between where that is possible."""
    (state,) = receiver.case.states
    first = receiver.told_once(state)
    shown: Stored | ReadBackError | None = None
    if receiver.can_read_back and first.acknowledged:
        try:
            shown = receiver.stored(lambda stored: stored is not None and stored.state == state)
            if shown is not None:  # later it tells of what else was delivered of the message
                receiver.run.state.message_looked_up(first.delivery.ids[0], shown)
        except ReadBackError as error:
            shown = error
    return Redelivered(first, receiver.deliver(first.delivery), shown)


@check
def known_effects(told: Exchange, stored: Stored | None) -> Stored:
    """Return what was stored of a delivery.

    Raises:
        AssertionError: It was not acknowledged, or the message is not known.
    """
    assert told.acknowledged, Mismatch(Text("expected.acknowledged"), told.described())
    if stored is None:
        raise RuleBroken(Text("expected.known-message"), Text("actual.message-not-known"))
    return stored


def is_as_before(receiver: CaseSession, before: Stored, after: Stored) -> bool:
    """Whether a redelivery left no trace: what a receiver shows of its own beside the callback's members may change."""
    callback = receiver.case.callback
    sent = decode_body(callback, receiver.exchanges[0].delivery.body)
    was, now = (as_bodies(callback, sent, each.last)[1] for each in (before, after))
    changed = changed_members(callback, was, now)
    is_kept = not any(has_member(sent, pointer) for pointer, _, _ in changed)
    return (before.state, before.applied) == (after.state, after.applied) and is_kept


def some_others(refused: Sequence[Exchange]) -> Text:
    """What came in the place of acknowledgements, as one of them shows."""
    return Text("actual.some-others", count=len(refused), first=refused[0].described())


def furthest(order: Order, states: Iterable[str]) -> set[str]:
    """Return the states that may be stored after these: none of the others follows.

    A terminal state is not judged once the message went past it on another branch.
    """
    told = list(states)
    return {state for state in told if not any(order.is_before(state, other) for other in told)}


@check
def settles_in_furthest_state(receiver: CaseSession) -> None:
    """Check that the message ends in a state that none of the case's other states follows.

    Raises:
        RuleBroken: It is stored in another state, or not at all.
    """
    assert receiver.facts.order is not None  # judged only with an order
    expected = furthest(receiver.facts.order, receiver.case.states)
    receiver.stored(lambda stored: stored is not None and stored.state in expected)
    stored = receiver.stored_at_last()
    shown = None if stored is None else stored.state
    state = either(map(repr, sorted(expected)))
    assert shown in expected, Mismatch(Text("expected.state", state=state), described(stored))


def shown_last(receiver: CaseSession) -> Json:
    """Deliver the case, or take what came of it before; return the last callback as the receiver stored it.

    Raises:
        LacksMeans: The receiver does not show it.
    """
    told = receiver.delivered()
    message_id = next(iter(told.delivery.ids), "")
    if receiver.looks_back and receiver.has_to_be_kept(told):
        stored = receiver.looked_up(message_id)
        if stored is None:
            raise RuleBroken(Text("expected.known-message"), Text("actual.message-not-known"))
    else:
        stored = effects(receiver, told, message_id)
    if stored.last is NOTHING_SHOWN:
        raise LacksMeans(Means.SHOWN_LAST, Text("reason.needs-last"))
    return stored.last


def different_members(receiver: CaseSession, last: Json, wanted: Callable[[Member], bool]) -> Text | None:
    """Return how the first member that was stored differently deviates; None when all that are shown are equal.

    Raises:
        LacksMeans: None of them is shown.
    """
    callback = receiver.case.callback
    sent, last = as_bodies(callback, decode_body(callback, receiver.exchanges[0].delivery.body), last)
    is_shown = False
    for member in receiver.case.callback.members:
        if not member.pointer or not wanted(member):
            continue
        try:
            was = jp.get(sent, member.pointer)
        except LookupError:
            continue
        try:
            now = jp.get(last, member.pointer)
        except LookupError:
            continue  # `last` may be a part of the callback
        is_shown = True
        if not means_the_same(callback, member, was, now):
            return deviation(member.pointer, was, now)
    if not is_shown:
        raise LacksMeans(Means.SHOWN_LAST, Text("reason.needs-last-member"))
    return None


def deviation(pointer: str, was: Json, now: Json) -> Text:
    """Return what a member is instead, and where two maps, or two long texts, differ."""
    what = Text("actual.other-value", pointer=pointer, was=_brief(was), now=_brief(now))
    if isinstance(was, dict) and isinstance(now, dict):
        key = next((key for key in was if key not in now or was[key] != now[key]), None)
        if key is None:
            return what
        shown = {"what": what, "pointer": pointer, "value": _brief(key), "was": _brief(was[key])}
        if key not in now:
            return Text("actual.key-missing", **shown)
        return Text("actual.other-key", **shown, now=_brief(now[key]))
    if not isinstance(was, str) or not isinstance(now, str) or max(len(was), len(now)) <= 40:
        return what
    at = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    cut = {"was": _brief(was[at : at + 12]), "now": _brief(now[at : at + 12])}
    return Text("actual.other-from", what=what, pointer=pointer, at=at + 1, **cut)


def _brief(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else Text("actual.cut-off", begins=text[:40], count=len(text))
