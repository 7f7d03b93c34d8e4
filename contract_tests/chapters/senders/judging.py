"""Judging of a sender: asks each rule of what was recorded, and gives its result; nothing here sends or waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from callback_contract.contract_tests.model.tries import Recorded, Try
from callback_contract.contract_tests.model.verdicts import (
    Block,
    Finding,
    LacksMeans,
    Means,
    NotApplicable,
    RuleResult,
    Verdict,
)
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text, joined

__all__ = ["Asked", "asked_at", "judge_sender", "nothing_came"]

_MOST_FINDINGS = 3


@dataclass(frozen=True)
class Asked:
    """One case of a rule.

    Attributes:
        tries: What shows it, in order.
        expected: Empty where the rule held; else what a right sender does, and what this one did.
    """

    tries: tuple[Try, ...]
    expected: Text | None = None
    actual: Text | None = None


Check = Callable[[Recorded], Iterable[Asked]]
"""A rule on senders: the cases that were seen. Raises NotApplicable where the contract leaves nothing to ask."""


def judge_sender(rules: Iterable[Rule], checks: Mapping[str, Check], recorded: Recorded) -> Iterator[RuleResult]:
    """Judge the rules in the catalogue's order."""
    results: dict[str, RuleResult] = {}
    for rule in rules:
        results[rule.id] = _judged(rule, checks[rule.id], recorded, results)
        yield results[rule.id]


def _judged(rule: Rule, check: Check, recorded: Recorded, before: Mapping[str, RuleResult]) -> RuleResult:
    broken = next((name for name in rule.requires if name in before and before[name].broken), "")
    if broken:
        block = Block(broken)
        callbacks = {callback.name: block for callback in recorded.contract.callbacks[:1]}
        return RuleResult(rule, Verdict.BLOCKED, block.text, blocked_for=callbacks)
    try:
        cases = list(check(recorded))
        if not cases:
            raise LacksMeans(Means.EVENT, Text("reason.nothing-that-shows-it"))
    except NotApplicable as lacking:
        means = {lacking.means} if isinstance(lacking, LacksMeans) else set()
        return RuleResult(rule, Verdict.NOT_APPLICABLE, lacking.text, lacks=means)
    result = RuleResult(rule, Verdict.PASS, cases=len(cases), deliveries=sum(len(case.tries) for case in cases))
    found = [case for case in cases if case.expected is not None]
    result.findings = [_finding(recorded, case) for case in found[:_MOST_FINDINGS]]
    if found:
        result.verdict = Verdict.FAIL if rule.level == "MUST" else Verdict.WARN
        key = "all" if len(found) == len(cases) else "some"
        said = {"broken": len(found)} | ({"cases": len(cases)} if key == "some" else {})
        result.reason = joined([Text(f"reason.{key}-broke", **said)] if len(cases) > 1 else [])
    return result


def _finding(recorded: Recorded, case: Asked) -> Finding:
    assert case.expected is not None
    assert case.actual is not None
    shown = case.tries[-1]
    callback = shown.callback or next(iter(recorded.contract.callbacks)).name
    return Finding(
        callback=callback,
        case=Text("case.at-endpoint", endpoint=shown.endpoint),
        expected=case.expected,
        actual=case.actual,
        exchanges=tuple(each.exchange for each in case.tries),
        repeated=True,
        curl_suffices=False,
        tries=1,
        broke=1,
    )


def nothing_came(*endpoints: str) -> LacksMeans:
    """What is said where the sender sent nothing that would show how it does: which event would."""
    return LacksMeans(Means.EVENT, Text("reason.no-event-at", endpoints=endpoints))


def asked_at(recorded: Recorded, *endpoints: str) -> None:
    """Require that an event came to one of some endpoints.

    Raises:
        LacksMeans: None did.
    """
    if not recorded.at(*endpoints):
        raise nothing_came(*endpoints)
