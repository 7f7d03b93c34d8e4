"""Load: a bounded burst is acknowledged, in time, and none of it is lost.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import statistics

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import furthest, some_others
from callback_contract.contract_tests.model.observations import described
from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.rule_tests import each, story
from callback_contract.contract_tests.runner.scheduling.cpu_contention import Withheld, slowdown_factor
from callback_contract.contract_tests.stimuli import stories
from callback_contract.contract_tests.stimuli.stories import BURST
from callback_contract.openapi.text.message import Text, either

MEDIAN_S = 0.25
SLOW_S = 1.0
SLOW_SHARE = 0.01


@story(sends=BURST)
def burst(receiver):
    (state,) = receiver.case.states
    busy = slowdown_factor()
    with Withheld() as withheld:
        receiver.deliver_at_once([receiver.event(state, message=number) for number in range(BURST)])
    return busy, withheld.longest_s


@story(sends=lambda case: len(case.states))
def states_at_once(receiver):
    states = receiver.case.states
    told = [receiver.event(state, message=states[:place].count(state)) for place, state in enumerate(states)]
    receiver.deliver_at_once(told, meeting=True)


@pytest.mark.rule("LOD-01")
@each(stories.bursts, story=burst, at_once=1, together=True)
def test_burst_is_acknowledged(receiver):
    refused = [exchange for exchange in receiver.exchanges if not exchange.acknowledged]
    assert not refused, Mismatch(Text("expected.all-acknowledged", count=BURST), some_others(refused))


@pytest.mark.rule("LOD-02")
@each(stories.mixed_bursts, story=states_at_once, at_once=1, together=True)
def test_states_of_one_message_at_once_are_acknowledged(receiver):
    refused = [exchange for exchange in receiver.exchanges if not exchange.acknowledged]
    count = len(receiver.exchanges)
    assert not refused, Mismatch(Text("expected.all-acknowledged", count=count), some_others(refused))


@pytest.mark.rule("LOD-03")
@each(stories.bursts, story=burst, at_once=1, together=True)
def test_nothing_of_a_burst_is_lost(receiver):
    acknowledged = [number for number, exchange in enumerate(receiver.exchanges) if exchange.acknowledged]
    lost = [each for each in receiver.stored_each(lambda stored: stored is not None, acknowledged) if each is None]
    assert not lost, Mismatch(
        Text("expected.all-stored", count=len(acknowledged)), Text("actual.some-not-known", count=len(lost))
    )


@pytest.mark.rule("LOD-04")
@each(stories.bursts, story=burst, at_once=1, together=True, timed=True)
def test_burst_is_answered_in_time(receiver):
    busy, withheld_s = receiver.told
    took = [max(0.0, exchange.elapsed_s - receiver.round_trip_s - withheld_s) for exchange in receiver.exchanges]
    if not in_time(took, busy):
        busy = max(busy, *(slowdown_factor() for _ in range(3)))  # asked only where it matters
    median, slow = statistics.median(took), slower(took, busy)
    assert in_time(took, busy), Mismatch(
        fast_enough(busy), Text("actual.took", median=median, share=slow, slowest=max(took))
    )


def fast_enough(busy):
    expected = Text("expected.fast", median=MEDIAN_S, slow=SLOW_S)
    return Text("expected.fast-when-busy", what=expected, times=busy) if busy > 1 else expected


def slower(took, busy=1.0):
    return sum(t > SLOW_S * busy for t in took) / len(took)


def in_time(took, busy=1.0):
    return statistics.median(took) <= MEDIAN_S * busy and slower(took, busy) <= SLOW_SHARE


@pytest.mark.rule("LOD-05")
@each(stories.meeting_states, story=states_at_once, sends=1, settles=True, at_once=1, together=True)
def test_states_of_one_message_at_once_end_in_the_last_one(receiver):
    expected = furthest(receiver.facts.order, receiver.case.states)
    messages = range(receiver.case.states.count(receiver.case.states[0]))
    receiver.stored_each(lambda stored: stored is not None and stored.state in expected, messages)
    receiver.settle()
    for stored in receiver.stored_each(lambda stored: stored is not None, messages):
        assert stored is not None and stored.state in expected, Mismatch(
            Text("expected.state", state=either(map(repr, sorted(expected)))), described(stored)
        )
