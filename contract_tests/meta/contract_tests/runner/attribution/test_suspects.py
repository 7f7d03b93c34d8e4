"""Suspects of a stop: what was sent lately, latest first, each kind before any twice, rejected ones last."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support.scripted import CATALOGUE, asked, case, exchange, run_before
from callback_contract.contract_tests.model.cases import stimuli
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution.suspects import add_late_finding, finding_of, suspects_of
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.rule_tests import Stimulus


@stimuli("forward-compatible")
def new_values(scope):
    return [case()]


def suspects(*sent, plain_answered_s=100.0):
    """The labels of the suspects after deliveries, each its kind, its label, its status and when it was sent.

    What the contract describes not yet is of the kind "new".
    """
    run = run_before(200)
    tests = {}
    for number, (kind, label, status, begun_s) in enumerate(sent):
        test = tests.setdefault(kind, replace(asked(), stimuli=new_values) if kind == "new" else asked())
        test.stimuli.__qualname__ = kind
        came = replace(exchange(status), begun_s=begun_s)
        run.state.delivery_sent(came, stimulus=Stimulus(test, case(label), number))
    run.state.plain_answered(replace(exchange(200), begun_s=plain_answered_s))
    run.state.delivery_sent(exchange(200))
    return [each.case.label for each in suspects_of(run)]


def test_suspects_are_what_was_sent_in_the_ten_seconds_before_the_last_sign_of_life_and_after_it():
    assert suspects(("a", "old", 200, 89.9), ("a", "late", 200, 90), ("b", "later", 200, 105)) == ["later", "late"]


def test_of_too_many_each_kind_has_its_latest_case():
    many = [("many", f"{number}", 200, 100 + number) for number in range(60)]
    found = suspects(("one", "the only one", 200, 99), *many)
    assert (len(found), found[0], found[-1]) == (50, "59", "the only one")


def test_what_was_rejected_gives_way():
    rejected = [(f"rejected {number}", f"{number}", 400, 101) for number in range(50)]
    assert "taken" in suspects(("taken", "taken", 200, 99), *rejected)


def test_what_the_contract_describes_gives_way_to_what_it_does_not():
    described = [(f"described {number}", f"{number}", 200, 101) for number in range(50)]
    assert "new" in suspects(("new", "new", 200, 99), *described)


def stopping(run, *, number=3):
    """What is told of the third of five cases, counted from 0, after which a receiver stopped."""
    test = asked(*[case(f"{number}") for number in range(5)])
    suspect = Stimulus(test, case("a deadly body"), number)
    run.state.number("what was before", run.config.scopes[0], 7)
    first = run.state.number(suspect.kind, run.config.scopes[0], 5)
    suspect = replace(suspect, number=first + number)
    contact = CaseSession.of(run, suspect.case, suspect.number, test=test)
    contact.deliver()
    return finding_of(run, suspect, contact), contact


def test_finding_of_a_suspect_names_its_place_among_its_rules_cases():
    finding, contact = stopping(run_before(200))
    assert (finding.case, finding.case_index, finding.case_number) == ("a deadly body", 3, contact.identity.case)
    assert (finding.repeated, finding.curl_suffices, finding.exchanges) == (True, False, tuple(contact.exchanges))


@pytest.mark.parametrize(("rule_id", "verdict"), [("DAT-01", Verdict.FAIL), ("ACK-06", Verdict.WARN)])
def test_finding_that_showed_late_changes_the_verdict_by_the_rules_level(rule_id, verdict):
    run, rule = run_before(200), CATALOGUE[rule_id]
    run.state.rule_judged(RuleResult(rule, Verdict.PASS, cases=1))
    finding, _ = stopping(run)
    add_late_finding(run, rule, finding)
    assert (run.state.results[rule_id].verdict, run.state.results[rule_id].findings) == (verdict, [finding])


def test_finding_that_showed_before_its_rule_was_judged_waits_for_that():
    run, rule = run_before(200), CATALOGUE["DAT-01"]
    finding, _ = stopping(run)
    add_late_finding(run, rule, finding)
    assert (run.state.results, run.state.late_findings) == ({}, {"DAT-01": [finding]})


def test_numbers_of_a_suspects_cases_are_asked_for_as_many_as_there_are():
    run = run_before(200)
    suspect = Stimulus(asked(), case(), 1)
    contact = CaseSession.of(run, suspect.case, 1)
    finding_of(run, suspect, contact)
    assert run.state.number("what comes next", run.config.scopes[0], 1) == 2
