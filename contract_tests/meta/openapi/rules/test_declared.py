"""A receiver that stores every body before it reads it, and says so, is asked less of what is no JSON."""

from __future__ import annotations

from callback_contract.openapi.rules.catalogue import load_catalogue

CATALOGUE = load_catalogue()
DECLARED = CATALOGUE.with_declared({"acknowledges_unread"})


def test_declaration_makes_a_should_of_every_rule_on_what_is_no_json():
    changed = [before.id for before, after in zip(CATALOGUE.rules, DECLARED.rules, strict=True) if before != after]
    assert changed == ["PAY-02", "PAY-04", "PAY-06", "PAY-08"]
    assert {DECLARED[rule].level for rule in changed} == {"SHOULD"}
    assert {CATALOGUE[rule].level for rule in changed} == {"MUST"}


def test_receiver_that_declares_nothing_is_asked_all():
    assert CATALOGUE.with_declared(()) is CATALOGUE


def test_bytes_that_express_and_go_repair_are_a_should():
    assert CATALOGUE["PAY-10"].level == "SHOULD"
