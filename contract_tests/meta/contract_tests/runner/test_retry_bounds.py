"""A case that broke once is tried five times at most, within its share of the time and of the deliveries."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import run_before
from callback_contract.contract_tests.model.verdicts import Finding
from callback_contract.contract_tests.runner import attempts
from callback_contract.contract_tests.runner.attempts import MOST_TRIES, Attempts, count_attempts, frequency
from callback_contract.mock_server.client.sender import Pace

NOW = 1000.0


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=NOW)
    monkeypatch.setattr(attempts, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def run(spare=None, left_s=None):
    given = run_before(pace=Pace(most=spare))
    given.dispatcher.plan(0)
    sender = SimpleNamespace(pace=SimpleNamespace(until=None if left_s is None else NOW + left_s))
    return SimpleNamespace(dispatcher=given.dispatcher, config=SimpleNamespace(sender=sender))


def tries(clock, given, *broke, took_s=0.0, cost=1, hostile=False, again_broke=False):
    """The tally, and the numbers of the further tries; each of them takes so long."""
    numbers, outcomes = [], iter(broke)

    def breaks(number):
        numbers.append(number)
        assert len(numbers) <= MOST_TRIES
        clock.now += took_s
        return next(outcomes, False)

    test = SimpleNamespace(hostile=hostile, deliveries=lambda case: cost)
    return count_attempts(given, test, None, again_broke=again_broke, breaks=breaks), numbers


def test_second_break_is_enough(clock):
    assert tries(clock, run(), again_broke=True) == (Attempts(2, 2), [])


def test_case_that_held_is_tried_three_times_more(clock):
    assert tries(clock, run(), True, False, True) == (Attempts(5, 3), [2, 3, 4])
    assert tries(clock, run()) == (Attempts(5, 1), [2, 3, 4])
    assert MOST_TRIES == 5


def test_what_is_hostile_is_not_sent_a_third_time(clock):
    assert tries(clock, run(), hostile=True) == (Attempts(2, 1), [])


@pytest.mark.parametrize(("spare", "further", "left"), [(2, 0, 0), (4, 1, 0), (5, 1, 1), (8, 3, 0), (20, 3, 12)])
def test_further_tries_take_no_more_than_the_spare_deliveries(clock, spare, further, left):
    given = run(spare)
    assert tries(clock, given, cost=2)[0] == Attempts(2 + further, 1)
    assert given.dispatcher.affords(left) and not given.dispatcher.affords(left + 1)


def test_second_break_costs_one_try(clock):
    given = run(spare=9)
    tries(clock, given, cost=2, again_broke=True)
    assert given.dispatcher.affords(7) and not given.dispatcher.affords(8)


@pytest.mark.parametrize(
    ("took_s", "left_s", "further"),
    [
        (9.9, None, 2),
        (10.0, None, 1),
        (10.0, 3600.0, 1),
        (5.0, 3600.0, 2),
        (1.0, 9.0, 1),
        (1.0, 11.0, 1),
        (0.5, 12.0, 3),
        (0.3, 4.0, 2),
        (0.0, -1.0, 0),
        (0.0, 0.0, 0),
    ],
)
def test_further_tries_take_a_tenth_of_the_time_left_and_ten_seconds_at_most(clock, took_s, left_s, further):
    assert tries(clock, run(left_s=left_s), took_s=took_s)[0].tries == 2 + further


def finding(broke, tries):
    return Finding("a", "case", "this", "that", (), broke == tries, False, broke=broke, tries=tries)


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([(1, 5), (2, 5)], "failed 3 of 10 tries"),
        ([(2, 2), (1, 5)], "flaky ones failed 1 of 5 tries"),
        ([(2, 2)], ""),
        ([], ""),
    ],
)
def test_frequency_is_of_the_cases_that_did_not_fail_each_time(findings, said):
    assert frequency(finding(*given) for given in findings) == said
