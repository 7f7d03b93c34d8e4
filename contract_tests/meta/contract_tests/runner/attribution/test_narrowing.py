"""Narrowing: a drawn content that breaks is shown by the members that do it, in few deliveries."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support import scripted
from callback_contract.contract_tests.model.cases import Case, purpose_of
from callback_contract.contract_tests.model.verdicts import Finding
from callback_contract.contract_tests.runner.attribution.narrowing import is_drawn, members_that_break, narrowed
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.stimuli.valid import generated, plain
from callback_contract.openapi.text.message import Text

PLAIN_NAME = scripted.PLAIN[scripted.FIRST.name]["workflow_name"].encode()
PLAIN = {"a": 1, "b": {"c": 2, "d": 3}, "e": 4, "f": 5}


@pytest.mark.parametrize(
    ("content", "breaks", "left"),
    [
        ({"a": 9, "b": {"c": 9, "d": 9}, "e": 9, "f": 9}, lambda c: c["b"]["d"] == 9, ["/b/d"]),
        ({"a": 9, "b": {"c": 2, "d": 9}, "e": 4}, lambda c: "f" not in c and c["a"] == 9, ["/a", "/f"]),
        ({"a": 9, "b": {"c": 9, "d": 3, "x": 1}, "e": 4, "f": 9}, lambda c: "x" in c["b"], ["/b/x"]),
        ({"a": 9, "b": {"c": 2, "d": 3}, "e": 4, "f": 5}, lambda c: False, ["/a"]),
        ({"a": 9, "b": 7, "e": {"x": 1}, "f": 5}, lambda c: False, ["/a", "/b", "/e"]),
        ({"a": 9, "b": {"c": 9, "d": 9}, "e": 9, "f": 9}, lambda c: False, ["/a", "/b/c", "/b/d", "/e", "/f"]),
    ],
)
def test_members_are_left_that_have_to_be_as_they_are(content, breaks, left):
    assert members_that_break(PLAIN, content, breaks) == left


def test_half_of_the_members_becomes_plain_at_first():
    tried = []
    members_that_break(PLAIN, {"a": 9, "b": {"c": 9, "d": 3}, "e": 9, "f": 9}, tried.append)
    assert tried[0] == {**PLAIN, "e": 9, "f": 9}


def found_at(answer, rule_id, depth="quick"):
    """What a rule finds at a receiver that answers so to each body that is JSON, and acknowledges any other."""

    def scripted_answer(delivery):
        try:
            told = json.loads(delivery.body)
        except ValueError:
            told = None
        return scripted.exchange(answer(told) if isinstance(told, dict) else 200, delivery)

    _, catalogue, tests = tools()
    run = scripted.run_before(scripted_answer, rules=(catalogue[rule_id],), depth=DEPTHS[depth])
    return judge(run, catalogue[rule_id], tests[rule_id]).findings


def refuses_long_numbers_of_templates(told):
    return 422 if told["waba_template_id"] > 10**6 else 200


def test_finding_names_the_member_and_shows_a_delivery_that_is_plain_but_for_it():
    found = found_at(refuses_long_numbers_of_templates, "DAT-13")
    assert found
    for finding in found:
        (member,) = finding.actual.arguments["members"].arguments["parts"]
        assert member.arguments["pointer"] == "/waba_template_id"
        assert PLAIN_NAME in finding.exchanges[0].delivery.body


def crashes_at_a_template_that_is_no_number(told):
    return 200 if isinstance(told.get("waba_template_id", 1), int) else 500


def test_drawn_mistake_is_narrowed_to_the_member_that_breaks_and_keeps_fresh_ids():
    found = found_at(crashes_at_a_template_that_is_no_number, "PAY-33", "standard")
    assert found
    for finding in found:
        (member,) = finding.actual.arguments["members"].arguments["parts"]
        assert member.arguments["pointer"] == "/waba_template_id"
        told = json.loads(finding.exchanges[0].delivery.body)
        assert told["workflow_name"].encode() == PLAIN_NAME
        assert told["msg_id"].startswith("ca11bac4")


def test_drawn_content_that_is_looked_at_once_more_is_narrowed_too():
    case = Case(scripted.FIRST, Text("case.plain"), {}, looks_at=(purpose_of(generated), 3))
    assert is_drawn(tools()[2]["STA-08"], case)
    assert not is_drawn(tools()[2]["STA-08"], replace(case, looks_at=(purpose_of(plain), 3)))
    assert not is_drawn(tools()[2]["STA-08"], replace(case, looks_at=("another purpose", 3)))


def test_what_gets_no_answer_is_not_narrowed():
    case = Case(scripted.FIRST, Text("case.plain"), {})
    asked = (scripted.exchange("timeout"),)
    silent = Finding(
        scripted.FIRST.name, case.label, Text("expected.answered"), Text("actual.not-known"), asked, True, True
    )
    assert narrowed(None, None, None, case, 1, silent) is silent
