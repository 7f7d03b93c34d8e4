"""Mistakes that are like a rule's fault and not the same: the rule finds these, too."""

from __future__ import annotations

from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.judged import broken, judged
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served

TAKEN = Response(200, b"{}", "application/json")
REFUSED = Response(422)


def broken_by(answer, *rules, **more):
    contract = tools()[0]
    with served(Receiver(contract, fault=Fault(answer))) as url:
        read_back = own_read_back(url, contract)
        return broken(judged(Access(f"{url}/callbacks"), *rules, read_back=read_back, patience_s=1.0, **more))


def drops_what_is_not_later(request, assessment, receiver, right):
    if assessment is None or not assessment.accepted:
        return right()
    latest = receiver.memory.setdefault("latest", {})
    message, at = assessment.value["msg_id"], assessment.value["timestamp"]
    if latest.get(message, 0) >= at:
        return TAKEN
    latest[message] = at
    return right()


def test_newer_status_of_the_same_second_that_is_dropped_is_found():
    assert broken_by(drops_what_is_not_later, "ORD-05") == {"ORD-05"}


def refuses_blanks(request, assessment, receiver, right):
    accepted = assessment is not None and assessment.accepted
    return REFUSED if accepted and not assessment.value["workflow_name"].strip(" ") else right()


def test_text_of_blanks_that_is_refused_is_found():
    assert broken_by(refuses_blanks, "DAT-14") == {"DAT-14"}
