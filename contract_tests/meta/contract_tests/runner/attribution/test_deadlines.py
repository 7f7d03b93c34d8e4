"""Deadline over the run: a receiver that gets slow after a while breaks the rule on the contract's deadline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.meta.support.scripted import CATALOGUE, FIRST, asked, case, exchange, run_before
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution.deadlines import judge_deadlines
from callback_contract.contract_tests.runner.case_session import CaseSession

DEADLINE = CATALOGUE["ACK-05"]
LATE_S = FIRST.delivery.deadline_s + 1


def judged(*took_s, again_s=LATE_S, verdict=Verdict.PASS, overlapped=False, status=200, **more):
    """The verdict after deliveries that took so long, and one more."""
    times = iter((*took_s, again_s))
    run = run_before(lambda delivery: replace(exchange(status, delivery), elapsed_s=next(times)), rules=(DEADLINE,))
    run.state.rule_judged(RuleResult(DEADLINE, verdict, cases=1))
    if overlapped:
        run.dispatcher.overlapped = lambda exchange: True
    test = replace(asked(), **more)
    for number, _ in enumerate(took_s):
        CaseSession.of(run, case(), number, test=test).deliver()
    judge_deadlines(run)
    return run


def test_receiver_that_gets_slow_breaks_the_rule_on_the_deadline():
    result = judged(0.1, 0.1, LATE_S, LATE_S).state.results["ACK-05"]
    (finding,) = result.findings
    assert result.verdict in {Verdict.FAIL, Verdict.WARN}
    assert finding.actual == f"2 took longer, the first after 2 others, up to {LATE_S:.1f} s"


def test_moment_in_which_it_was_slow_is_no_finding():
    assert judged(0.1, LATE_S, again_s=0.1).state.results["ACK-05"].verdict is Verdict.PASS


@pytest.mark.parametrize("more", [{"overlapped": True}, {"status": 500}, {"verdict": Verdict.FLAKY}])
def test_only_acknowledged_deliveries_count_that_were_alone_and_only_where_nothing_was_found_before(more):
    assert judged(LATE_S, LATE_S, **more).state.results["ACK-05"].findings == []


def test_receiver_that_is_in_time_gets_no_further_delivery():
    assert len(judged(0.1, 0.1).state.exchanges) == 2


def test_company_that_a_receiver_was_seen_to_take_excuses_nothing():
    run = judged(LATE_S, overlapped=True)
    run.dispatcher.concurrency.bears_more = True
    run.config.sender._answers = iter([lambda delivery: replace(exchange(200, delivery), elapsed_s=LATE_S)])
    judge_deadlines(run)
    assert len(run.state.results["ACK-05"].findings) == 1
