"""Planning of a rule: finds its applicable cases and unmet preconditions, and counts its deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import Block, LacksMeans, Means, NotApplicable
from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.contract_tests.runner.preconditions import can_do_without
from callback_contract.contract_tests.runner.receiver_urls import hosts
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["Plan", "first_number", "out_of_reach", "planned", "scopes_of", "unmet_precondition"]


@dataclass
class Plan:
    """What a run is going to send to a receiver that does everything right."""

    deliveries: int = 0
    cases: int = 0
    reason: str = ""


def planned(bench: Bench, rule: Rule, test: RuleTest, seen: set[tuple[str, str]]) -> Plan:
    """Counts what one rule adds to the deliveries; `seen` carries the stimuli that are already counted."""
    plan = Plan(reason="; ".join(bench.withheld.values()))
    if lacking := out_of_reach(bench, rule, test):
        plan.reason = str(lacking)
        return plan
    for scope in scopes_of(bench, test):
        try:
            cases = applicable_cases(test.stimuli, scope)
        except NotApplicable as reason:
            plan.reason = str(reason)
            continue
        plan.cases += len(cases)
        if not test.connects:
            bench.number(test.purpose, scope, len(cases))  # here, so that ids do not depend on what is sent ahead
        key = (test.purpose, scope.callback.name)
        if test.shares and key in seen:
            continue
        if test.shares:
            seen.add(key)
        plan.deliveries += sum(test.deliveries(case) for case in cases) + test.hostile
    return plan


def first_number(bench: Bench, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]]) -> int:
    """What the first of a rule's stimuli is numbered by, whether or not that one is sent."""
    return bench.number(test.purpose, scope, cases[-1][0] + 1 if cases else 0)


def out_of_reach(bench: Bench, rule: Rule, test: RuleTest) -> NotApplicable | None:
    """Why a rule cannot be judged in this run: the contract asks nothing of the kind, or the user gave no means."""
    lacking = _missing_means(bench, rule, test)
    return lacking and (_nothing_to_ask(bench, test) or lacking)


def _missing_means(bench: Bench, rule: Rule, test: RuleTest) -> NotApplicable | None:
    if rule.evidence == "read-back" and bench.state is None:
        return LacksMeans(Means.READ_BACK, "needs read-back: give --state-url 'https://…/{id}' or --plugin FILE")
    if test.needs is not None and (lacking := test.needs(bench)):
        return lacking
    if test.together and bench.sender.pace.at_once < 2:
        return LacksMeans(Means.AT_ONCE, "needs several deliveries under way together: raise --at-once")
    return None


def _nothing_to_ask(bench: Bench, test: RuleTest) -> NotApplicable | None:
    """Why no callback has a case, where that is the contract's doing."""
    found = None
    for scope in scopes_of(bench, test):
        try:
            applicable_cases(test.stimuli, scope)
        except LacksMeans:
            return None
        except NotApplicable as reason:
            found = reason
        else:
            return None
    return found


def scopes_of(bench: Bench, test: RuleTest) -> tuple[Scope, ...]:
    """The callbacks that a rule is judged by; one for each host when it is judged by the connection."""
    return hosts(bench) if test.connects else bench.scopes


def unmet_precondition(bench: Bench, rule: Rule, test: RuleTest, scope: Scope) -> Block | None:
    """What was found before of a callback and explains what a rule would see of it."""
    name = scope.callback.name
    for required in rule.requires:
        result = bench.results.get(required)
        if result is None:
            continue
        if result.broken and required != bench.narrowed_by and name in result.broken_for:
            return Block(required)
        block = result.blocked_for.get(name)
        if block is not None and not can_do_without(bench, block):
            return replace(block, through=required)
    sender = bench.sender_of(name)
    if sender in bench.shut and not test.connects:
        return Block(why=bench.shut[sender])
    if killed_by := bench.killed_by.get(sender):
        return Block(killed_by, why=f"the receiver acknowledged no valid delivery any more after {killed_by}")
    return None
