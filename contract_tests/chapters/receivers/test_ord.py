"""Order: any order is acknowledged, and a state never moves backwards.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import settles_in_furthest_state
from callback_contract.contract_tests.model.observations import described
from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.rule_tests import each, story
from callback_contract.contract_tests.stimuli import stories
from callback_contract.openapi.text.message import Text


def told(case):
    return len(case.states)


@story(sends=told)
def in_order(receiver):
    for state in receiver.case.states:
        receiver.tell(state)


def interleaved(case):
    from callback_contract.contract_tests.chapters.checks.interleaving import (
        interleaved_deliveries,  # late: Hypothesis takes its time to import
    )

    return interleaved_deliveries(case)


@pytest.mark.rule("ORD-01")
@each(stories.orders, story=in_order)
def test_any_order_is_acknowledged(receiver):
    for state, exchange in zip(receiver.case.states, receiver.exchanges, strict=True):
        assert exchange.acknowledged, Mismatch(
            Text("expected.state-acknowledged", state=repr(state)), exchange.described()
        )


@pytest.mark.rule("ORD-02")
@each(stories.unended_orders, story=in_order, sends=1, settles=True)
def test_state_never_moves_backwards(receiver):
    settles_in_furthest_state(receiver)


@pytest.mark.rule("ORD-05")
@each(stories.same_second, sends=lambda case: told(case) + 1)
def test_states_of_one_second_end_in_the_last_one(receiver):
    for state in receiver.case.states:
        receiver.deliver(receiver.event(state, at_s=0))
    settles_in_furthest_state(receiver)


@pytest.mark.rule("ORD-03")
@each(stories.ended_lives, story=in_order, sends=1, settles=True)
def test_terminal_state_is_not_left(receiver):
    end = receiver.case.states[0]
    receiver.stored(lambda stored: stored is not None and stored.state == end)
    stored = receiver.stored_at_last()
    assert stored is not None and stored.state == end, Mismatch(
        Text("expected.state", state=repr(end)), described(stored)
    )


@pytest.mark.rule("ORD-04")
@each(stories.interleavings, sends=interleaved, at_once=1)
def test_interleaved_messages_each_keep_their_latest_state(receiver):
    from callback_contract.contract_tests.chapters.checks.interleaving import interleaving_flaw

    flaw = interleaving_flaw(receiver)
    assert flaw is None, flaw
