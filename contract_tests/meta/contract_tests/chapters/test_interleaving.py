"""State machine of interleaved messages: keeps to its plan, and reports a short run for a wrong state only."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.chapters.checks import interleaving
from callback_contract.contract_tests.chapters.checks.interleaving import interleaved_deliveries
from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.stimuli import stories
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, OutOfBudget, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi.documents import json_pointer as jp

CONTRACT, CATALOGUE, TESTS = tools()
CALLBACK = CONTRACT.callbacks[0]


def judged(fault, most=None, read=None):
    with served(Receiver(CONTRACT, fault=fault)) as url:
        sender = Sender(Access(url), Pace(most=most))
        chosen = (CONTRACT, CATALOGUE, CATALOGUE.select(("ORD-04",)), CONTRACT.default_callbacks)
        read_back = read or own_read_back(url, CONTRACT)
        run = run_of(*chosen, sender, DEPTHS["quick"], read_back=read_back, patience_s=0.1)
        try:
            return judge(run, CATALOGUE["ORD-04"], TESTS["ORD-04"])
        finally:
            run.close()


def planned(seed=0):
    (case,) = stories.interleavings(Scope(CALLBACK, DEPTHS["quick"], seed))
    return interleaved_deliveries(case)


@pytest.fixture(scope="module")
def mixed_up():
    return judged(FAULTS["ORD-04"])


def test_right_receiver_passes_with_the_planned_deliveries():
    result = judged(None)
    assert (result.verdict, result.deliveries) == ("pass", planned())


def test_mixed_up_messages_fail_twice_within_twice_the_plan(mixed_up):
    assert (mixed_up.verdict, mixed_up.findings[0].repeated) == ("fail", True)
    assert mixed_up.deliveries <= 2 * planned()


def test_finding_has_one_run_of_few_deliveries_about_several_messages(mixed_up):
    bodies = [json.loads(exchange.delivery.body) for exchange in mixed_up.findings[0].exchanges]
    assert len({jp.get(body, CALLBACK.delivery.correlation) for body in bodies}) > 1
    assert len(bodies) < 15


def test_finding_says_which_state_was_due(mixed_up):
    assert "of 3 in the state" in mixed_up.findings[0].expected
    assert "applied" in mixed_up.findings[0].actual


@pytest.fixture
def receiver(monkeypatch):
    """Shows the first message that is looked at when another one was told; its `looked` are the messages."""
    second, told, looked = threading.Event(), [], []

    def look(receiver, order, message, states):
        looked.append(message)
        assert len(looked) > 1 or second.wait(20)

    def deliver(event):
        told.append(event)
        if len(told) > 1:
            second.set()
        return SimpleNamespace(acknowledged=True)

    monkeypatch.setattr(interleaving, "_shown_flaw", look)
    monkeypatch.setattr(interleaving, "_in_run", lambda receiver, number: receiver)
    return SimpleNamespace(
        event=lambda state, **more: state,
        deliver=deliver,
        stored_at_last=lambda: None,
        exchanges=[],
        looked=looked,
    )


def test_message_is_looked_at_while_another_one_is_told(receiver):
    machine = interleaving._Machine(interleaving._Stage(receiver, CALLBACK.delivery.order))
    machine.live([0, 0, 0])
    for _ in range(2):
        machine.next_state(0)
        machine.shown_state_is_the_latest()
    machine.teardown()
    assert len(receiver.looked) == 4  # each one after it was told, and at last


def test_message_is_looked_at_while_another_one_is_told_ahead(receiver):
    looks = interleaving._LOOKS
    steps = [(0, "a", ""), (0, looks, ""), (1, "a", ""), (1, looks, ""), (0, "b", ""), (0, looks, "")]
    assert interleaving._told(None, receiver, steps) is None
    assert receiver.looked == [0, 1, 0]


def test_refused_delivery_is_not_held_against_a_receiver():
    refusal = Fault(lambda request, assessment, receiver, right: Response(422))
    assert judged(refusal, read=lambda message_id: None).verdict == "pass"


def test_end_of_the_budget_is_no_verdict():
    with pytest.raises(OutOfBudget):
        judged(None, most=5)


def test_machine_prints_nothing(mixed_up, capfd):
    judged(FAULTS["ORD-04"])
    assert capfd.readouterr() == ("", "")


def test_seed_decides_what_is_told():
    draws = {next(iter(stories.interleavings(Scope(CALLBACK, DEPTHS["quick"], seed)))).draw for seed in (1, 1, 2)}
    assert len(draws) == 2
