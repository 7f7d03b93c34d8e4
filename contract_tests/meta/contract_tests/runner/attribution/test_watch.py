"""Watch: a receiver that was away or full gets the delivery again; what stops a receiver breaks its own rule."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import (
    BURSTS,
    CATALOGUE,
    MUST,
    asked,
    case,
    exchange,
    reconfigured,
    run_before,
)
from callback_contract.contract_tests.model.verdicts import Block, RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution import suspects
from callback_contract.contract_tests.runner.attribution import watch as watching
from callback_contract.contract_tests.runner.attribution.stops import verdict_on_stops
from callback_contract.contract_tests.runner.attribution.watch import watch_over
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError

LIVES, SHOULD = CATALOGUE["LIVE-01"], CATALOGUE["ACK-06"]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Time that passes only while the watch waits."""
    clock = SimpleNamespace(now=time.perf_counter(), slept=[])

    def sleep(seconds):
        clock.slept.append(seconds)
        clock.now += max(seconds, 1e-6)

    passing = SimpleNamespace(sleep=sleep, monotonic=lambda: clock.now, perf_counter=lambda: clock.now)
    for module in (watching, suspects):
        monkeypatch.setattr(module, "time", passing)
    return clock


def watched(clock, *answers, rules=(MUST, BURSTS), **more):
    """A run that is watched, before a receiver that answers so, one answer or a function for each delivery."""

    def at(answer):
        def came(delivery):
            clock.now += 1e-3
            given = answer(delivery) if callable(answer) else answer
            return replace(exchange(given, delivery), begun_s=clock.now)

        return came

    run = run_before(*map(at, answers), rules=rules, **more)
    watch_over(run)
    return run


def sent(run, test=None, label="a case", *, number=1, overlapped=False):
    """What counts of one delivery."""
    contact = CaseSession.of(run, case(label), number, test=test)
    if overlapped:
        run.dispatcher.overlapped = lambda exchange: True
    return contact.deliver()


class Mortal:
    """A receiver that stops after some bodies, and answers again after some deliveries; None for never."""

    def __init__(self, deadly, *, away=3, at_once=False):
        self.deadly, self.away, self.at_once, self.missed = deadly, away, at_once, None

    def __call__(self, delivery):
        if self.missed is not None:
            self.missed += 1
            if self.away is None or self.missed <= self.away:
                return "refused"
            self.missed = None
        if self.deadly(delivery):
            self.missed = 0
            return "reset" if self.at_once else 200
        return 200


HOSTILE = replace(asked(), rule_id="FWD-04")


def deadly(delivery):
    return b"deadly" in delivery.body


def lethal(**more):
    """A case of a body that stops a receiver, and one that does not."""
    return replace(case("a deadly body", **more), mangle=lambda body: body + b" deadly")


# No answer


def test_delivery_that_a_receiver_missed_goes_out_again_when_it_is_back(clock):
    run = watched(clock, "timeout", "timeout", 200, 200)
    assert sent(run).acknowledged
    assert (run.state.absences, run.state.stops, len(run.state.excused)) == (1, [], 2)


def test_delivery_that_gets_no_answer_though_the_receiver_lives_counts(clock):
    run = watched(clock, "timeout", 200)
    assert (sent(run).failure, run.state.plain_sent, run.state.excused) == ("timeout", 1, set())


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


def test_receiver_that_stops_a_while_after_the_answer_is_given_more_time(clock):
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
        clock.now += 0.6
        sent(run, innocent, number=number)
    assert list(run.state.late_findings) == ["FWD-04"]


def test_deliveries_that_missed_the_receiver_together_are_found_out_about_once(clock):
    run = watched(clock, "refused", "refused", 200)
    missed = replace(exchange("refused", case().delivery(CaseSession.of(run, case(), 1).identity)), begun_s=clock.now)
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


# A refusal beside others


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_delivery_that_is_refused_beside_others_counts_as_alone_and_is_left_to_the_burst_rule(clock, status):
    run = watched(clock, status, 200)
    assert sent(run, HOSTILE, overlapped=True).acknowledged
    (finding,) = run.state.contended
    assert (finding.case, clock.slept) == ("other deliveries under way (FWD-04, a case)", [1.0])
    assert run.dispatcher.is_serial


def test_refusal_that_stays_is_the_deliverys_own_and_its_kind_is_not_asked_alone_again(clock):
    run = watched(clock, 503)
    assert sent(run, HOSTILE, overlapped=True).status == 503
    assert sent(run, HOSTILE, number=2).status == 503
    assert (run.state.contended, clock.slept) == ([], [1.0, 1.0])


def test_refusal_alone_that_is_none_at_once_is_no_limit(clock):
    run = watched(clock, 502, 200)
    assert (sent(run, HOSTILE).status, run.state.contended, clock.slept) == (502, [], [])


def test_limit_is_told_though_deliveries_come_one_by_one(clock):
    run = watched(clock, 503, 503, 200)
    assert sent(run, HOSTILE).acknowledged
    assert len(run.state.contended) == 1


@pytest.mark.parametrize(("rules", "rule_id"), [((MUST, BURSTS), "LOD-01"), ((MUST,), "FWD-04")])
def test_burst_itself_is_not_excused_nor_anything_where_nobody_judges_bursts(clock, rules, rule_id):
    run = watched(clock, 503, 200, rules=rules)
    assert sent(run, replace(HOSTILE, rule_id=rule_id), overlapped=True).status == 503


def test_refusal_after_the_burst_rule_was_judged_breaks_it_still(clock):
    run = watched(clock, 503, 200)
    run.state.rule_judged(RuleResult(BURSTS, Verdict.PASS, cases=1))
    sent(run, HOSTILE, overlapped=True)
    assert run.state.results["LOD-01"].verdict is Verdict.FAIL
