"""Acknowledgement of valid deliveries."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.documented_response import answer_flaws
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import valid


@pytest.mark.rule("ACK-01")
@each(valid.plain)
def test_plain_delivery_is_acknowledged(exchange):
    assert exchange.acknowledged, "an acknowledgement (2xx)"


@pytest.mark.rule("ACK-02")
@each(valid.examples)
def test_valid_delivery_is_not_redirected(exchange):
    assert not exchange.redirected, "no redirect (3xx)"


@pytest.mark.rule("ACK-03")
@each(valid.listed_values, narrows=True)
def test_every_listed_value_is_acknowledged(exchange):
    assert exchange.acknowledged, "an acknowledgement (2xx)"


@pytest.mark.rule("ACK-04")
@each(valid.examples)
def test_every_example_is_acknowledged(exchange):
    assert exchange.acknowledged, "an acknowledgement (2xx)"


@pytest.mark.rule("ACK-05")
@each(valid.weighty, sends=1)
def test_answer_comes_within_the_deadline(receiver):
    exchange = receiver.deliver()
    assert exchange.elapsed_s - receiver.round_trip_s <= receiver.facts.deadline_s, (
        f"an answer within {receiver.facts.deadline_s} s <- {exchange.elapsed_s:.1f} s, {exchange.described()}"
    )


@pytest.mark.rule("ACK-06")
@each(valid.answered_examples)
def test_acknowledgement_has_the_documented_status(exchange, callback):
    documented = callback.answer
    assert not exchange.acknowledged or documented.documents(exchange.status), (
        f"the documented status {documented.statuses}"
    )


@pytest.mark.rule("ACK-07")
@each(valid.examples)
def test_acknowledgement_is_no_html_page(exchange):
    assert not (exchange.acknowledged and exchange.answer.is_html), "no HTML page"


@pytest.mark.rule("ACK-08")
@each(valid.answered_examples)
def test_acknowledgement_has_the_documented_body(exchange, callback):
    flaw = answer_flaws(exchange, callback) if exchange.acknowledged else ""
    assert not flaw, f"the documented body <- {flaw}"
