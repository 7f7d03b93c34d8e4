"""A run has budgets: so many deliveries at each depth, and what breaks most receivers is found first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.scripted import run_before
from callback_contract.contract_tests.model.verdicts import Means
from callback_contract.contract_tests.runner.judge import judge_in_turn
from callback_contract.contract_tests.runner.planning import plans_of
from callback_contract.contract_tests.runner.scheduling.worth import in_order
from callback_contract.contract_tests.stimuli import hard, stories, valid

CONTRACT, CATALOGUE, TESTS = tools()


def configured(depth, *, reads_back=False, rules=CATALOGUE.rules):
    read_back = (lambda message_id: None) if reads_back else None
    return run_before(rules=rules, depth=DEPTHS[depth], read_back=read_back, budget=DEPTHS[depth].most)


def planned(depth, **more):
    run = configured(depth, **more)
    # With several under way at once, as every run has it.
    sender = run.config.sender
    sender.pace = replace(sender.pace, at_once=16)
    return run, plans_of(run, TESTS)


@pytest.mark.parametrize(
    ("depth", "reads_back", "most"),
    [("quick", False, 150), ("quick", True, 150), ("standard", False, 450), ("standard", True, 600)],
)
def test_deliveries_stay_within_the_budget_of_the_depth(depth, reads_back, most):
    _, plans = planned(depth, reads_back=reads_back)
    assert sum(plan.deliveries for plan in plans.values()) + 1 <= most


def test_quick_run_leaves_out_few_rules_and_none_that_breaks_many_receivers():
    run, _ = planned("quick", reads_back=True)
    assert 0 < len(run.state.left_out) <= 0.15 * len(TESTS)
    assert not {"ACK-01", "PAY-17", "STA-01", "IDM-01", "IDM-03", "ORD-01", "ORD-02", "LOD-01"} & set(
        run.state.left_out
    )


def test_rule_that_the_quick_depth_leaves_out_lacks_the_depth():
    run, _ = planned("quick", reads_back=True)
    left = next(iter(run.state.left_out))
    result = judge_in_turn(run, CATALOGUE[left], TESTS[left], {})
    assert result.lacks == {Means.DEPTH}


# Order


def test_rule_is_judged_after_those_that_explain_its_breaking():
    places = {rule.id: place for place, rule in enumerate(in_order(CATALOGUE.rules))}
    assert len(places) == len(CATALOGUE.rules)
    for rule in CATALOGUE.rules:
        assert all(places[required] < places[rule.id] for required in rule.requires)


def test_bursts_are_judged_after_all_that_goes_side_by_side():
    order = [rule.id for rule in in_order(CATALOGUE.rules)]
    harmless = [rule.id for rule in CATALOGUE.select(["ACK", "DAT", "FWD", "WIRE"]) if TESTS[rule.id].goes_ahead]
    assert all(order.index(rule_id) < order.index("LOD-01") for rule_id in harmless)


def test_what_breaks_most_receivers_is_judged_in_the_first_half_of_the_deliveries():
    _, plans = planned("standard", reads_back=True)
    total, sent, found = sum(plan.deliveries for plan in plans.values()), 0, []
    for rule_id, plan in plans.items():
        sent += plan.deliveries
        if sent <= total / 2:
            found.append(rule_id)
    assert {"ACK-01", "FWD-01", "DAT-02", "PAY-17", "STA-01", "IDM-01", "IDM-03", "WIRE-01"} <= set(found)


# What is sent once


@pytest.fixture(scope="module")
def scope():
    return Scope(CONTRACT.callbacks[0], DEPTHS["standard"], 0)


def test_each_drawn_value_stands_at_its_place_in_fewer_contents(scope):
    made = [case.content for case in valid.generated(scope)]
    held = set().union(*(valid._values_at(scope, content) for content in made))
    assert set().union(*(valid._values_at(scope, content) for content in scope.contents)) <= held
    assert len(made) < len(scope.contents)
    assert all(scope.strict.is_valid(content) for content in made)


def test_drawn_mistake_that_another_case_makes_is_not_sent_again(scope):
    kept = [scope.negations[case.label.arguments["number"] - 1] for case in hard.negations(scope)]
    flaws = [frozenset({one} if isinstance(one, bytes) else hard._flaws(scope, one)) for one in kept]
    others = hard._flaws_of_others(scope)
    assert all(not flaw <= others for flaw in flaws if flaw)
    assert len(set(flaws)) == len(flaws)
    dropped = [one for one in scope.negations if not isinstance(one, bytes) and one not in kept]
    assert all(hard._flaws(scope, one) <= others.union(*flaws) for one in dropped)


def test_redelivery_repeats_the_listed_values(scope):
    told = list(stories.each_state(scope))
    assert {case.states[0] for case in told if case.looks_at} == {
        case.listed[1] for case in valid.listed_values(scope) if case.listed[0] == scope.callback.delivery.state
    }


def test_story_that_goes_on_from_another_costs_what_it_adds():
    rules = [CATALOGUE[rule_id] for rule_id in ("ACK-01", "ACK-03", "STA-01", "IDM-01", "IDM-03", "ORD-01", "ORD-03")]
    _, plans = planned("standard", reads_back=True, rules=rules)
    states = len(CONTRACT.callbacks[0].delivery.order.states)
    assert plans["STA-01"].deliveries == states  # the redeliveries: ACK-03 told of each state
    assert plans["IDM-01"].deliveries == 0
    assert plans["IDM-03"].deliveries == 1  # one later message for all of them
    assert plans["ORD-03"].deliveries == 1
