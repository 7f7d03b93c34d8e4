"""Correct receivers in several frameworks, each a process of its own, fail no rule."""

from __future__ import annotations

import tempfile

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import missing_means, running
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.receivers import RECEIVERS
from callback_contract.contract_tests.target.read_back import HttpReadBack, known_states
from callback_contract.mock_server.client.sender import Access, Pace, Sender

FIRST = {"flask", "express"}


def judged(receiver, depth="quick", seed=0):
    if lacking := missing_means(receiver):
        do_without(lacking) if receiver.tested else pytest.skip(lacking)
    contract, catalogue, tests = tools()
    with tempfile.TemporaryDirectory() as folder, running(receiver, {"CA": f"{folder}/ca.pem"}) as (url, state_url):
        ca = f"{folder}/ca.pem" if receiver.tls else None
        sender = Sender(Access(url, ca=ca), Pace.towards(url))
        chosen = (contract, catalogue, catalogue.rules, contract.default_callbacks)
        read_back = HttpReadBack(state_url, Access(state_url, ca=ca), states=known_states(contract))
        run = run_of(*chosen, sender, DEPTHS[depth], seed, read_back=read_back)
        try:
            return judge_all(run, tests)
        finally:
            run.close()


@pytest.mark.parametrize(
    "receiver",
    [pytest.param(r, id=r.name, marks=() if r.name in FIRST else pytest.mark.slow) for r in RECEIVERS],
)
def test_correct_receiver_is_clean(receiver):
    results = [
        r for r in judged(receiver).values() if r.verdict == "fail" or r.rule.id not in receiver.possible_warnings
    ]
    assert {r.rule.id: r.findings for r in results if r.verdict in {"fail", "flaky", "error"}} == {}
    assert tuple(r.rule.id for r in results if r.verdict == "warn") == receiver.expected_warnings
