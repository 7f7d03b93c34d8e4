"""Suspects of a stop: what was sent before a receiver stopped, played again to see which of it stops it twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable

from callback_contract.contract_tests.model.cases import declaration_of
from callback_contract.contract_tests.model.verdicts import Finding, NotApplicable, Verdict
from callback_contract.contract_tests.runner.attempts import run_case
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.rule_tests import Stimulus
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.read_back import ReadBackError
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text

__all__ = ["add_late_finding", "finding_of", "named", "play", "suspects_of"]

_MOST = 50
_DESCRIBED = frozenset({"valid", "story"})
_BEFORE_S = 10.0
"""Seconds before the last sign of life in which a delivery may have begun what stopped the receiver later."""


def suspects_of(run: RunContext) -> list[Stimulus]:
    """What was sent since the last plain delivery that was answered and in the 10 s before it, latest first.

    Where that is too much, each kind is there by its latest case before any is by two, and what was rejected comes
    last: no work follows it. Of the others what the contract describes stops a receiver least.
    """
    since_s = run.state.plain_answered_s - _BEFORE_S
    order: list[Stimulus] = []
    rejected: set[Stimulus] = set()
    seen: set[tuple[str, str, int]] = set()
    for exchange in reversed(list(run.state.exchanges)):
        stimulus = run.state.sent_for.get(id(exchange))
        if stimulus is None or exchange.begun_s < since_s or stimulus.key in seen:
            continue
        seen.add(stimulus.key)
        order.append(stimulus)
        if exchange.rejected:
            rejected.add(stimulus)
    latest = {stimulus.kind: stimulus for stimulus in reversed(order)}

    def rank(each: Stimulus) -> tuple[bool, bool, bool]:
        is_described = declaration_of(each.test.stimuli).kind in _DESCRIBED
        return each is not latest[each.kind], each in rejected, is_described

    return sorted(sorted(order, key=rank)[:_MOST], key=order.index)


def named(suspects: Iterable[Stimulus]) -> tuple[tuple[str, str], ...]:
    """Each as its rule and its case."""
    return tuple((each.test.rule_id, each.case.label) for each in suspects)


def play(run: RunContext, suspect: Stimulus, work_s: float) -> CaseSession:
    """Puts a suspect before the receiver once more, as another message, and leaves time for work after the answer."""
    contact = CaseSession.of(run, suspect.case, suspect.number)
    # What its rule says of the answers is not asked here.
    with contextlib.suppress(NotApplicable, ReadBackError):
        contact = run_case(run, suspect.test, suspect.case, suspect.number, None, run.state.number_attempt()).contact
    time.sleep(work_s)
    return contact


def finding_of(run: RunContext, suspect: Stimulus, contact: CaseSession) -> Finding:
    """What a suspect's own rule says of a receiver that it stopped twice."""
    scope = next(scope for scope in run.config.scopes if scope.callback is suspect.case.callback)
    return Finding(
        callback=suspect.case.callback.name,
        case=suspect.case.label,
        expected=Text("expected.goes-on"),
        actual=Text("actual.stopped-after"),
        exchanges=tuple(contact.exchanges),
        repeated=True,
        curl_suffices=False,
        case_index=suspect.number - run.state.number(suspect.kind, scope, 1),
        case_number=suspect.number,
    )


def add_late_finding(run: RunContext, rule: Rule, finding: Finding) -> None:
    """Gives a rule a finding that showed late; one that was judged by then gets another verdict."""
    run.state.found_late(rule, finding)
    result = run.state.results.get(rule.id)
    if result is None:
        return
    result.findings.append(finding)
    result.verdict = Verdict.FAIL if rule.level == "MUST" else Verdict.WARN
    run.config.policy.apply(result)
    run.state.rule_judged(result)
