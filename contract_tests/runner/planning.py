"""Planning of a rule: finds its applicable cases and unmet preconditions, and counts its deliveries."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import Block, LacksMeans, Means, NotApplicable
from callback_contract.contract_tests.runner.config import RunConfig, hosts
from callback_contract.contract_tests.runner.liveness import valid_after_hostile
from callback_contract.contract_tests.runner.preconditions import can_do_without
from callback_contract.contract_tests.runner.rule_tests import RuleTest, story_key
from callback_contract.contract_tests.runner.scheduling.worth import NARROWING, fitting
from callback_contract.contract_tests.runner.sharing.combinations import parts_of
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.contract_tests.stimuli.combined import Part, packs_of
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text, joined

__all__ = [
    "STOP_RULE",
    "Plan",
    "first_number",
    "out_of_reach",
    "planned",
    "plans_of",
    "scopes_of",
    "unmet_precondition",
]

STOP_RULE = "LIVE-01"
"""The rule that a receiver breaks which stops by itself, or for good."""


@dataclass
class Plan:
    """What a run is going to send to a receiver that does everything right."""

    deliveries: int = 0
    cases: int = 0
    reason: str = ""


def planned(
    run: RunContext, rule: Rule, test: RuleTest, seen: dict[Hashable, str], led: Collection[tuple[str, str, int]] = ()
) -> Plan:
    """Counts what one rule adds to the deliveries.

    Args:
        seen: The stimuli that are already counted.
        led: The cases that go along in a delivery that another case leads.
    """
    plan = Plan(reason=joined(run.config.withheld.values()))
    if lacking := out_of_reach(run.config, rule, test):
        plan.reason = lacking.text
        return plan
    for scope in scopes_of(run.config, test):
        try:
            cases = applicable_cases(test.stimuli, scope)
        except NotApplicable as reason:
            plan.reason = reason.text
            continue
        plan.cases += len(cases)
        if not test.connects:
            run.state.number(test.purpose, scope, len(cases))  # here, so that ids do not depend on what is sent ahead
        key = (test.purpose, scope.callback.name)
        if test.shares and key in seen:
            continue
        if test.shares:
            seen[key] = test.purpose
        for index, case in enumerate(cases):
            if test.place(scope.callback, index) in led:
                seen.setdefault(case.digest, test.purpose)
            elif test.story is not None:
                plan.deliveries += _deliveries_of_story(test, case, seen)
            elif _is_looked_at(case, seen):
                plan.deliveries += test.sends_again
            else:
                plan.deliveries += _deliveries(test, case, seen)
        for case in cases:
            if case.looks_at is not None and test.story is None:
                seen.setdefault((case.looks_at[0], scope.callback.name), test.purpose)
        if test.hostile and plan.deliveries:
            plan.deliveries += 1
            seen[story_key(valid_after_hostile, cases[0])] = test.purpose
    return plan


def plans_of(run: RunContext, tests: Mapping[str, RuleTest]) -> dict[str, Plan]:
    """What each rule is going to take; one without cases is not applicable, and its reason says why.

    Where more may not be sent, the worthiest rules are planned and the others left out.
    """
    most, kept_back, left = _most(run.config)
    rules = [rule for rule in run.config.rules if rule.id in tests]
    plans = _plans(run, tests, rules)
    if most is None or _total(run, plans.values()) <= most:
        return plans
    kept = fitting(rules, most, lambda some: _total(run, _plans(run, tests, some).values()), kept=kept_back)
    chosen = {rule.id for rule in kept}
    run.state.rules_left_out({rule.id: left for rule in rules if rule.id not in chosen and not plans[rule.id].reason})
    plans = {rule_id: plan if plan.reason else Plan(reason=left) for rule_id, plan in plans.items()}
    return plans | _plans(run, tests, [rule for rule in rules if rule.id in chosen])


def _most(config: RunConfig) -> tuple[int | None, float, Text]:
    """How many deliveries may be sent, the share that is kept for more than the plan, and why a rule is left out."""
    allowed, budget = config.sender.pace.most, config.budget
    if budget is not None and (allowed is None or budget <= allowed):
        return budget, 0.0, Text("reason.left-out-quickly")
    return allowed, NARROWING, Text("reason.left-out", most=allowed or 0)


def _total(run: RunContext, plans: Iterable[Plan]) -> int:
    return sum(plan.deliveries for plan in plans) + len(run.config.scopes)


def _plans(run: RunContext, tests: Mapping[str, RuleTest], rules: Sequence[Rule]) -> dict[str, Plan]:
    seen: dict[Hashable, str] = {}
    chosen = {rule.id for rule in rules}
    judged = [rule for rule in run.config.order if rule.id in chosen]
    begins: dict[str, int] = {}
    for place, rule in enumerate(judged):
        begins.setdefault(rule.chapter, place)
    places = {rule.id: begins[rule.chapter] if tests[rule.id].goes_ahead else judged.index(rule) for rule in judged}
    # As they are sent: what needs no turn goes first, along with its chapter's first rule.
    judged.sort(key=lambda rule: (places[rule.id], not tests[rule.id].goes_ahead))
    led = _led(run.config, tests, judged)
    return {rule.id: planned(run, rule, tests[rule.id], seen, led) for rule in judged}


def _deliveries(test: RuleTest, case: Case, seen: dict[Hashable, str]) -> int:
    """What a case adds to the deliveries: one of equal ones serves several rules."""
    if test.shares:
        return int(seen.setdefault(case.digest, test.purpose) == test.purpose)
    return test.deliveries(case)


def _deliveries_of_story(test: RuleTest, case: Case, seen: dict[Hashable, str]) -> int:
    """What a case adds to the deliveries whose story is told once, perhaps by another rule."""
    assert test.story is not None
    key = story_key(test.story, case)
    teller = seen.setdefault(key, test.purpose)
    if teller == test.purpose:
        return test.deliveries(case) - _is_looked_at(case.goes_on or case, seen)
    settled = (test.purpose, case.callback.name, "settled")
    is_settled = test.settles and settled in seen
    seen[settled] = test.purpose
    return test.further_deliveries(case) - is_settled


def _is_looked_at(case: Case, seen: Mapping[Hashable, str]) -> bool:
    """Whether an earlier rule delivers what a case looks at."""
    return case.looks_at is not None and (case.looks_at[0], case.callback.name) in seen


def _led(config: RunConfig, tests: Mapping[str, RuleTest], rules: Sequence[Rule]) -> set[tuple[str, str, int]]:
    """The cases that go along in a delivery that another case of their chapter leads."""
    led: set[tuple[str, str, int]] = set()
    for scope in config.scopes:
        parts: dict[str, dict[tuple[str, str, int], Part]] = {}
        sent_for: dict[bytes, str] = {}
        for rule in rules:
            test = tests[rule.id]
            if out_of_reach(config, rule, test):
                continue
            with contextlib.suppress(NotApplicable):
                own = parts_of(test, scope, enumerate(applicable_cases(test.stimuli, scope)))
                different = (
                    part for part in own if sent_for.setdefault(part.case.digest, test.purpose) == test.purpose
                )
                parts.setdefault(rule.chapter, {}).update((part.place, part) for part in different)
        for of_chapter in parts.values():
            led |= {part.place for pack in packs_of(scope, of_chapter.values()) for part in pack[1:]}
    return led


def first_number(run: RunContext, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]]) -> int:
    """What the first of a rule's stimuli is numbered by, whether or not that one is sent."""
    return run.state.number(test.purpose, scope, cases[-1][0] + 1 if cases else 0)


