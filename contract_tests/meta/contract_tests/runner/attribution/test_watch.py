"""Watch: a receiver that was away gets the delivery again; what stops a receiver breaks its own rule."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support import watched as watches
from callback_contract.contract_tests.meta.support.scripted import (
    CATALOGUE,
    FIRST,
    MUST,
    SECOND,
    asked,
    case,
    exchange,
    reconfigured,
)
from callback_contract.contract_tests.meta.support.watched import HOSTILE, Mortal, deadly, lethal, sent, watched
from callback_contract.contract_tests.model.observations import Stop
from callback_contract.contract_tests.model.verdicts import Block, RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution.stops import verdict_on_stops
from callback_contract.contract_tests.runner.attribution.watch import watch_over
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError
from callback_contract.contract_tests.runner.rule_tests import Stimulus

clock = watches.clock  # the fixture

LIVES, SHOULD = CATALOGUE["LIVE-01"], CATALOGUE["ACK-06"]


def test_delivery_that_a_receiver_missed_goes_out_again_when_it_is_back(clock):
    run = watched(clock, "timeout", "timeout", 200, 200)
    assert sent(run).acknowledged
    assert (run.state.absences, run.state.stops, len(run.state.excused), run.state.plain_sent) == (1, [], 2, 2)


def test_delivery_that_is_missed_again_after_the_return_is_found_out_about_again(clock):
    run = watched(clock, "timeout", "timeout", 200, "timeout", 200)
    assert (sent(run).failure, run.state.plain_sent) == ("timeout", 3)


@pytest.mark.parametrize("callbacks", [(FIRST, SECOND), (SECOND, FIRST)])
def test_plain_deliveries_after_one_without_an_answer_are_of_its_callback(clock, callbacks):
    run = watched(clock, "timeout", 200, callbacks=callbacks)
    CaseSession.of(run, case(callback=callbacks[1]), 1).deliver()
    assert {delivery.callback for delivery in run.config.sender.sent} == {callbacks[1].name}


def test_delivery_that_gets_no_answer_though_the_receiver_lives_counts(clock):
    run = watched(clock, "timeout", 200)
    assert (sent(run).failure, run.state.plain_sent, run.state.excused) == ("timeout", 1, set())


def test_plain_delivery_that_asks_whether_the_receiver_lives_has_the_whole_time_out(clock):
    most_s = []

    def answering(failure):
        return lambda _: most_s.append(run.config.sender.most_s) or failure

    run = watched(clock, answering("timeout"), answering(200))
    run.dispatcher.hurry.most_s = run.config.sender.most_s = 1.0
    sent(run)
    assert most_s == [1.0, None]


def test_few_lost_connections_are_asked_again_and_more_count(clock):
    run = watched(clock, *["reset", 200, 200] * 4)
    came = [sent(run, number=number).failure for number in range(4)]
    assert came == ["", "reset", "", "reset"]  # of few deliveries, one is few


def test_lost_connections_of_one_kind_count_sooner_than_those_of_all(clock):
    run = watched(clock, lambda delivery: "reset" if deadly(delivery) else 200)
    for number in range(100):
        sent(run, replace(asked(), rule_id="ACK-01"), number=number)
    other = replace(asked(), rule_id="FWD-04", sends=1, check=deadly)
    assert CaseSession.of(run, lethal(), 200, test=other).deliver().failure == "reset"
    assert CaseSession.of(run, lethal(), 201, test=other).deliver().failure == "reset"


def test_lost_connections_of_a_kind_are_compared_with_its_own_deliveries_alone(clock):
    run = watched(clock, "reset", 200, 200, "reset", 200, 200)
    for number in range(200):
        kind = replace(asked(), rule_id="ACK-01")
        kind.stimuli.__qualname__ = "a first kind" if number % 2 else "the last kind"
        run.state.delivery_sent(exchange(), stimulus=Stimulus(kind, case(), number))
    few = replace(asked(), rule_id="FWD-04")
    few.stimuli.__qualname__ = "kind of few"
    assert [sent(run, few, number=number).failure for number in range(2)] == ["", "reset"]


def test_lost_connections_of_all_kinds_count_together(clock):
    run = watched(clock, *["reset", 200, 200] * 3)
    for _ in range(5):
        run.state.delivery_sent(exchange())
    kinds = [asked() for _ in range(3)]
    for number, kind in enumerate(kinds):
        kind.stimuli.__qualname__ = f"kind {number}"
    assert [sent(run, kind).failure for kind in kinds] == ["", "", "reset"]
    assert run.dispatcher._watch._resets.total() == 2


def test_lost_connections_of_plain_deliveries_are_compared_with_plain_ones(clock):
    run = watched(clock, *["reset", 200, 200] * 2)
    for number in range(200):
        run.state.delivery_sent(exchange(), stimulus=Stimulus(HOSTILE, case(), number))
    assert [sent(run, number=number).failure for number in range(2)] == ["", "reset"]


def test_receiver_that_stopped_is_waited_for_five_seconds(clock):
    run = watched(clock, "refused")
    with pytest.raises(UnmetPreconditionError):
        sent(run)
    assert clock.slept[:2] == [0.0, 1.0]
    assert set(clock.slept[2:]) == {0.25}
    assert sum(clock.slept[2:]) == pytest.approx(5, abs=0.3)


def test_what_is_played_again_counts_for_nothing(clock):
    run = watched(clock, Mortal(deadly))
    CaseSession.of(run, lethal(), 2, test=HOSTILE).deliver()
    sent(run)
    _, *again = [each for each in run.state.exchanges if deadly(each.delivery)]
    assert len(again) == 2
    assert {id(each) for each in again} <= run.state.excused
    assert clock.slept.count(0.5) == 2


def test_receiver_that_the_kit_started_has_thirty_seconds_to_start_again(clock):
    run = reconfigured(watched(clock, "refused"), process=SimpleNamespace(ended=lambda: "", start_again=lambda: None))
    watch_over(run)
    with pytest.raises(UnmetPreconditionError):
        sent(run)
    assert sum(clock.slept) == pytest.approx(1 + 5 + 30, abs=0.5)


def test_receiver_that_the_kit_started_and_that_ended_is_not_waited_for(clock):
    run = reconfigured(watched(clock, "refused"), process=SimpleNamespace(ended=lambda: "1", start_again=lambda: None))
    watch_over(run)
    with pytest.raises(UnmetPreconditionError):
        sent(run)
    assert sum(clock.slept) == 1


def played(clock, stopping, suspects=15):
    """The places of the suspects that are played, each with the time for work; one stops at the given plays."""
    watch, plays = watched(clock, 200).dispatcher._watch, []

    def stopped_by(suspect, work_s, stop, scope):
        plays.append((suspect, work_s))
        return "its session" if len(plays) in stopping else None

    watch._stopped_by = stopped_by
    return watch._culprit(range(suspects), 0.5, None, None), plays


def test_suspect_that_stops_the_receiver_twice_is_the_culprit(clock):
    assert played(clock, {3, 4}) == ((2, "its session"), [(0, 0.5), (1, 0.5), (2, 0.5), (2, 0.5)])


@pytest.mark.parametrize(("place", "later"), [(0, []), (4, [3, 2, 1, 0]), (12, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])])
def test_up_to_ten_that_were_played_before_a_stop_are_played_again_with_more_time_latest_first(clock, place, later):
    culprit, plays = played(clock, {place + 1})
    assert (culprit, plays[place + 2 :]) == (None, [(each, 5.0) for each in later])


def test_with_more_time_a_stop_that_is_not_repeated_is_nobodys(clock):
    culprit, plays = played(clock, {5, 8})
    assert (culprit, [place for place, _ in plays]) == (None, [0, 1, 2, 3, 4, 4, 3, 2, 2, 1, 0])


@pytest.mark.parametrize("before", ["explained", "short"])
def test_stop_after_one_that_is_explained_or_short_is_found_out_about(clock, before):
    run = watched(clock, Mortal(deadly))
    stop = Stop.now(exchange(), 1, is_long=before == "explained")
    stop.culprit = "ACK-01" if before == "explained" else ""
    run.state.stop_seen(stop)
    CaseSession.of(run, lethal(), 2, test=HOSTILE).deliver()
    sent(run)
    assert list(run.state.late_findings) == ["FWD-04"]


def test_receiver_that_does_not_come_back_breaks_the_rule_on_life_and_the_rest_is_blocked(clock):
    run = watched(clock, Mortal(deadly, away=None))
    CaseSession.of(run, lethal(), 1, test=HOSTILE).deliver()
    with pytest.raises(UnmetPreconditionError):
        sent(run)
    result = judge(run, LIVES, replace(asked(), check=verdict_on_stops, over_the_run=True))
    (finding,) = result.findings
    assert (result.verdict, "FWD-04 (a deadly body)" in finding.case) == (Verdict.FAIL, True)
    assert finding.actual.startswith("none any more from ")
    assert judge(run, MUST, asked()).blocked_for == {case().callback.name: Block("LIVE-01")}
    assert sum(clock.slept) >= 5


def test_rule_in_hand_is_blocked_where_the_receiver_ends_meanwhile(clock):
    run = watched(clock, 200, "refused")
    result = judge(run, MUST, asked(*[case(f"case {number}") for number in range(3)]))
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "blocked: LIVE-01 is broken")


@pytest.mark.parametrize("at_once", [True, False])
def test_stimulus_that_stops_the_receiver_twice_breaks_its_rule(clock, at_once):
    run = watched(clock, Mortal(deadly, at_once=at_once))
    sent(run, replace(asked(), rule_id="ACK-01"), "an innocent case", number=1)
    CaseSession.of(run, lethal(), 2, test=HOSTILE).deliver()
    sent(run, replace(asked(), rule_id="ACK-03"), "a later case", number=3)
    ((rule, (finding,)),) = run.state.late_findings.items()
    assert (rule, finding.case, finding.repeated) == ("FWD-04", "a deadly body", True)
    result = verdict_on_stops(run, LIVES)
    assert (result.verdict, result.blocked_for[finding.callback].by) == (Verdict.BLOCKED, "FWD-04")


def test_rule_that_was_judged_before_gets_its_late_finding(clock):
    run = watched(clock, Mortal(deadly))
    rule = CATALOGUE["FWD-04"]
    run.state.rule_judged(RuleResult(rule, Verdict.PASS, cases=1))
    CaseSession.of(run, lethal(), 2, test=HOSTILE).deliver()
    sent(run)
    assert (run.state.results["FWD-04"].verdict, len(run.state.results["FWD-04"].findings)) == (Verdict.FAIL, 1)


def test_rest_of_a_rule_that_stops_the_receiver_is_not_sent(clock):
    run = watched(clock, Mortal(deadly, at_once=True))
    cases = [replace(lethal(), label=f"case {number}") for number in range(9)]
    result = judge(run, CATALOGUE["FWD-04"], replace(asked(*cases), rule_id="FWD-04"))
    assert (result.verdict, len(result.findings)) == (Verdict.FAIL, 1)
    assert sum(map(deadly, run.config.sender.sent)) == 3  # once, and twice played again


def test_stimulus_of_a_recommendation_leaves_the_stop_to_the_rule_on_life(clock):
    run = watched(clock, Mortal(deadly))
    CaseSession.of(run, lethal(), 2, test=replace(asked(), rule_id="ACK-06")).deliver()
    sent(run)
    assert SHOULD.level == "SHOULD"
    assert verdict_on_stops(run, LIVES).verdict is Verdict.FAIL


def stopping_at(*numbers, away=2):
    """Stops at some deliveries, whatever they are, and misses those that come after."""
    seen, left = [0], [0]

    def answer(delivery):
        if left[0]:
            left[0] -= 1
            return "refused"
        seen[0] += 1
        if seen[0] in numbers:
            left[0] = away
            return "refused"
        return 200

    return answer


def test_stop_that_nothing_repeats_is_a_note_and_a_second_one_a_failure(clock):
    run = watched(clock, stopping_at(2, 200))
    for number in range(5):
        assert sent(run, HOSTILE, number=number).acknowledged
    first = verdict_on_stops(run, LIVES)
    assert (first.verdict, first.reason.startswith("it answered nothing for a while, once")) == (Verdict.PASS, True)
    for number in range(200):
        assert sent(run, HOSTILE, number=number).acknowledged
    second = verdict_on_stops(run, LIVES)
    assert (second.verdict, len(second.findings)) == (Verdict.FAIL, 2)


def test_moment_in_which_nobody_listens_is_no_stop_that_counts(clock):
    run = watched(clock, stopping_at(2, 100, 200, away=1))
    for number in range(300):
        assert sent(run, HOSTILE, number=number).acknowledged
    assert (verdict_on_stops(run, LIVES).verdict, len(run.state.stops) > 1) == (Verdict.PASS, True)


def test_receiver_that_the_kit_started_is_started_again(clock):
    mortal = Mortal(deadly, away=None)

    def start_again():
        mortal.missed = None

    process = SimpleNamespace(ended=lambda: "", start_again=start_again)
    run = reconfigured(watched(clock, mortal), process=process)
    watch_over(run)
    CaseSession.of(run, lethal(), 1, test=HOSTILE).deliver()
    assert sent(run).acknowledged
    assert list(run.state.late_findings) == ["FWD-04"]


@pytest.mark.parametrize("pause_s", [0.6, 0.75, 0.9, 1.5])
def test_receiver_that_stops_a_while_after_the_answer_is_given_more_time(clock, pause_s):
    due, missed = [], []

    def dies_later(delivery):
        if due and clock.now > due[0] + 3:
            due.clear()
            missed[:] = ["refused"] * 3
        if deadly(delivery):
            due.append(clock.now)
        return missed.pop() if missed else 200

    run = watched(clock, dies_later)
    innocent = replace(asked(), rule_id="ACK-03")
    for number in range(9):
        sent(run, innocent, number=number)
    CaseSession.of(run, lethal(), 9, test=HOSTILE).deliver()
    for number in range(10, 16):
        clock.now += pause_s
        sent(run, innocent, number=number)
    assert list(run.state.late_findings) == ["FWD-04"]


@pytest.mark.parametrize("failure", ["refused", "timeout"])
def test_deliveries_that_missed_the_receiver_together_are_found_out_about_once(clock, failure):
    run = watched(clock, "refused", "refused", 200)
    missed = replace(exchange(failure, case().delivery(CaseSession.of(run, case(), 1).identity)), begun_s=clock.now)
    watch = run.dispatcher._watch
    for _ in range(3):
        assert watch.settled(missed, lambda: exchange(200), overlapped=True, stimulus=None).acknowledged
    assert (run.state.absences, run.state.plain_sent) == (1, 3)


def test_suspects_of_a_further_stop_are_not_played_again(clock):
    run = watched(clock, stopping_at(2, 200))
    for number in range(300):
        sent(run, HOSTILE, number=number)
    assert len(run.state.stops) == 2
    assert len(run.config.sender.sent) < 330


def test_receiver_that_stops_again_and_again_has_ended(clock):
    run = watched(clock, stopping_at(*range(2, 10**5, 40)))
    with contextlib.suppress(UnmetPreconditionError):
        for number in range(10**3):
            sent(run, HOSTILE, number=number)
    assert len(run.state.stops) == 6
