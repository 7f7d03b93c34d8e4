"""Story of a case: it is told once for all rules that look at it, and afresh at a further try."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import FIRST, MUST, asked, case, exchange, run_before
from callback_contract.contract_tests.runner import case_session
from callback_contract.contract_tests.runner.attempts import run_case
from callback_contract.contract_tests.runner.rule_tests import Story

TWO = Story(lambda receiver: (receiver.deliver(), receiver.deliver_plain()), 2)
NOW = 10_000.0
LONG_AGO = NOW - FIRST.delivery.retry.horizon_s - 1


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(case_session, "time", SimpleNamespace(perf_counter=lambda: NOW))


def run_at(*begun_s):
    """A run whose deliveries begin at these times, the last of them again and again."""
    left = list(begun_s)

    def answer(delivery):
        return replace(exchange(200, delivery), begun_s=left.pop(0) if len(left) > 1 else left[0])

    return run_before(answer)


def told(run, shared_as=0, *, attempt=1, ahead_of=""):
    """The session that a check gets of a case with this story."""
    seen = []
    run_case(run, asked(check=seen.append, story=TWO), case(), 1, shared_as, attempt, ahead_of)
    (session,) = seen
    return session


def test_story_is_told_once_for_all_that_look_at_it():
    run = run_at(NOW)
    first, second = told(run), told(run)
    assert first.exchanges == second.exchanges == run.state.exchanges
    assert second.told is first.told == tuple(run.state.exchanges)
    assert [(each.told_before, each.told_ahead) for each in (first, second)] == [(False, False), (True, False)]


def test_what_one_rule_goes_on_to_do_is_no_part_of_the_story():
    run = run_at(NOW)
    told(run).deliver()
    assert len(told(run).exchanges) == 2


def test_further_try_tells_the_story_afresh_and_for_nobody_else():
    run = run_at(NOW)
    further = told(run, None)
    assert (further.told_before, run.state.stories) == (False, {})
    first = told(run)
    assert told(run, None).told is not first.told
    assert len(run.state.exchanges) == 6


@pytest.mark.parametrize("times", [(LONG_AGO, NOW), (LONG_AGO, LONG_AGO)])
def test_story_whose_deliveries_are_tried_no_more_is_told_afresh(times):
    run = run_at(*times)
    old = told(run)
    again = told(run)
    assert (again.told is old.told, again.told_before, len(run.state.exchanges)) == (False, False, 4)


@pytest.mark.parametrize(("in_turn", "is_ahead"), [(True, True), (False, False)])
def test_story_that_was_told_ahead_is_known_to_be_in_its_turn(in_turn, is_ahead):
    run = run_at(NOW)
    with run.dispatcher.concurrency.let_in():
        told(run, ahead_of=MUST.id)
        session = told(run, ahead_of="" if in_turn else MUST.id)
    assert (session.told_ahead, session.told_before) == (is_ahead, True)
