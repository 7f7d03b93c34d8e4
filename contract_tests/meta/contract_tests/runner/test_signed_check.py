"""A receiver that demands signatures is judged with a scheme and not without one, also where it takes each id once."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.kill_matrix.setups import stock_signature
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import quick
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import DeliverySigner, signature_from
from callback_contract.openapi import load_contract

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TAKEN = Response(200, b"{}", "application/json")


@pytest.fixture
def url():
    signature = signature_from("standard-webhooks", {"CALLBACK_SIGNING_KEY": KEY})
    with served(Receiver(load_contract(), signature=signature)) as base:
        yield base


def test_signed_deliveries_are_judged(url, tmp_path):
    done = quick(url, "--signature", "standard-webhooks", "--report-dir", str(tmp_path), CALLBACK_SIGNING_KEY=KEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert KEY not in (tmp_path / "report.json").read_text() + done.stdout


def test_unsigned_deliveries_are_refused_credentials(url):
    done = quick(url)
    assert (done.returncode, "credentials" in done.stderr) == (3, True)


def test_key_that_is_not_set_is_found_before_anything_is_sent(url):
    done = quick("http://127.0.0.1:1/", "--signature", "standard-webhooks", CALLBACK_SIGNING_KEY="")
    assert (done.returncode, "CALLBACK_SIGNING_KEY" in done.stderr) == (2, True)


def takes_each_id_once(request, assessment, receiver, right):
    """Drop what came before under the same id; remember it when it was stored."""
    seen = receiver.memory.setdefault("ids", set())
    event = request.header("webhook-id")
    if not receiver.signature_flaw(request) and event in seen and assessment is not None:
        return TAKEN
    reply = right()
    if reply.status == 200:
        seen.add(event)
    return reply


@pytest.mark.parametrize("chapters", [("ACK", "DAT", "FWD", "PAY"), ("STA", "IDM", "ORD", "SIG")])
def test_receiver_that_takes_each_signed_id_once_is_clean(chapters):
    contract, catalogue, tests = tools()
    signature = stock_signature()
    with served(Receiver(contract, fault=Fault(takes_each_id_once), signature=signature)) as url:
        sender = Sender(Access(f"{url}/callbacks"), Pace(), DeliverySigner(*signature))
        rules = tuple(rule for rule in catalogue.rules if rule.chapter in chapters)
        config = (contract, catalogue, rules, contract.default_callbacks, sender, DEPTHS["quick"])
        run = run_of(*config, read_back=own_read_back(url, contract))
        try:
            results = judge_all(run, tests)
        finally:
            run.close()
    assert {rule: result.verdict for rule, result in results.items() if result.broken} == {}
