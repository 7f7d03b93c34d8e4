"""The dispatcher knows what overlapped and what may be sent beyond the plan, and sends one at a time when it has to."""

from __future__ import annotations

import threading

import pytest

from callback_contract.contract_tests.meta.support.scripted import MUST, ScriptedSender, case, exchange, run_before
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.mock_server.client.sender import Pace


def together(count, at_once=4, **more):
    """The run, and its exchanges after so many deliveries were under way together."""
    here = threading.Barrier(count)

    def answer(delivery):
        here.wait(20)
        return exchange(200, delivery)

    run = run_before(answer, pace=Pace(at_once=at_once))
    deliveries = [case().delivery(CaseSession.of(run, case(), number).identity) for number in range(1, count + 1)]
    threads = [
        threading.Thread(target=run.dispatcher.send, args=(delivery,), kwargs=more, daemon=True)
        for delivery in deliveries
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return run, list(run.state.exchanges)


def test_delivery_alone_overlaps_with_nothing():
    run, (came,) = together(1)
    assert not run.dispatcher.overlapped(came)
    assert not run.dispatcher.overloaded([came])


def test_deliveries_under_way_together_overlap_and_are_no_overload():
    run, came = together(3)
    assert all(run.dispatcher.overlapped(each) for each in came)
    assert not run.dispatcher.overloaded(came)


def test_more_under_way_than_the_pace_says_is_an_overload():
    run, came = together(3, at_once=2)
    assert run.dispatcher.overloaded([exchange(), came[0]])


def test_delivery_apart_overlaps_with_nothing_and_nothing_with_it():
    run, came = together(2, apart=True)
    assert not any(run.dispatcher.overlapped(each) for each in came)


def test_delivery_ahead_that_goes_along_with_one_after_hostile_ones_is_an_overload():
    run = run_before(200)
    delivery = case().delivery(CaseSession.of(run, case(), 1).identity)
    assert run.dispatcher.overloaded([run.dispatcher.send(delivery, ahead_of=MUST.id, along=True)])
    assert not run.dispatcher.overloaded([run.dispatcher.send(delivery, along=True)])
    assert run.state.sent_in_turn == 1


def test_another_sender_may_stand_in_for_the_callbacks_own():
    run, other = run_before(200), ScriptedSender(404)
    delivery = case().delivery(CaseSession.of(run, case(), 1).identity)
    assert run.dispatcher.send(delivery, sender=other).status == 404
    assert (len(other.sent), len(run.config.sender.sent)) == (1, 0)


@pytest.mark.parametrize(("most", "planned", "affords"), [(None, 5, True), (7, 5, True), (6, 5, False), (5, 5, False)])
def test_what_the_pace_allows_beyond_the_plan_is_left_for_further_attempts(most, planned, affords):
    dispatcher = run_before(pace=Pace(most=most)).dispatcher
    dispatcher.plan(planned)
    assert dispatcher.affords(2) is affords


def test_what_is_spent_is_not_left():
    dispatcher = run_before(pace=Pace(most=10)).dispatcher
    dispatcher.plan(5)
    dispatcher.spend(4)
    assert (dispatcher.affords(1), dispatcher.affords(2)) == (True, False)


def test_batches_are_as_large_as_the_limit_and_of_one_once_it_is_serial():
    run = run_before(pace=Pace(at_once=4))
    jobs = [lambda number=number: number for number in range(5)]
    try:
        assert list(run.dispatcher.in_batches(jobs)) == [[0, 1, 2, 3], [4]]
        assert list(run.dispatcher.in_batches(jobs, 2)) == [[0, 1], [2, 3], [4]]
        assert list(run.dispatcher.in_batches(jobs, 0)) == [[0], [1], [2], [3], [4]]
        run.dispatcher.become_serial()
        assert list(run.dispatcher.in_batches(jobs)) == [[0], [1], [2], [3], [4]]
        assert (run.dispatcher.is_serial, run.dispatcher.concurrency.limit) == (True, 1)
    finally:
        run.close()


def test_closed_dispatcher_stops_its_workers():
    run = run_before(pace=Pace(at_once=2))
    list(run.dispatcher.side_by_side([lambda: None] * 3))
    run.close()
    with pytest.raises(RuntimeError):
        list(run.dispatcher.side_by_side([lambda: None]))
