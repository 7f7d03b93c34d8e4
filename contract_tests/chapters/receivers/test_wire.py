"""HTTP: media types, methods, headers and framing around the body.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import http, valid
from callback_contract.contract_tests.stimuli.stored import answered_contents
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("WIRE-01")
@each(http.media_type_parameters)
def test_media_type_parameters_are_accepted(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-02")
@each(http.media_type_cases)
def test_letter_case_of_the_media_type_is_ignored(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-03")
@each(http.unknown_media_types)
def test_unknown_media_type_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("WIRE-04")
@each(http.unknown_media_types)
def test_unknown_media_type_is_unsupported(exchange):
    assert exchange.status == 415, Text("expected.unsupported-media-type")


@pytest.mark.rule("WIRE-05")
@each(http.other_methods)
def test_other_methods_are_answered(exchange):
    assert exchange.answered or exchange.status == 501, Text("expected.answered-or-501")


@pytest.mark.rule("WIRE-06")
@each(http.changing_methods)
def test_changing_methods_are_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("WIRE-07")
@each(http.reading_methods)
def test_reading_methods_are_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("WIRE-08")
@each(http.other_methods)
def test_method_not_allowed_names_the_allowed_ones(exchange):
    assert exchange.status != 405 or exchange.answer.header("allow") is not None, Text("expected.allow-named")


@pytest.mark.rule("WIRE-09")
@each(http.trace)
def test_trace_is_refused(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("WIRE-10")
@each(http.chunked)
def test_chunked_body_is_read(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-11")
@each(http.no_agent)
def test_delivery_without_user_agent_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-12")
@each(http.other_agents)
def test_foreign_user_agent_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-13")
@each(http.header_cases)
def test_letter_case_of_header_names_is_ignored(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-14")
@each(http.kept_connections, sends=2)
def test_kept_connection_serves_like_a_fresh_one(receiver):
    with receiver.on_one_connection() as kept:
        kept.deliver()  # PAY-32, which this rule requires, has seen that a fresh connection works after these
        assert kept.deliver_plain(fresh_connection=False).acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-15")
@each(http.expecting)
def test_delivery_that_waits_for_continue_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-16")
@each(http.slow)
def test_slow_body_is_read(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-17")
@each(http.spellings)
def test_every_spelling_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-18")
@each(valid.sizes_must)
def test_body_of_the_obligatory_size_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-19")
@each(valid.sizes_should)
def test_body_of_the_larger_size_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-20")
@each(http.unknown_headers)
def test_unknown_headers_are_ignored(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("WIRE-21")
@each(answered_contents, sends=1)
def test_answer_ends_where_its_head_says(receiver):
    answer = receiver.delivered().answer
    wrong = answer.wrong_length if answer else ""
    assert not wrong, Mismatch(Text("expected.ends-as-announced"), wrong and Text(f"actual.{wrong}"))
