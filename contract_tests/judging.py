"""Decides how a rule comes to its verdict: cases side by side, a broken one tried twice, blame given once.

What it is made of lies below: `rule_tests` (what a rule's test is), `planning` (what of it can be judged), `trying`
(one case), `plain_delivery` (whether the receiver is still there).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace

from contract_tests.ahead import brought
from contract_tests.bench import Bench
from contract_tests.cases import Case
from contract_tests.corpus import Scope
from contract_tests.crowding import CROWD_RULE, broke_in_company, is_selected, is_strained, take_over
from contract_tests.narrowing import BlockedError, cases_of, narrow
from contract_tests.plain_delivery import look_after, refuse_lost_credentials
from contract_tests.planning import blocker, first_number, missing_means, scopes_of
from contract_tests.readback import ReadBackError
from contract_tests.retrying import frequency
from contract_tests.rule_tests import RuleTest
from contract_tests.trying import Outcome, confirmed, first_try
from contract_tests.verdicts import NotApplicable, RuleResult, Verdict
from openapi.catalogue import Rule

__all__ = ["judge"]

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
    scopes = scopes_of(bench, test)
    blocks = {scope.callback.name: blocker(bench, rule, test, scope) for scope in scopes}
    blocked_for = {name: reason for name, reason in blocks.items() if reason}
    if blocked_for and len(blocked_for) == len(scopes):
        reason = "; ".join(dict.fromkeys(blocked_for.values()))
        return RuleResult(rule, Verdict.NOT_APPLICABLE, reason, blocked=True, blocked_for=blocked_for)
    if lacking := missing_means(bench, rule, test):
        return RuleResult(rule, Verdict.NOT_APPLICABLE, lacking)
    if rule.evidence == "read-back" and bench.read_back_error is not None:
        return RuleResult(rule, Verdict.ERROR, f"read-back broke down before: {bench.read_back_error.what}")
    result = RuleResult(rule, Verdict.PASS, blocked_for=blocked_for)
    before = bench.sent_in_turn
    reasons = list(bench.withheld.values())
    for scope in scopes:
        if scope.callback.name in blocked_for:
            continue
        try:
            cases = cases_of(bench, test, scope)
        except NotApplicable as lacked:
            if isinstance(lacked, BlockedError):
                blocked_for[scope.callback.name] = str(lacked)
            reasons.append(str(lacked))
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
            result.verdict, result.reason = Verdict.ERROR, error.reported
            break
        if test.hostile and bench.sent_in_turn > before:
            result.findings += look_after(bench, scope, rule)
    result.deliveries = bench.sent_in_turn - before + bench.sent_ahead.pop(rule.id, 0)
    take_over(bench, rule, result)
    result.blocked = bool(blocked_for) and result.cases == 0
    reasons += blocked_for.values()
    if result.verdict is Verdict.ERROR:
        return result
    if result.cases == 0:
        result.verdict, result.reason = Verdict.NOT_APPLICABLE, "; ".join(dict.fromkeys(reasons))
        return result
    if result.findings:
        repeated = [finding for finding in result.findings if finding.repeated]
        result.verdict = Verdict.FLAKY if not repeated else Verdict.FAIL if rule.level == "MUST" else Verdict.WARN
        if test.narrows:
            narrow(bench, rule, test)
    apart = [f"not judged of {name}: {reason.removeprefix('blocked: ')}" for name, reason in blocked_for.items()]
    result.reason = "; ".join(filter(None, (result.reason, frequency(result.findings), *apart)))
    return result


def _judge_cases(
    bench: Bench, rule: Rule, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]], result: RuleResult
) -> None:
    first = first_number(bench, test, scope, cases)
    ahead = brought(bench, test, scope)
    jobs = [
        functools.partial(first_try, bench, test, case, first + index, index, ahead.get(index)) for index, case in cases
    ]
    numbers = iter(first + index for index, _ in cases)
    broken = crowded = strained = 0
    further: list[str] = []
    # What is told again after it broke far ahead has the company that it would have had in the first place.
    for batch in bench.at_once(list(jobs), bench.company.usual if ahead else test.at_once):
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
                is_ours = is_strained(bench, outcome.contact.exchanges)
                strained, crowded = strained + is_ours, crowded + (not is_ours)
            else:
                result.findings.append(replace(finding, case_index=number - first))
                broken += 1
        if broken >= (_ENOUGH_NAMED if test.named else _ENOUGH_BROKEN):
            break
    said = ""
    if broken == len(cases) > 1:
        said = f"all {broken} cases broke it"
    elif broken:
        said = f"{broken} of {len(cases)} cases broke it"
        is_all = broken < (_ENOUGH_NAMED if test.named else _ENOUGH_BROKEN)
        said = said if is_all else f"at least {said}"
    elif crowded:
        said = f"{crowded} of {len(cases)} cases broke among others and held alone; {CROWD_RULE} judges that"
    elif strained:
        said = f"{strained} of {len(cases)} cases broke in more company than usual, and never again alone"
    if not is_selected(bench) and any(broke_in_company(bench, finding) for finding in result.findings):
        said += f"; beside other deliveries, and not alone: {CROWD_RULE}, which was not asked for, judges that"
    if test.named and further:
        said += f"; once each, also {', '.join(further)}"
    if said and len(bench.scopes) > 1:
        said = f"{scope.callback.name}: {said}"
    result.reason = "; ".join(filter(None, (result.reason, said)))
