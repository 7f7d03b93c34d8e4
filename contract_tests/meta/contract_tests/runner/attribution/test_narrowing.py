"""Narrowing: a drawn content that breaks is shown by the members that do it, in few deliveries."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support import scripted
from callback_contract.contract_tests.meta.support.judged import judged
from callback_contract.contract_tests.runner.attribution.narrowing import members_that_break
from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served

PLAIN_NAME = scripted.PLAIN[scripted.FIRST.name]["workflow_name"].encode()
PLAIN = {"a": 1, "b": {"c": 2, "d": 3}, "e": 4, "f": 5}


@pytest.mark.parametrize(
    ("content", "breaks", "left"),
    [
        ({"a": 9, "b": {"c": 9, "d": 9}, "e": 9, "f": 9}, lambda c: c["b"]["d"] == 9, ["/b/d"]),
        ({"a": 9, "b": {"c": 2, "d": 9}, "e": 4}, lambda c: "f" not in c and c["a"] == 9, ["/a", "/f"]),
        ({"a": 9, "b": {"c": 9, "d": 3, "x": 1}, "e": 4, "f": 9}, lambda c: "x" in c["b"], ["/b/x"]),
        ({"a": 9, "b": {"c": 2, "d": 3}, "e": 4, "f": 5}, lambda c: False, ["/a"]),
        ({"a": 9, "b": {"c": 9, "d": 9}, "e": 9, "f": 9}, lambda c: False, ["/a", "/b/c", "/b/d", "/e", "/f"]),
    ],
)
def test_members_are_left_that_have_to_be_as_they_are(content, breaks, left):
    assert members_that_break(PLAIN, content, breaks) == left


def refuses_long_numbers_of_templates(request, assessment, receiver, right):
    accepted = assessment is not None and assessment.accepted
    return Response(422) if accepted and assessment.value["waba_template_id"] > 10**6 else right()


def test_finding_names_the_member_and_shows_a_delivery_that_is_plain_but_for_it():
    contract = tools()[0]
    with served(Receiver(contract, fault=Fault(refuses_long_numbers_of_templates))) as url:
        found = judged(Access(f"{url}/callbacks"), "DAT-13")["DAT-13"].findings
    assert found
    for finding in found:
        (member,) = finding.actual.arguments["members"].arguments["parts"]
        assert member.arguments["pointer"] == "/waba_template_id"
        assert PLAIN_NAME in finding.exchanges[0].delivery.body
