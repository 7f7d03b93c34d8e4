"""Decides how a rule comes to its verdict: cases side by side, a broken one tried twice, blame given once.

What it is made of lies below: `rule_tests` (what a rule's test is), `planning` (what of it can be judged), `trying`
(one case), `plain_delivery` (whether the receiver is still there). Chapters and commands have all of it from here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

from contract_tests.bench import Bench
from contract_tests.cases import Case
from contract_tests.corpus import Scope
from contract_tests.crowding import CROWD_RULE, take_over
from contract_tests.narrowing import BlockedError, cases_of, narrow
from contract_tests.plain_delivery import credentials_error, look_after, plain_case, refuse_lost_credentials
from contract_tests.planning import Plan, blocker, first_number, missing_means, planned, scopes_of, send_ahead
from contract_tests.readback import ReadBackError
from contract_tests.retrying import frequency
from contract_tests.rule_tests import RuleTest, each
from contract_tests.trying import Outcome, confirmed, run_case, tried
from contract_tests.verdicts import NotApplicable, RuleResult, Verdict
from openapi.catalogue import Rule

__all__ = [
    "Plan",
    "RuleTest",
    "credentials_error",
    "each",
    "judge",
    "missing_means",
    "plain_case",
    "planned",
    "send_ahead",
    "tried",
]

_ENOUGH_BROKEN = 3
"""Broken cases after which a rule's remaining ones are not sent: they would cost the receiver and tell nothing new."""

_ENOUGH_NAMED = 20
"""The same for a rule that names each broken case; those beyond the first are not tried a second time."""


def judge(bench: Bench, rule: Rule, test: RuleTest) -> RuleResult:
    """Puts every case of a rule before the receiver and says what came of it.

    Raises:
        KitError: The run cannot go on: credentials were refused.
        OutOfBudget: Nothing more may be sent.
    """
    blocked_by = blocker(bench, rule, test)
    if blocked_by:
        return RuleResult(rule, Verdict.NOT_APPLICABLE, blocked_by, blocked=True)
    if lacking := missing_means(bench, rule, test):
        return RuleResult(rule, Verdict.NOT_APPLICABLE, lacking)
    if rule.evidence == "read-back" and bench.read_back_error is not None:
        return RuleResult(rule, Verdict.ERROR, f"read-back broke down before: {bench.read_back_error.what}")
    result = RuleResult(rule, Verdict.PASS)
    before = len(bench.exchanges)
    reasons = list(bench.withheld.values())
    for scope in scopes_of(bench, test):
        try:
            cases = cases_of(bench, test, scope)
        except NotApplicable as reason:
            result.blocked = result.blocked or isinstance(reason, BlockedError)
            reasons.append(str(reason))
            continue
        result.cases += len(cases)
        try:
            _judge_cases(bench, rule, test, scope, cases, result)
        except NotApplicable as reason:
            result.cases -= len(cases)
            reasons.append(str(reason))
        except ReadBackError as error:
            # What was found so far stands, and the rules that look at answers alone go on.
            bench.read_back_error = error
            result.verdict, result.reason = Verdict.ERROR, str(error)
            break
        if test.hostile and len(bench.exchanges) > before:
            result.findings += look_after(bench, scope, rule)
    result.deliveries = len(bench.exchanges) - before + bench.sent_ahead.pop(rule.id, 0)
    take_over(bench, rule, result)
    result.blocked = result.blocked and result.cases == 0
    if result.verdict is Verdict.ERROR:
        return result
    if result.cases == 0:
        result.verdict, result.reason = Verdict.NOT_APPLICABLE, "; ".join(dict.fromkeys(reasons))
    elif result.findings:
        repeated = [finding for finding in result.findings if finding.repeated]
        result.verdict = Verdict.FLAKY if not repeated else Verdict.FAIL if rule.level == "MUST" else Verdict.WARN
        result.reason = "; ".join(filter(None, (result.reason, frequency(result.findings))))
        if test.narrows:
            narrow(bench, rule, test)
    return result


def _judge_cases(
    bench: Bench, rule: Rule, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]], result: RuleResult
) -> None:
    first = first_number(bench, test, scope, cases)
    jobs = [functools.partial(run_case, bench, test, case, first + index, index) for index, case in cases]
    numbers = iter(first + index for index, _ in cases)
    broken = crowded = 0
    further: list[str] = []
    for batch in bench.at_once(list(jobs), test.at_once):
        for outcome, number in zip(batch, numbers, strict=False):
            assert isinstance(outcome, Outcome)
            if outcome.broken is None:
                continue
            if broken >= _ENOUGH_BROKEN:
                broken += 1
                further.append(outcome.contact.case.label)
                continue
            refuse_lost_credentials(bench, scope, outcome)
            finding = confirmed(bench, rule, test, outcome, number)
            if finding is None:
                crowded += 1
            else:
                result.findings.append(replace(finding, case_index=number - first))
                broken += 1
        if broken >= (_ENOUGH_NAMED if test.named else _ENOUGH_BROKEN):
            break
    if broken == result.cases > 1:
        result.reason = f"all {result.cases} cases broke it"
    elif broken:
        told = f"{broken} of {result.cases} cases broke it"
        is_all = broken < (_ENOUGH_NAMED if test.named else _ENOUGH_BROKEN)
        result.reason = told if is_all else f"at least {told}"
    elif crowded:
        result.reason = f"{crowded} of {result.cases} cases broke among others and held alone; {CROWD_RULE} judges that"
    if test.named and further:
        result.reason += f"; once each, also {', '.join(further)}"
