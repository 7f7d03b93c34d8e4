"""A run does no work twice: one contract, one pool, nothing sent that was not planned."""

from __future__ import annotations

import jsonschema_rs
import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.runner.planning import plans_of
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served

CONTRACT, CATALOGUE, TESTS = tools()


def judged(fault=None, **more):
    with served(Receiver(CONTRACT, fault=FAULTS[fault] if fault else None)) as url:
        sender = Sender(Access(url), Pace())
        chosen = (CONTRACT, CATALOGUE, CATALOGUE.rules, CONTRACT.default_callbacks, sender, DEPTHS["quick"])
        run = run_of(*chosen, read_back=own_read_back(url, CONTRACT), patience_s=1.0, **more)
        try:
            judge_all(run, TESTS)
        finally:
            run.close()
    return run


def plan(run):
    return {rule_id: plan.deliveries for rule_id, plan in plans_of(run, TESTS).items()}


@pytest.fixture(scope="module")
def clean():
    return judged()


def test_each_rule_sends_what_was_planned(clean):
    assert {rule_id: result.deliveries for rule_id, result in clean.state.results.items()} == plan(clean)


@pytest.mark.parametrize("fault", ["ACK-01", "PAY-17", "DAT-06"])
def test_broken_receiver_gets_no_more_than_planned_three_retries_a_rule_and_what_narrows(fault):
    run = judged(fault)
    retries = sum(3 * max(1, TESTS[rule_id].sends) for rule_id, r in run.state.results.items() if r.broken)
    broken = {id(each): each for each in run.state.combinations.values()}.values()
    narrowing = sum(2 * len(each.places) for each in broken)
    assert len(run.state.exchanges) <= sum(plan(run).values()) + 1 + retries + narrowing


def test_standard_depth_fits_what_is_sent_elsewhere_by_default():
    sender = Sender(Access("https://receiver.invalid/"), Pace.towards("https://receiver.invalid/"))
    run = run_of(CONTRACT, CATALOGUE, CATALOGUE.rules, CONTRACT.default_callbacks, sender, read_back=lambda _: None)
    assert sum(plan(run).values()) + 1 <= 1000 - 30  # leaves room for ten second tries


def test_contents_are_drawn_once(monkeypatch):
    import callback_contract.contract_tests.generation.strategies as drawing

    drawn = []
    original = drawing.draw_bodies
    monkeypatch.setattr(drawing, "draw_bodies", lambda *a, **k: drawn.append(k["negated"]) or original(*a, **k))
    judged(seed=1)  # nothing is drawn with the default one: see test_drawn.py
    assert sorted(drawn) == [False, True]


def test_cases_are_made_once_for_each_kind_of_stimulus(monkeypatch):
    import callback_contract.contract_tests.stimuli.applicable_cases as soundness

    made = []
    original = soundness._made
    monkeypatch.setattr(soundness, "_made", lambda stimuli, scope: made.append(stimuli) or original(stimuli, scope))
    judged()
    assert len(made) == len(set(made))


def test_body_validators_are_compiled_once_per_contract(monkeypatch):
    compiled = []
    original = jsonschema_rs.validator_for
    monkeypatch.setattr(jsonschema_rs, "validator_for", lambda *a, **k: compiled.append(a) or original(*a, **k))
    receiver = Receiver(CONTRACT)
    for _ in range(50):
        receiver.assessor.assess(b"{}")
    assert len(compiled) == len(CONTRACT.callbacks)


def test_no_identity_is_shared_by_two_rules(clean):
    cases = {}
    for rule in clean.config.rules:
        test = TESTS[rule.id]
        if not test.shares:
            assert cases.setdefault(test.purpose, rule.id) == rule.id


def test_all_identities_carry_the_mark_and_the_run(clean):
    assert all(i.startswith(f"ca11bac4{clean.state.run.id}") for i in clean.state.ids_sent)


def test_seed_alone_decides_what_is_drawn():
    callback = CONTRACT.callbacks[0]
    first, same, other = (Scope(callback, DEPTHS["quick"], seed).contents for seed in (1, 1, 2))
    assert first == same != other
