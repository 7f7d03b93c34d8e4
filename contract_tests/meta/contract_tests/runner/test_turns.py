"""Turns of rules: what ends a run early, what a result holds, and what is said of a receiver that shows nothing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.meta.support.scripted import (
    CATALOGUE,
    FIRST,
    MUST,
    SHOULD,
    asked,
    case,
    exchange,
    reconfigured,
    run_before,
)
from callback_contract.contract_tests.model.cases import purpose_of
from callback_contract.contract_tests.model.observations import Stop, Stored
from callback_contract.contract_tests.model.verdicts import Finding, Means, RuleResult, Verdict
from callback_contract.contract_tests.runner import judge as judging
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.judge import (
    add_example_hint,
    add_read_back_hint,
    judge,
    judge_in_turn,
    judge_rules,
)
from callback_contract.contract_tests.runner.liveness import valid_after_hostile
from callback_contract.contract_tests.runner.rule_tests import story_key
from callback_contract.contract_tests.stimuli.valid import generated
from callback_contract.contract_tests.target.read_back import HttpReadBack
from callback_contract.mock_server.client.sender import Pace
from callback_contract.openapi.text.message import Text

LIVES, CHANCE = CATALOGUE["LIVE-01"], CATALOGUE["LIVE-02"]
STORES = CATALOGUE["STA-01"]
THREE = CATALOGUE.select(("DAT-01", "DAT-02", "DAT-03"))


def finding(*exchanges):
    return Finding(FIRST.name, "case", "this", "that", exchanges, True, False)


# What ends a run early


def run_of_three(broken_at, **more):
    """A run of three rules, of which the receiver breaks one; each has a body of its own."""
    run = run_before(lambda delivery: exchange(500 if b"broken" in delivery.body else 200, delivery), rules=THREE)
    tests = {}
    for place, rule in enumerate(run.config.order):
        mark = b"broken" if place == broken_at else b"held"
        tests[rule.id] = asked(replace(case(), mangle=lambda body, mark=mark: body + mark))
        tests[rule.id].stimuli.__qualname__ = rule.id
    return run, judge_rules(run, tests, **more)


@pytest.mark.parametrize(("broken_at", "judged"), [(0, 1), (1, 2)])
def test_first_rule_that_fails_ends_a_run_where_that_is_asked_for(broken_at, judged):
    run, ended_by = run_of_three(broken_at, fail_fast=True)
    assert ended_by is run.config.order[broken_at]
    assert len(run.state.results) == judged


@pytest.mark.parametrize("broken_at", [2, None])
def test_run_of_which_all_rules_are_judged_is_ended_by_none(broken_at):
    run, ended_by = run_of_three(broken_at, fail_fast=True)
    assert (ended_by, len(run.state.results)) == (None, 3)


def test_rule_that_fails_ends_no_run_unasked():
    run, ended_by = run_of_three(0)
    assert (ended_by, len(run.state.results)) == (None, 3)


# Stops


def run_that_stopped(*, times=2, judged=False):
    run = run_before(200)
    for _ in range(times):
        run.state.stop_seen(Stop.now(exchange("refused"), 1, is_long=True))
        run.state.stops[-1].came_back = True
    if judged:
        run.state.rule_judged(RuleResult(LIVES, Verdict.PASS))
    judge_rules(run, {})
    return run.state.results


def test_stops_are_told_though_nobody_asked_for_their_rule():
    assert run_that_stopped()["LIVE-01"].verdict is Verdict.FAIL


@pytest.mark.parametrize("times", [0, 1])
def test_rule_that_nobody_asked_for_is_not_told_where_it_holds(times):
    assert run_that_stopped(times=times) == {}


def test_rule_on_stops_is_judged_once():
    assert run_that_stopped(judged=True)["LIVE-01"].verdict is Verdict.PASS


def test_rest_of_a_rule_that_stopped_the_receiver_is_not_sent():
    run = run_before(200)
    late = finding()

    def check(receiver):
        receiver.deliver()
        run.state.found_late(MUST, late)

    result = judge(run, MUST, asked(*[case(f"case {number}") for number in range(4)], check=check, sends=1))
    assert (result.findings, len(run.state.exchanges)) == ([late], 1)


# What a result holds


def test_result_has_the_time_that_judging_took(monkeypatch):
    moments = iter((10.0, 12.5))
    monkeypatch.setattr(judging, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    assert judge_in_turn(run_before(200), MUST, asked(), {}).duration_s == 2.5


@pytest.mark.parametrize("together", [True, False])
def test_result_has_the_bursts_of_its_rule_where_that_is_about_bursts(together):
    def check(receiver):
        receiver.deliver_at_once([receiver.another(number) for number in range(2)])

    run = run_before(200, pace=Pace(at_once=2))
    test = asked(check=check, sends=2, together=together)
    try:
        CaseSession.of(run, case(), 7).deliver_at_once([case().delivery(CaseSession.of(run, case(), 8).identity)])
        result = judge_in_turn(run, MUST, test, {})
    finally:
        run.close()
    assert [len(burst.exchanges) for burst in result.bursts] == [2] * together


@pytest.mark.parametrize(
    ("answers", "rules", "holds"),
    [((500, 200), (MUST, CHANCE), True), ((500, 200), (MUST,), False), ((200,), (MUST, CHANCE), False)],
)
def test_verdict_that_chance_may_explain_is_held_back(answers, rules, holds):
    run = run_before(*answers, rules=rules)
    judge_in_turn(run, MUST, asked(), {})
    assert run.state.holds_verdicts is holds


@pytest.mark.parametrize(
    ("reason", "means"),
    [(Text("reason.left-out-quickly"), Means.DEPTH), (Text("reason.left-out", most=3), Means.DELIVERIES)],
)
def test_rule_that_is_left_out_says_what_would_let_it_be_judged(reason, means):
    run = run_before(200)
    run.state.rules_left_out({MUST.id: reason})
    result = judge_in_turn(run, MUST, asked(), {})
    assert (result.verdict, result.lacks, run.state.exchanges) == (Verdict.NOT_APPLICABLE, {means}, [])
    assert result.reason is reason


def test_first_hostile_case_is_told_by_the_look_after_all_of_them():
    run, first, last = run_before(200), case("first"), case("last")
    judge(run, MUST, asked(first, last, is_hostile=True))
    assert list(run.state.stories) == [story_key(valid_after_hostile, first)]


def test_drawn_case_that_breaks_is_narrowed_and_no_other(monkeypatch):
    drawn, narrowed = case("drawn", looks_at=(purpose_of(generated), 0)), []

    def narrow(run, test, scope, case, number, finding):
        narrowed.append(case.label)
        return finding

    monkeypatch.setattr(judging, "narrowed", narrow)
    judge(run_before(500), MUST, asked(case("chosen"), drawn))
    assert narrowed == ["drawn"]


# Looks at what is stored


def test_each_message_that_cases_look_at_is_looked_up_once_before_they_are_judged():
    asked_for, at_first = [], []

    def read(message_id):
        asked_for.append(message_id)
        return Stored("seen", 1)

    run = run_before(200, 200, 500, rules=(STORES,), read_back=read)
    for index in range(3):
        sent = case().delivery(CaseSession.of(run, case(), index).identity)
        came = run.dispatcher.send(replace(sent, ids=(f"message {index}", "part of it")))
        run.state.exchange_shared(("kept", FIRST.name, index), came)
    looks = [case("looks back", looks_at=(purpose, index)) for purpose, index in (("kept", 0), ("kept", 0))]
    looks += [case("goes on", looks_at=("kept", 1), states=("seen",)), case("refused", looks_at=("kept", 2))]
    looks += [case("never sent", looks_at=("kept", 3)), case("looks at none")]
    check = lambda receiver: at_first.append(list(asked_for))  # noqa: E731
    judge(run, STORES, asked(*looks, check=check, sends=1))
    assert at_first == [["message 0"]] * len(looks)


def test_rule_that_looks_at_answers_alone_looks_nothing_up():
    run = run_before(200, read_back=lambda message_id: pytest.fail("it was asked for"))
    run.state.exchange_shared(("kept", FIRST.name, 0), CaseSession.of(run, case(), 1).deliver())
    result = judge(run, MUST, asked(case(looks_at=("kept", 0)), check=lambda receiver: None, sends=1))
    assert result.verdict is Verdict.PASS


# Hints


def hinted(*shown, rule=STORES, findings=1, url=False):
    """The reason of a rule on what is stored, where read-back showed these states."""
    read_back = HttpReadBack.__new__(HttpReadBack) if url else (lambda message_id: None)
    if url:
        read_back.access = SimpleNamespace(shown_url="http://there/{id}")
    run = reconfigured(run_before(200), read_back=read_back)
    for state in shown:
        run.state.state_shown(state)
    result = RuleResult(rule, Verdict.FAIL, "as before", findings=[finding()] * findings)
    add_read_back_hint(run, result)
    return result.reason


@pytest.mark.parametrize("url", [True, False])
def test_read_back_that_showed_nothing_is_asked_about_by_its_place(url):
    reason = hinted(url=url)
    assert reason.startswith("as before; ") and ("http://there/{id}" in reason) is url


@pytest.mark.parametrize("url", [True, False])
def test_states_that_the_contract_does_not_know_are_asked_about(url):
    reason = hinted("odd", "x" * 50, url=url)
    assert "'odd'" in reason and "x" * 40 in reason and "x" * 41 not in reason
    assert "http" not in reason


def test_five_unknown_states_are_named_at_most():
    reason = hinted(*(f"odd{number}" for number in range(7)))
    assert [f"odd{number}" in reason for number in range(7)] == [True] * 5 + [False] * 2


@pytest.mark.parametrize("url", [True, False])
def test_state_that_the_contract_knows_is_asked_nothing_about(url):
    assert hinted("odd", FIRST.delivery.order.states[0], url=url) == "as before"


@pytest.mark.parametrize("how", [{"rule": MUST}, {"findings": 0}])
def test_rule_without_a_finding_or_that_reads_nothing_back_is_asked_nothing_about(how):
    assert hinted(**how) == "as before"


@pytest.mark.parametrize(
    ("requires", "findings", "refused", "is_told"),
    [((), 1, True, True), (("ACK-01",), 1, True, False), ((), 0, True, False), ((), 1, False, False)],
)
def test_first_rule_that_breaks_tells_of_the_examples_of_a_refused_contact(
    monkeypatch, requires, findings, refused, is_told
):
    monkeypatch.setattr(judging, "from_examples", lambda scope: Text("case.plain"))
    run = run_before(200)
    if refused:
        run.state.contact_refused(FIRST.name)
    rule = replace(SHOULD, requires=requires)
    result = RuleResult(rule, Verdict.FAIL, "as before", findings=[finding()] * findings)
    add_example_hint(run, result)
    assert result.reason == ("as before; a plain valid delivery" if is_told else "as before")
