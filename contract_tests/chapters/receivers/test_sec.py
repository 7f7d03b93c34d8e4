"""Information disclosure: responses show nothing that only an attacker needs.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.information_disclosure import (
    framework_version,
    has_markup,
    header_from_text,
    secrets_to_look_for,
    stack_trace,
)
from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import http, texts
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("SEC-01")
@each(http.provoking)
def test_answer_shows_no_stack_trace(exchange):
    assert stack_trace(exchange) == "", Mismatch(
        Text("expected.no-stack-trace"), Text("actual.in-own-words", words=repr(stack_trace(exchange)))
    )


@pytest.mark.rule("SEC-02")
@each(http.provoking)
def test_error_page_shows_no_version(exchange):
    assert framework_version(exchange) == "", Mismatch(
        Text("expected.no-version"), Text("actual.in-own-words", words=repr(framework_version(exchange)))
    )


@pytest.mark.rule("SEC-03")
@each(http.provoking)
def test_received_markup_is_not_repeated_as_html(exchange):
    assert not has_markup(exchange), Text("expected.no-markup")


@pytest.mark.rule("SEC-04")
@each(http.provoking, needs=secrets_to_look_for)
def test_answer_repeats_no_secret(exchange):
    assert not exchange.leak, Mismatch(Text("expected.no-secret"), Text("actual.repeats", secret=exchange.leak))


@pytest.mark.rule("SEC-05")
@each(texts.line_ends)
def test_no_text_becomes_a_header(exchange):
    name = header_from_text(exchange)
    assert name == "", Mismatch(Text("expected.no-header-from-text"), Text("actual.header-from-text", name=name))
