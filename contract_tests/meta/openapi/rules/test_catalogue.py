"""Rule catalogue: complete, with a source, a test and a fault for each rule."""

from __future__ import annotations

import ast

import pytest

from callback_contract.contract_tests.runner.collection import CHAPTERS, collect_tests
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.openapi import CatalogueError
from callback_contract.openapi.rules.catalogue import CATALOGUE_FILE, load_catalogue

CATALOGUE = load_catalogue()


def test_every_testable_rule_has_a_test():
    assert set(collect_tests()) == {rule.id for rule in CATALOGUE.rules if not rule.untestable}


def test_every_testable_rule_has_a_fault_and_no_fault_is_without_a_rule():
    assert set(FAULTS) == {rule.id for rule in CATALOGUE.rules if not rule.untestable}


def test_each_assertion_of_a_rule_says_what_was_expected():
    for file in CHAPTERS.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            assert not isinstance(node, ast.Assert) or node.msg is not None, f"{file.name}:{node.lineno}"


def test_ids_are_numbered_without_gaps():
    for chapter in CATALOGUE.chapters:
        # Sorted: a rule stands before another of a lower number that requires it.
        ids = sorted(rule.id for rule in CATALOGUE.rules if rule.chapter == chapter)
        assert ids == [f"{chapter}-{number:02d}" for number in range(1, len(ids) + 1)]


def test_house_rules_give_their_reason():
    for rule in CATALOGUE.rules:
        if rule.source.startswith("house rule"):
            assert "because" in rule.source


def test_rule_that_rests_on_a_house_number_is_no_must():
    for rule in CATALOGUE.rules:
        if "(house" in rule.source:
            assert rule.level == "SHOULD"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: ACK-02", "id: ACK-01", "stands twice"),
        ("level: MUST", "level: must", "must"),
        ("statement: The receiver", "statement: The receiver must", "statement"),
        ("requires: [ACK-01, ACK-02]", "requires: [PAY-01]", "does not come before"),
        ("    since: '1.0'\n", "", "since"),
        ("    fault: acknowledges the first delivery and no other\n", "", '"fault" is a required'),
        ("    fault: acknowledges the first", "    fault: It acknowledges the first", "does not match"),
        ("    zh:\n", "    zh:\n      note: 多余\n", "ACK-01 has no note"),
        ("    zh:\n", "    zh:\n      level: MUST\n", "level"),
    ],
)
def test_broken_catalogue_is_refused_with_its_line(tmp_path, old, new, said):
    text = CATALOGUE_FILE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "rules.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"rules\.yaml:\d+") as caught:
        load_catalogue(file)
    assert said in str(caught.value)


def test_unknown_rule_suggests_the_nearest():
    with pytest.raises(CatalogueError, match="PAY-01"):
        CATALOGUE.select(("PAI-01",))
