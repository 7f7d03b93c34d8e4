"""Pace: bounds deliveries in total, per second, in time and in flight, and waits for flow control."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import ScriptedSender, case
from callback_contract.mock_server.client import pacing
from callback_contract.mock_server.client import sender as sending
from callback_contract.mock_server.client.flow_control import FlowControl
from callback_contract.mock_server.client.pacing import OutOfBudget, Pace, Turns, is_loopback
from callback_contract.mock_server.wire.delivery import Exchange, Response
from callback_contract.mock_server.wire.identity import Identity, Run

HERE, ELSEWHERE = "http://127.0.0.1:8080/x", "https://example.com/x"


class Clock:
    """Time that passes only while a turn is waited for."""

    def __init__(self):
        self.now, self.waits = 100.0, []

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds
        return False


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (pacing, sending):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def turns(clock, **pace):
    made = Turns(Pace(**pace))
    made._ended = clock
    return made


def sent_until_refused(turns, count=1, most=50):
    for sent in range(most):
        try:
            turns.take(count)
        except OutOfBudget as error:
            return sent * count, str(error)
    return most * count, ""


@pytest.mark.parametrize(("most", "count", "sent"), [(3, 1, 3), (1, 1, 1), (4, 2, 4), (5, 2, 4), (1, 2, 0)])
def test_exactly_as_many_deliveries_go_out_as_are_allowed(clock, most, count, sent):
    assert sent_until_refused(turns(clock, most=most), count) == (
        sent,
        f"the {most} deliveries that --max-deliveries allows are used up",
    )


def test_burst_that_is_too_large_takes_nothing_from_what_is_left(clock):
    given = turns(clock, most=3)
    with pytest.raises(OutOfBudget):
        given.take(4)
    assert sent_until_refused(given)[0] == 3


def test_without_a_bound_deliveries_go_out_at_once(clock):
    assert sent_until_refused(turns(clock)) == (50, "")
    assert clock.waits == []


def test_deliveries_keep_their_distance(clock):
    given = turns(clock, per_second=4)
    for count in (1, 2, 1):
        given.take(count)
    assert clock.waits == [0.25, 0.5]


def test_distance_counts_from_the_turn_and_not_from_what_was_missed(clock):
    given = turns(clock, per_second=4)
    given.take(1)
    clock.now += 10
    given.take(1)
    given.take(1)
    assert clock.waits == [0.25]


def test_nothing_goes_out_after_the_end_of_the_time(clock):
    assert sent_until_refused(turns(clock, until=99.0)) == (0, "the time that --max-time allows is used up")
    assert sent_until_refused(turns(clock, until=100.0), most=3) == (3, "")


def test_turn_that_comes_after_the_end_of_the_time_is_not_waited_for(clock):
    assert sent_until_refused(turns(clock, per_second=1, until=102.5))[0] == 3
    assert clock.waits == [1.0, 1.0]


def test_turn_is_not_waited_for_once_the_run_has_ended():
    given = Turns(Pace(per_second=1 / 3600))
    given.take(1)
    given.end()
    for wait in (lambda: given.take(1), lambda: given.hold(3600)):
        with pytest.raises(OutOfBudget, match="the run was stopped"):
            wait()


@pytest.mark.parametrize(
    ("urls", "options", "pace"),
    [
        ([HERE], {}, Pace(None, 16, None, None)),
        ([HERE, HERE], {"per_second": 3.0, "at_once": 2, "most": 9, "until": 5.0}, Pace(3.0, 2, 9, 5.0)),
        ([ELSEWHERE], {}, Pace(20.0, 4, 1000, None)),
        ([HERE, ELSEWHERE], {}, Pace(20.0, 4, 1000, None)),
        ([ELSEWHERE], {"per_second": 3.0, "at_once": 2, "most": 9, "until": 5.0}, Pace(3.0, 2, 9, 5.0)),
    ],
)
def test_pace_is_careful_as_soon_as_one_receiver_is_elsewhere(urls, options, pace):
    assert Pace.towards(*urls, **options) == pace


def test_pace_has_no_bound_but_company_by_default():
    assert Pace() == Pace(per_second=None, at_once=16, most=None, until=None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HERE, True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:80/", True),
        ("http://localhost/", True),
        ("http://LOCALHOST/", True),
        (ELSEWHERE, False),
        ("http://192.0.2.1/", False),
        ("http://localhost.example.com/", False),
        ("http://a.localhosts/", False),
        ("nothing", False),
    ],
)
def test_loopback_is_this_machine_and_no_other(url, expected):
    assert is_loopback(url) is expected


# A receiver that asks to come later


def later(seconds, status=429):
    return lambda delivery: Exchange(delivery, Response(status, "", (("Retry-After", str(seconds)),), b""), "", "", 0.0)


def delivered(clock, *answers, **pace):
    """What came of one delivery (its status, or why there is none), and how often it went out."""
    sender = ScriptedSender(*answers, pace=Pace(**pace))
    sender._turns._ended = clock
    try:
        came = sender.send(case().delivery(Identity(Run.fresh(), 1))).status
    except OutOfBudget as error:
        came = str(error)
    return came, len(sender.sent)


def test_receiver_that_always_says_later_is_waited_for_ten_times(clock):
    said, count = delivered(clock, later(3))
    assert (said.partition(" (")[0], count) == ("the receiver asks to come later again and again", 11)
    assert clock.waits == [3.0] * 10


def test_receiver_that_says_later_ten_times_and_then_answers_is_judged_by_its_answer(clock):
    assert delivered(clock, *[later(1)] * 9, later(1, 503), 200) == (200, 11)


def test_two_minutes_are_waited_for_and_more_is_not(clock):
    assert delivered(clock, later(120), 200) == (200, 2)
    said, count = delivered(clock, later(121), 200)
    assert ("again and again" in said, count, clock.waits) == (True, 1, [120.0])


def test_wait_beyond_the_time_of_the_run_is_not_begun(clock):
    assert delivered(clock, later(50), 200, until=clock.now + 50) == (200, 2)
    said, count = delivered(clock, later(51), 200, until=clock.now + 50)
    assert ("while the receiver asks to wait" in said, count, clock.waits) == (True, 1, [50.0])


def test_each_further_try_counts_among_the_deliveries(clock):
    assert delivered(clock, later(1), most=3) == ("the 3 deliveries that --max-deliveries allows are used up", 3)


def test_receiver_that_asks_to_wait_holds_back_the_delivery_that_it_refused_and_no_other(clock):
    sender = ScriptedSender(later(60), 200)
    sender._turns._ended = clock
    held = []
    clock.wait = lambda seconds: held.append((seconds, sender.send(case().delivery(Identity(Run.fresh(), 2))).status))
    assert sender.send(case().delivery(Identity(Run.fresh(), 1))).waited == (429,)
    assert held == [(60.0, 200)]


def test_refusal_of_one_delivery_counts_where_others_are_taken(clock):
    sender = ScriptedSender(later(0, 503))
    sender._turns.hold = lambda seconds: sender._turns.answered(200)
    refused = sender.send(case().delivery(Identity(Run.fresh(), 1)))
    assert (refused.status, len(sender.sent)) == (503, 31)


# A pace that is learned


def learned(*shares, per_second=100.0):
    """The pace, in deliveries a second, after seconds in which the receiver refuses such shares."""
    flow, now_s, paces = FlowControl(), 0.0, []
    for share in shares:
        per_second = 1 / flow.interval_s if flow.interval_s else per_second
        count = max(9, round(per_second))
        for number in range(count):
            flow.note(
                429 if number < share * count else 200, now_s + max(1.0, count / per_second) * number / (count - 1)
            )
        now_s += 1e6
        paces.append(round(1 / flow.interval_s, 1) if flow.interval_s else 0)
    return paces


def test_pace_becomes_what_was_taken_and_goes_down_while_that_helps():
    assert learned(0.0, 0.05) == [0, 0]
    assert learned(0.9) == [10.0]
    assert learned(0.9, 0.5, 0.2) == [10.0, 8.0, 6.4]


def test_pace_goes_up_where_nothing_is_refused_and_the_slower_it_had_to_get_the_later():
    assert learned(0.9, 0.0, 0.0) == [10.0, 12.5, 15.6]
    assert learned(0.9, 0.5, 0.0, 0.0) == [10.0, 8.0, 8.0, 10.0]


def test_pace_is_given_back_where_refusals_have_nothing_to_do_with_it():
    assert learned(0.3, 0.3, 0.3, 0.3, 0.9) == [70.0, 56.0, 44.8, 0, 0]


def test_receiver_that_takes_nothing_shows_no_pace():
    assert learned(1.0) == [0]


def test_learned_pace_spaces_deliveries(clock):
    given = turns(clock)
    given.flow.interval_s = 2.0
    given.take(1)
    given.take(1)
    assert clock.waits == [2.0]
