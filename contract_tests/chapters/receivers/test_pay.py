"""Off-schema and unparsable bodies.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.runner.liveness import valid_after_hostile
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import hard, off_schema, unparsable
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("PAY-01")
@each(unparsable.empty_bodies)
def test_empty_body_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-02")
@each(unparsable.empty_bodies)
def test_empty_body_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("PAY-03")
@each(unparsable.syntax_errors)
def test_syntax_error_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-04")
@each(unparsable.syntax_errors)
def test_syntax_error_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("PAY-05")
@each(unparsable.truncations)
def test_truncated_body_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-06")
@each(unparsable.truncations)
def test_truncated_body_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("PAY-07")
@each(unparsable.two_documents)
def test_second_document_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-08")
@each(unparsable.two_documents)
def test_second_document_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("PAY-09")
@each(unparsable.bad_encodings)
def test_bad_encoding_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-10")
@each(unparsable.bad_encodings)
def test_bad_encoding_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("PAY-11")
@each(unparsable.boms)
def test_byte_order_mark_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-12")
@each(unparsable.boms)
def test_byte_order_mark_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("PAY-13")
@each(unparsable.not_numbers)
def test_nan_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-14")
@each(unparsable.not_numbers)
def test_nan_is_not_acknowledged(exchange):
    assert not exchange.acknowledged, Text("expected.not-acknowledged")


@pytest.mark.rule("PAY-15")
@each(off_schema.wrong_roots)
def test_wrong_root_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-16")
@each(off_schema.wrong_roots)
def test_wrong_root_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("PAY-17")
@each(off_schema.missing_members)
def test_missing_member_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-18")
@each(off_schema.missing_members)
def test_missing_member_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("PAY-19")
@each(off_schema.null_members)
def test_null_member_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-20")
@each(off_schema.null_members)
def test_null_member_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("PAY-21")
@each(off_schema.mistyped_members)
def test_mistyped_member_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-22")
@each(off_schema.mistyped_members)
def test_mistyped_member_is_rejected(exchange):
    assert exchange.rejected, Text("expected.rejected")


@pytest.mark.rule("PAY-23")
@each(hard.duplicate_names)
def test_duplicate_name_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-24")
@each(hard.nesting)
def test_deep_nesting_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-25")
@each(hard.big_integers)
def test_big_integer_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-26")
@each(hard.long_numbers)
def test_long_number_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-27")
@each(hard.surrogates)
def test_lone_surrogate_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-28")
@each(hard.control_characters)
def test_control_character_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-29")
@each(hard.long_texts)
def test_long_text_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-30")
@each(hard.fractions)
def test_integral_fraction_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-31")
@each(hard.outside_formats)
def test_value_outside_the_format_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("PAY-32")
@each(hard.broken_then_valid, story=valid_after_hostile, at_once=4)
def test_valid_delivery_after_a_hostile_one_is_acknowledged(receiver):
    assert receiver.told.acknowledged, Text("expected.next-acknowledged")


@pytest.mark.rule("PAY-33")
@each(hard.negations)
def test_generated_mistake_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")
