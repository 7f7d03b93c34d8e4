"""Judge of one rule: judges its cases, confirms a failure with a second try, and attributes it once.

What it is made of lies below: `rule_tests` (what a rule's test is), `planning` (what of it can be judged), `trying`
(one case), `plain_delivery` (whether the receiver is still there).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, NotApplicable, RuleResult, Verdict
from callback_contract.contract_tests.runner.attempts import Outcome, confirmed, first_try, frequency
from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.contract_tests.runner.contention import (
    BURST_RULE,
    broke_in_contention,
    is_overloaded,
    is_selected,
    take_over,
)
from callback_contract.contract_tests.runner.liveness import look_after, refuse_lost_credentials
from callback_contract.contract_tests.runner.planning import first_number, out_of_reach, scopes_of, unmet_precondition
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError, cases_of, narrow
from callback_contract.contract_tests.runner.prefetch import prefetched
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.target.read_back import HttpReadBack, ReadBackError, known_states
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["add_read_back_hint", "judge"]

_MOST_NAMED = 5
_LONGEST = 40

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
    blocks = {scope.callback.name: unmet_precondition(bench, rule, test, scope) for scope in scopes}
    blocked_for = {name: block for name, block in blocks.items() if block is not None}
    if blocked_for and len(blocked_for) == len(scopes):
        return RuleResult(rule, Verdict.BLOCKED, _joined(blocked_for.values()), blocked_for=blocked_for)
    if lacking := out_of_reach(bench, rule, test):
        return RuleResult(rule, Verdict.NOT_APPLICABLE, str(lacking), lacks=_means(lacking))
    if rule.evidence == "read-back" and bench.read_back_error is not None:
        return RuleResult(rule, Verdict.ERROR, f"read-back broke down before: {bench.read_back_error.what}")
    result = RuleResult(rule, Verdict.PASS, blocked_for=blocked_for)
    before = bench.sent_in_turn
    reasons: list[object] = list(bench.withheld.values())
    if bench.withheld and not test.connects:
        result.lacks.add(Means.SCHEME)
    for scope in scopes:
        if scope.callback.name in blocked_for:
            continue
        try:
            cases = cases_of(bench, test, scope)
        except NotApplicable as lacked:
            if isinstance(lacked, UnmetPreconditionError):
                blocked_for[scope.callback.name] = lacked.block
            result.lacks |= _means(lacked)
            reasons.append(lacked)
            continue
        result.cases += len(cases)
        try:
            _judge_cases(bench, rule, test, scope, cases, result)
        except NotApplicable as lacked:
            result.cases -= len(cases)
            result.lacks |= _means(lacked)
            reasons.append(lacked)
        except ReadBackError as error:
            # What was found so far stands, and the rules that look at answers alone go on.
            bench.read_back_error = error
            result.verdict, result.reason = Verdict.ERROR, error.reported
            break
        if test.hostile and bench.sent_in_turn > before:
            result.findings += look_after(bench, scope, rule)
    result.deliveries = bench.sent_in_turn - before + bench.sent_ahead.pop(rule.id, 0)
    take_over(bench, rule, result)
    if result.verdict is Verdict.ERROR:
        return result
    if result.cases == 0:
        result.verdict = Verdict.BLOCKED if blocked_for else Verdict.NOT_APPLICABLE
        result.reason = _joined([*reasons, *blocked_for.values()])
        return result
    if result.findings:
        repeated = [finding for finding in result.findings if finding.repeated]
        result.verdict = Verdict.FLAKY if not repeated else Verdict.FAIL if rule.level == "MUST" else Verdict.WARN
        if test.narrows:
            narrow(bench, rule, test)
    apart = [f"not judged of {name}: {block.cause}" for name, block in blocked_for.items()]
    result.reason = "; ".join(filter(None, (result.reason, frequency(result.findings), *apart)))
    return result


def _means(lacked: NotApplicable) -> set[Means]:
    return {lacked.means} if isinstance(lacked, LacksMeans) else set()


def _joined(reasons: Iterable[object]) -> str:
    return "; ".join(dict.fromkeys(map(str, reasons)))


def _judge_cases(
    bench: Bench, rule: Rule, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]], result: RuleResult
) -> None:
    first = first_number(bench, test, scope, cases)
    ahead = prefetched(bench, test, scope)
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
                is_ours = is_overloaded(bench, outcome.contact.exchanges)
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
        said = f"{crowded} of {len(cases)} cases broke among others and held alone; {BURST_RULE} judges that"
    elif strained:
        said = f"{strained} of {len(cases)} cases broke in more company than usual, and never again alone"
    if not is_selected(bench) and any(broke_in_contention(bench, finding) for finding in result.findings):
        said += f"; beside other deliveries, and not alone: {BURST_RULE}, which was not asked for, judges that"
    if test.named and further:
        said += f"; once each, also {', '.join(further)}"
    if said and len(bench.scopes) > 1:
        said = f"{scope.callback.name}: {said}"
    result.reason = "; ".join(filter(None, (result.reason, said)))


def add_read_back_hint(bench: Bench, result: RuleResult) -> None:
    """Adds a question to the reason of a broken rule; the verdict stays, since either answer is possible."""
    if result.rule.evidence == "read-back" and result.findings and (doubt := _doubt(bench)):
        result.reason = "; ".join(filter(None, (result.reason, doubt)))


def _doubt(bench: Bench) -> str:
    shown, known = bench.states_shown, known_states(bench.contract)
    if not shown and isinstance(bench.state, HttpReadBack):
        return f"read-back showed none of the messages at all; is {bench.state.access.shown_url} the right --state-url?"
    if not shown:
        return "read-back showed none of the messages at all; does the --plugin look in the right place?"
    if known and not shown & known:
        words = ", ".join(repr(printable(word[:_LONGEST])) for word in sorted(shown)[:_MOST_NAMED])
        return f"read-back showed only states that the contract does not know ({words}): --state-map translates them"
    return ""
