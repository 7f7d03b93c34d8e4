"""State machine of interleaved messages: keeps to its plan, and reports a short run for a wrong state only."""

from __future__ import annotations

import json

import pytest

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
