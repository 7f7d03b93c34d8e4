"""Deliveries with pauses: run while other rules are judged, and count only if acknowledged."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.judged import broken
from callback_contract.contract_tests.meta.support.waiting import run_at
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served

TESTS = tools()[2]
CHAPTERS = ("ACK-01", "FWD-01", "PAY-03", "WIRE-16")


def came(fault=None):
    """The run after its rules were judged at a receiver that is not waited for."""
    with served(Receiver(tools()[0], fault=fault)) as url, run_at(url, *CHAPTERS) as run:
        judge_all(run, TESTS)
        return run


def paused(run):
    return [exchange for exchange in run.state.exchanges if exchange.delivery.framing.pause_s]


@pytest.fixture(scope="module")
def clean():
    return came()


def test_other_rules_are_in_hand_meanwhile(clean):
    begun = min(exchange.begun_s for exchange in paused(clean))
    syntax_errors = [e for e in clean.state.exchanges if not e.acknowledged]
    assert syntax_errors and all(e.begun_s > begun for e in syntax_errors)
    assert any(e.begun_s < begun + 0.6 for e in syntax_errors)


def test_it_is_sent_once_and_counted_to_its_rule(clean):
    result = clean.state.results["WIRE-16"]
    assert len(paused(clean)) == result.deliveries == result.cases


def test_it_is_nobodys_company(clean):
    assert not any(clean.dispatcher.overlapped(exchange) for exchange in paused(clean))


def test_receiver_that_never_waits_is_found():
    assert broken(came(FAULTS["WIRE-16"]).state.results) == {"WIRE-16"}


def test_what_broke_beside_other_rules_is_asked_again_in_its_turn():
    refused = []

    def answer(request, assessment, receiver, right):
        if request.body_s > 0.3 and len(refused) < 2:  # as if a hostile delivery had disturbed both
            refused.append(request)
            return Response(500)
        return right()

    result = came(Fault(answer)).state.results["WIRE-16"]
    assert (len(refused), result.verdict.value, result.findings) == (2, "pass", [])


def test_nothing_is_begun_beyond_a_pace_that_was_asked_for():
    with served(Receiver(tools()[0])) as url, run_at(url, *CHAPTERS) as run:
        run.dispatcher.concurrency.most = run.dispatcher.concurrency.usual
        judge_all(run, TESTS)
        assert run.dispatcher.prefetches._begun == {}
