"""Campaigns over many workers: the same events for any number of them, and exact totals when one is lost."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.meta.contract_tests.load.simulated import OURS, Simulated, lives
from callback_contract.mock_server.load.capacity import Search
from callback_contract.mock_server.load.master import LOST_S
from callback_contract.mock_server.load.shares import FINISHED, Deal

MESSAGES = 60


def planned():
    return lives().planned(range(MESSAGES))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_sends_the_same_events(workers):
    done = Simulated(MESSAGES, workers).begin().until_over()
    expected = {(number, step.state) for number in range(MESSAGES) for step in lives().of(number).steps}
    assert set(done.sent) == expected
    assert (done.sent.total(), done.master.measures.delivered) == (planned(), planned())


def test_no_two_messages_have_the_same_id():
    made = lives()
    ids = {
        made.delivery(made.of(number), "sent", 0).ids for number in (*range(200), 2**19 - 2, 2**19 - 1, 2**19, 2**20)
    }
    assert len(ids) == 204


@pytest.mark.parametrize("failing", [0.0, 0.3])
def test_share_of_a_lost_worker_is_taken_over_with_equal_bytes_and_exact_totals(failing):
    going = Simulated(MESSAGES, 3, failing).begin()
    going.step()
    going.step()
    going.now_s += 3  # the times of events are whole seconds
    before = dict(going.sent)
    going.silent = {"w0"}
    going.until_over()
    measures = going.master.measures
    assert measures.delivered + measures.given_up == planned()
    assert {len(bodies) for bodies in going.bodies.values()} == {1}
    assert going.master.deal.moved > 0
    assert measures.taken_over > 0
    assert set(before) <= set(going.sent)


def test_what_was_over_when_a_worker_was_lost_is_not_sent_again():
    going = Simulated(8, 1).begin()
    for _ in range(6):
        going.step()
    over = set(going.sent)
    deal = going.master.deal
    finished = {n for held in deal._open.values() for n, steps in held.over.items() if steps == -1}
    going.master.hello("w1", OURS)
    going.silent = {"w0"}
    counts = dict(going.sent)
    going.until_over()
    assert finished
    assert {event: going.sent[event] for event in over if event[0] in finished} == {
        event: counts[event] for event in over if event[0] in finished
    }


def test_silent_worker_is_given_up_and_dismissed_when_it_comes_back():
    going = Simulated(MESSAGES, 2).begin()
    going.step()
    going.now_s += LOST_S + 1
    going.report("w1")
    assert going.master.look() == ["w0"]
    going.report("w0")
    going.report("w0")
    assert [told for told in going.told if told[1] == "dismissed"] == [("w0", "dismissed")]
    assert going.master.alive == ["w1"]


def test_no_worker_is_given_up_for_a_silence_that_all_have_until_a_minute_is_over():
    going = Simulated(MESSAGES, 2).begin()
    going.step()
    going.now_s += 3 * LOST_S
    assert (going.master.look(), going.master.alive) == ([], ["w0", "w1"])
    going.now_s += 4 * LOST_S
    assert (going.master.look(), going.master.is_over) == (["w0", "w1"], True)


def test_report_of_a_worker_that_was_given_up_counts_nothing():
    going = Simulated(MESSAGES, 2).begin()
    going.step()
    going.silent = {"w0"}
    going.master.look(lambda name: name == "w0")
    before = going.master.measures.delivered, going.master.deal.finished
    going.report("w0")
    assert (going.master.measures.delivered, going.master.deal.finished) == before


@pytest.mark.parametrize("part", ["kit", "contract", "options"])
def test_worker_that_has_something_else_is_refused(part):
    going = Simulated(4, 0)
    going.master.hello("odd", {**OURS, part: "other"})
    going.master.begin()
    assert (going.master.alive, list(going.master.refused["odd"])) == ([], [part])
    assert going.told == [("odd", "refused")]


def test_worker_that_comes_late_takes_part():
    going = Simulated(MESSAGES, 1).begin()
    going.step()
    going.master.hello("late", OURS)
    going.until_over()
    assert going.master.workers["late"].tries > 0


def test_rate_is_that_of_all_workers_and_stays_when_one_is_lost():
    going = Simulated(MESSAGES, 2, rate=40).begin()
    for _ in range(20):
        going.step()
    going.silent = {"w0"}
    going.until_over()
    seconds = going.now_s - 0.1
    assert planned() / 40 <= seconds
    assert all(sum(at <= each < at + 1 for each in going.at) <= 45 for at in going.at)


def test_campaign_that_nobody_answers_is_over_at_once():
    going = Simulated(MESSAGES, 1).begin()
    going.master.measures.answers["refused"] = 3
    assert going.master.is_over
    going.master.measures.answers["200"] = 1
    assert not going.master.is_over


@pytest.mark.parametrize("asks_to_wait", [False, True])
@pytest.mark.parametrize("workers", [1, 3])
def test_campaign_ends_with_as_many_deliveries_as_are_allowed(workers, asks_to_wait):
    going = Simulated(MESSAGES, workers, most=90)
    going.asks_to_wait = asks_to_wait
    going.begin().until_over()
    assert (going.sent.total(), going.master.deal.is_over) == (90, False)
    going.sent.clear()
    assert going.begin().until_over().sent.total() == 90


def test_cap_that_is_just_enough_cuts_nothing_off():
    done = Simulated(MESSAGES, 3, most=planned()).begin().until_over()
    assert (done.sent.total(), done.master.deal.is_over) == (planned(), True)


def test_what_a_lost_worker_may_have_sent_counts_for_the_cap():
    going = Simulated(MESSAGES, 2, most=90).begin()
    going.step()
    going.step()
    unreported = going.master.workers["w0"].allowed
    going.silent = {"w0"}
    going.until_over()
    assert unreported > 0
    assert going.sent.total() == 90 - unreported


def test_search_for_the_capacity_ends_at_the_cap():
    pilot = Search(400.0, 5.0, 2.0, 1e6)
    done = Simulated(MESSAGES, 2, pilot=pilot, most=90).begin().until_over()
    assert (done.sent.total(), pilot.is_over) == (90, False)


def test_share_of_a_core_is_that_of_the_whole_run():
    row = Simulated(MESSAGES, 1).begin().until_over().master.workers["w0"]
    assert (row.mean_cpu, row.watched_s) == (pytest.approx(0.5), pytest.approx(row.seen_s, abs=0.3))


def test_second_start_is_another_run():
    done = Simulated(8, 2).begin().until_over()
    first = done.master.run.id
    done.begin().until_over()
    assert done.master.run.id != first
    assert done.master.measures.delivered == lives().planned(range(8))


def test_progress_of_a_share_that_another_has_counts_nothing():
    deal = Deal(4, 2)
    share = deal.take("w0", 1, 0.0)
    assert deal.note("w1", {share.number: {0: FINISHED}}) is False
    assert deal.note("w0", {99: {0: FINISHED}}) is False
    assert (deal.finished, deal.note("w0", {share.number: {0: FINISHED}})) == (0, True)


def test_account_of_the_master_does_not_grow_with_the_messages():
    deal = Deal(100_000, 500)
    while share := deal.take("w", 4, 0.0):
        assert (len(deal._open), len(deal._cut) < 4) == (1, True)
        assert deal.note("w", {share.number: dict.fromkeys(share.messages, FINISHED)})
    assert (deal.is_over, deal._open) == (True, {})
