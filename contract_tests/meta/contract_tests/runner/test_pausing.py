"""Deliveries with pauses: run while other rules are judged, and count only if acknowledged."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.waiting import bench_at
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served

TESTS = tools()[2]
CHAPTERS = ("ACK-01", "FWD-01", "PAY-03", "WIRE-16")


def came(fault=None):
    """The bench after its rules were judged at a receiver that is not waited for."""
    with served(Receiver(tools()[0], fault=fault)) as url, bench_at(url, *CHAPTERS) as bench:
        judge_all(bench, TESTS)
        return bench


def paused(bench):
    return [exchange for exchange in bench.exchanges if exchange.delivery.framing.pause_s]


@pytest.fixture(scope="module")
def clean():
    return came()


def test_other_rules_are_in_hand_meanwhile(clean):
    begun = min(exchange.begun_s for exchange in paused(clean))
    syntax_errors = [e for e in clean.exchanges if not e.acknowledged]
    assert syntax_errors and all(e.begun_s > begun for e in syntax_errors)
    assert any(e.begun_s < begun + 0.6 for e in syntax_errors)


def test_it_is_sent_once_and_counted_to_its_rule(clean):
    assert len(paused(clean)) == clean.results["WIRE-16"].deliveries == clean.results["WIRE-16"].cases


def test_it_is_nobodys_company(clean):
    assert not any(id(exchange) in clean.beside for exchange in paused(clean))


def test_receiver_that_never_waits_is_found():
    assert [rule for rule, result in came(FAULTS["WIRE-16"]).results.items() if result.broken] == ["WIRE-16"]


def test_what_broke_beside_other_rules_is_asked_again_in_its_turn():
    refused = []

    def answer(request, assessment, receiver, right):
        if request.body_s > 0.3 and len(refused) < 2:  # as if a hostile delivery had disturbed both
            refused.append(request)
            return Response(500)
        return right()

    result = came(Fault(answer)).results["WIRE-16"]
    assert (len(refused), result.verdict.value, result.findings) == (2, "pass", [])


def test_nothing_is_begun_beyond_a_pace_that_was_asked_for():
    with served(Receiver(tools()[0])) as url, bench_at(url, *CHAPTERS) as bench:
        bench.company.most = bench.company.usual
        judge_all(bench, TESTS)
        assert bench.far == {}
