"""Acknowledgement of valid deliveries.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.documented_response import (
    answer_flaws,
    is_page,
    redirects_documented,
)
from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import valid
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("ACK-01")
@each(valid.plain)
def test_plain_delivery_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("ACK-02")
@each(valid.examples, needs=redirects_documented)
def test_valid_delivery_is_not_redirected(exchange):
    assert not exchange.redirected or exchange.acknowledged, Text("expected.not-redirected")


@pytest.mark.rule("ACK-03")
@each(valid.listed_values, narrows=True)
def test_every_listed_value_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("ACK-04")
@each(valid.examples)
def test_every_example_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("ACK-05")
@each(valid.weighty, sends=1)
def test_answer_comes_within_the_deadline(receiver):
    deadline_s = receiver.facts.deadline_s
    exchange = receiver.delivered()
    if receiver.looks_back and exchange.elapsed_s - receiver.round_trip_s > deadline_s:
        exchange = receiver.deliver()  # beside many others it may have waited for its turn
    assert exchange.elapsed_s - receiver.round_trip_s <= deadline_s, Mismatch(
        Text("expected.in-time", seconds=deadline_s),
        Text("actual.answer-after", seconds=exchange.elapsed_s, answer=exchange.described()),
    )


@pytest.mark.rule("ACK-06")
@each(valid.answered_examples)
def test_acknowledgement_has_the_documented_status(exchange, callback):
    documented = callback.answer
    is_documented = exchange.redirected or documented.documents(exchange.status)
    assert not exchange.acknowledged or is_documented, Text("expected.documented-status", statuses=documented.statuses)


@pytest.mark.rule("ACK-07")
@each(valid.examples)
def test_acknowledgement_is_no_html_page(exchange, callback):
    assert not (exchange.acknowledged and is_page(exchange.answer, callback)), Text("expected.no-html")


@pytest.mark.rule("ACK-08")
@each(valid.answered_examples)
def test_acknowledgement_has_the_documented_body(exchange, callback):
    flaw = answer_flaws(exchange, callback) if exchange.acknowledged else ""
    assert not flaw, Mismatch(Text("expected.documented-body"), Text("actual.in-own-words", words=flaw))