def out_of_reach(config: RunConfig, rule: Rule, test: RuleTest) -> NotApplicable | None:
    """Why a rule cannot be judged in this run: the contract asks nothing of the kind, or the user gave no means."""
    lacking = _missing_means(config, rule, test)
    return lacking and (_nothing_to_ask(config, test) or lacking)


def _missing_means(config: RunConfig, rule: Rule, test: RuleTest) -> NotApplicable | None:
    if rule.evidence == "read-back" and config.read_back is None:
        return LacksMeans(Means.READ_BACK, Text("reason.needs-read-back"))
    if test.needs is not None and (lacking := test.needs(config)):
        return lacking
    if test.together and config.sender.pace.at_once < 2:
        return LacksMeans(Means.AT_ONCE, Text("reason.needs-at-once"))
    return None


def _nothing_to_ask(config: RunConfig, test: RuleTest) -> NotApplicable | None:
    """Why no callback has a case, where that is the contract's doing."""
    found = None
    for scope in scopes_of(config, test):
        try:
            applicable_cases(test.stimuli, scope)
        except LacksMeans:
            return None
        except NotApplicable as reason:
            found = reason
        else:
            return None
    return found


def scopes_of(config: RunConfig, test: RuleTest) -> tuple[Scope, ...]:
    """The callbacks that a rule is judged by; one for each host when it is judged by the connection."""
    return hosts(config) if test.connects else config.scopes


def unmet_precondition(run: RunContext, rule: Rule, test: RuleTest, scope: Scope) -> Block | None:
    """What was found before of a callback and explains what a rule would see of it."""
    name = scope.callback.name
    for required in rule.requires:
        result = run.state.results.get(required)
        if result is None:
            continue
        if result.broken and required != run.state.narrowed_by and name in result.broken_for:
            return Block(required)
        block = result.blocked_for.get(name)
        if block is not None and not can_do_without(run, block):
            return replace(block, through=required)
    sender = run.config.sender_of(name)
    if sender in run.state.shut and not test.connects:
        return Block(why=run.state.shut[sender])
    stopped_by = run.state.stopped_by.get(sender)
    if stopped_by is None or stopped_by == rule.id:
        return None
    if stopped_by == STOP_RULE:
        return Block(stopped_by)
    return Block(stopped_by, why=Text("reason.stopped-after", rule=stopped_by))
