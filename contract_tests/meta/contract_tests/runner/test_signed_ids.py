"""A receiver that takes each signed id once, as Standard Webhooks asks, breaks no rule, also of those on statuses."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import judge_all, tools
from callback_contract.contract_tests.kill_matrix.setups import stock_signature
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.mock_server.signing import DeliverySigner

TAKEN = Response(200, b"{}", "application/json")


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
