"""Search for the capacity: of receivers whose capacity is given, on a clock of its own."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.contract_tests.load.simulated import Simulated
from callback_contract.mock_server.load.capacity import Search
from callback_contract.mock_server.load.measures import Measures

TICK_S = 0.5


def searched(capacity, latency_s=0.02, most=10_000, fails=False, cpu=0.2, first=20.0, sends=1e9, **more):
    """Lets a search go on against a receiver that answers so many a second; what is more waits, 64 at most.

    Args:
        sends: The senders send no more a second.
    """
    search = Search(first, 5.0, 10.0, most, 64, **more)
    measures, now, waiting, owed = Measures(), 0.0, 0.0, 0.0
    rate = search.rate
    for _ in range(20_000):
        now += TICK_S
        owed += min(rate * TICK_S, sends * TICK_S, 64 - waiting + capacity * TICK_S)
        answered = int(min(owed + waiting, capacity * TICK_S))
        waiting, owed = max(0.0, waiting + owed - answered), 0.0
        late_s = latency_s(waiting / capacity) if callable(latency_s) else latency_s
        for number in range(answered):
            measures.answered("sent", "500" if fails and rate > fails and number % 5 == 0 else "200", late_s, now)
        rate = search.look(now, measures, int(waiting), cpu, [1, 2])
        if search.is_over:
            return search
    raise AssertionError("the search does not end")


@pytest.mark.parametrize("capacity", [30, 50, 200, 1234])
def test_capacity_is_found_within_15_percent(capacity):
    found = searched(capacity)
    assert 0.85 * capacity <= found.capacity <= 1.15 * capacity
    assert found.limit == "receiver"


def test_latency_beyond_the_deadline_ends_it():
    found = searched(500, latency_s=lambda waited: 6.0 if waited > 0.02 else 0.01)
    assert found.limit == "deadline"


def test_answers_that_fail_end_it():
    found = searched(1000, fails=300)
    assert (found.limit, 300 / 1.15 <= found.capacity <= 300) == ("answers", True)


def test_loss_ends_it():
    rates = []
    found = searched(1000, lost=lambda numbers: len(numbers) if rates.append(1) or len(rates) > 3 else 0)
    assert found.limit == "lost"


def test_busy_senders_are_named_as_the_limit():
    assert searched(200, cpu=0.97).limit == "senders"


def test_senders_that_do_not_send_the_rate_are_the_limit_though_their_core_is_idle():
    found = searched(1000, sends=150)
    assert (found.limit, 130 <= found.capacity <= 160) == ("senders", True)


@pytest.mark.parametrize("late_s", [0.1, 0.3, 0.5, 0.7])
def test_reports_that_come_late_change_nothing(late_s):
    search, measures, now, rate, waiting = Search(100.0, 5.0, 10.0, 100.0, 64), Measures(), 0.0, 100.0, []
    while not search.is_over:
        now += 0.1
        waiting.append(now)
        if len(waiting) >= late_s * 10:
            for at in waiting:
                for _ in range(round(rate / 10)):
                    measures.answered("sent", "200", 0.01, at)
            waiting = []
        rate = search.look(now, measures, 1, 0.1, [])
    assert search.steps[0].achieved == pytest.approx(100, rel=0.02)


def test_no_higher_rate_than_the_highest_is_tried():
    found = searched(1000, most=100)
    assert (found.capacity, found.limit, max(step.rate for step in found.steps)) == (100, "", 100)


def test_first_step_that_breaks_is_followed_by_lower_ones():
    found = searched(30, first=400.0)
    assert 25 <= found.capacity <= 35


def test_receiver_that_takes_nothing_has_no_capacity():
    assert searched(0.2, first=20.0).capacity is None


def test_search_without_a_message_left_ends_and_judges_nothing_more():
    search = Search(20.0, 5.0, 10.0, 100.0)
    going = Simulated(8, 1, pilot=search).begin().until_over()
    assert (going.master.deal.is_dealt, search.is_over, search.steps) == (True, True, [])
