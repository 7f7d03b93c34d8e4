"""Redelivery: the same event again is acknowledged and has no second effect.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import (
    counted_effects,
    is_as_before,
    known_effects,
    need_applied,
    redelivered,
    some_others,
)
from callback_contract.contract_tests.model.observations import described
from callback_contract.contract_tests.model.verdicts import Mismatch, NotApplicable, check
from callback_contract.contract_tests.runner.rule_tests import each, story
from callback_contract.contract_tests.stimuli import stories
from callback_contract.contract_tests.stimuli.stories import DISTANCE, EQUAL, PAIR
from callback_contract.openapi.text.message import Text


def equal_to_each(case):
    return EQUAL if len(case.states) == 1 else PAIR


@story(sends=lambda case: len(case.states) * equal_to_each(case))
def equal_at_once(receiver):
    events = [receiver.event(state, message=number) for number, state in enumerate(receiver.case.states)]
    receiver.deliver_at_once([event for event in events for _ in range(equal_to_each(receiver.case))], meeting=True)


@check
def has_no_second_effect(receiver, told):
    message_id = next(iter(told.delivery.ids), "")
    before = counted_effects(receiver, told, message_id)
    receiver.deliver(told.delivery)
    after = receiver.stored_at_last(message_id=message_id)
    assert after is not None and after.applied == before.applied, Mismatch(
        Text("expected.applied-as-before", count=before.applied), described(after)
    )


@pytest.mark.rule("IDM-01")
@each(stories.each_state, story=redelivered)
def test_redelivery_is_acknowledged(receiver):
    assert receiver.told.again.acknowledged, Text("expected.redelivery-acknowledged")


@pytest.mark.rule("IDM-02")
@each(stories.first_and_last_state, story=equal_at_once, at_once=1, together=True)
def test_equal_deliveries_at_once_are_acknowledged(receiver):
    refused = [exchange for exchange in receiver.exchanges if not exchange.acknowledged]
    assert not refused, Mismatch(Text("expected.all-acknowledged", count=EQUAL), some_others(refused))


@pytest.mark.rule("IDM-03")
@each(stories.each_state, story=redelivered, sends=1, settles=True)
def test_redelivery_has_no_second_effect(receiver):
    before = known_effects(receiver.told.first, receiver.told.stored)
    need_applied(before)
    after = receiver.stored_at_last()
    kept = after is not None and is_as_before(receiver, before, after)
    assert kept, Mismatch(Text("expected.as-before", what=before.described()), described(after))


@pytest.mark.rule("IDM-04")
@each(stories.equal_deliveries, story=equal_at_once, sends=1, settles=True, at_once=1, together=True)
def test_equal_deliveries_at_once_have_one_effect(receiver):
    receiver.settle()
    for after in receiver.stored_each(lambda stored: stored is not None, range(len(receiver.case.states))):
        need_applied(after)
        once = after is None or after.applied == 1  # whether a message is lost is another rule's matter
        assert once, Mismatch(Text("expected.applied", count=1), described(after))


@pytest.mark.rule("IDM-05")
@each(stories.respelt, sends=3)
def test_redelivery_is_recognised_in_another_spelling(receiver):
    state, spelling = receiver.case.states
    before = counted_effects(receiver, receiver.tell(state))
    receiver.deliver(receiver.event(state, spelling=spelling))
    after = receiver.stored_at_last()
    assert after is not None and after.applied == before.applied, Mismatch(
        Text("expected.applied-as-before", count=before.applied), described(after)
    )


@pytest.mark.rule("IDM-06")
@each(stories.earlier_states, sends=3)
def test_retry_with_a_later_time_is_recognised(receiver):
    state = receiver.case.states[0]
    before = counted_effects(receiver, receiver.tell(state))
    receiver.deliver(receiver.event(state, later_s=60))
    after = receiver.stored_at_last()
    assert after is not None and after.applied == before.applied, Mismatch(
        Text("expected.applied-as-before", count=before.applied), described(after)
    )


@pytest.mark.rule("IDM-07")
@each(stories.earlier_states, sends=2)
def test_later_state_is_not_mistaken_for_a_redelivery(receiver):
    state, later = receiver.case.states
    receiver.tell(state)
    receiver.tell(later)
    stored = receiver.stored(lambda stored: stored is not None and stored.state == later)
    assert stored is not None and stored.state == later, Mismatch(
        Text("expected.state", state=repr(later)), described(stored)
    )


@pytest.mark.rule("IDM-08")
@each(stories.distant_redeliveries, sends=DISTANCE + 3, at_once=1, sends_again=2)
def test_redelivery_after_many_other_messages_has_no_second_effect(receiver):
    told = receiver.earliest_delivered(DISTANCE)
    if told is None:
        told = receiver.deliver()
        receiver.deliver_at_once([receiver.another(1 + other) for other in range(DISTANCE)])
    if receiver.is_past_retries(told):
        raise NotApplicable(Text("reason.past-retries", seconds=receiver.facts.retry.horizon_s))
    has_no_second_effect(receiver, told)


@pytest.mark.rule("IDM-10")
@each(stories.redeliveries_past_retries, sends=2, at_once=1)
def test_redelivery_past_the_retries_has_no_second_effect(receiver):
    told = receiver.earliest_delivered(0, past_retries=True)
    if told is None:
        raise NotApplicable(Text("reason.within-retries", seconds=receiver.facts.retry.horizon_s))
    has_no_second_effect(receiver, told)


@pytest.mark.rule("IDM-09")
@each(stories.overtaken_states, sends=4)
def test_redelivery_of_an_overtaken_state_has_no_second_effect(receiver):
    state, later = receiver.case.states
    receiver.tell(state)
    receiver.tell(later)
    before = receiver.stored(lambda stored: stored is not None and stored.state == later)
    receiver.tell(state)
    after = receiver.stored_at_last()
    if before is None or after is None or before.state != later:
        return  # IDM-07, which this rule requires, judges that
    need_applied(before)
    assert after.applied == before.applied, Mismatch(
        Text("expected.applied-as-before", count=before.applied), after.described()
    )
