"""Schedule of a worker: lives, retries, waits and duplicates as the provider has them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from callback_contract.contract_tests.meta.contract_tests.load.simulated import answered, lives
from callback_contract.mock_server.load.schedule import Answered, Job, Schedule
from callback_contract.mock_server.load.shares import Share
from callback_contract.mock_server.provider.lifecycles import Mix


def schedule(messages=1, mix=None, **more):
    made = Schedule(lives(mix=mix or Mix()), speed=60, **more)
    made.add(Share(1, range(messages), 0.0))
    return made


def run(made, answer, until_s=2000.0):
    """Goes from one due delivery to the next; yields each with its time."""
    now = 0.0
    while now < until_s:
        job = made.next(now)
        if isinstance(job, Job):
            yield now, job
            made.done(job, answer(job), now)
        elif job == float("inf"):
            return
        else:
            now += max(job, 1e-6)


def test_failed_delivery_is_tried_again_by_the_contracts_schedule_and_given_up_at_its_end():
    made = schedule()
    retry = lives().composer.callback.delivery.retry
    first = [at for at, job in run(made, lambda job: answered(False)) if job.position == 0]
    pauses = [round((later - earlier) * 60) for earlier, later in pairwise(first)]
    assert pauses == [retry.wait_s(tries) for tries in range(retry.max_tries)]
    report = made.report()["measures"]["counts"]
    steps = len(lives(mix=Mix()).of(0).steps)
    assert (report["given_up"], report["delivered"]) == (steps, 0)
    assert report["retried"] == steps * retry.max_tries


def test_next_event_waits_for_the_answer_to_the_one_before():
    made = schedule()
    first = made.next(0.0)
    assert isinstance(first, Job)
    assert made.next(1000.0) == float("inf")
    made.done(first, answered(), 1000.0)
    assert made.next(1000.0) > 0


def test_wait_that_the_receiver_asks_for_is_kept_and_is_no_try():
    made = schedule()
    asked = iter([3.0])

    def answer(job):
        wait_s = next(asked, None)
        return answered() if wait_s is None else Answered("429", 429, False, 0.01, wait_s)

    went = [(at, job.position) for at, job in run(made, answer)]
    assert went[:2] == [(0.0, 0), (pytest.approx(3.0, abs=0.01), 0)]
    counts = made.report()["measures"]["counts"]
    assert (counts["waits"], counts["retried"], counts["given_up"]) == (1, 0, 0)


def test_duplicates_have_equal_bytes():
    made = schedule(20, Mix(duplicates=1.0, concurrent=1.0))
    bodies = Counter(
        (job.message.life.number, job.step.state, made.delivery(job).body)
        for _, job in run(made, lambda job: answered())
    )
    assert set(bodies.values()) == {3}
    assert len({(number, state) for number, state, _ in bodies}) == len(bodies)


def test_burst_begins_its_messages_together_at_the_start_rate():
    made = schedule(6, per_second=2.0, burst=2)
    begins = sorted(at for at, job in run(made, lambda job: answered()) if job.position == 0)
    assert begins == pytest.approx([0, 0, 1, 1, 2, 2], abs=0.01)


def test_paused_worker_sends_nothing():
    made = schedule()
    made.rate = 0
    assert isinstance(made.next(0.0), float)
    made.rate = None
    assert isinstance(made.next(0.0), Job)


def test_delivery_whose_user_was_stopped_goes_out_again():
    made = schedule()
    job = made.next(0.0)
    made.interrupted(job)
    again = made.next(0.0)
    assert (again, again.taken_over, made.in_flight) == (job, True, 1)


def test_times_of_events_never_lie_ahead():
    made = schedule(30, Mix(reordered=1.0))
    for at, job in run(made, lambda job: answered()):
        message = job.message
        assert message.begins_s + message.planned_s[job.position] <= at + 1e-6
