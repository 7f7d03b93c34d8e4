"""Hard but legal data.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import texts, valid
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("DAT-01")
@each(texts.scripts)
def test_every_script_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-02")
@each(texts.symbols)
def test_emoji_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-03")
@each(texts.invisible_texts)
def test_invisible_characters_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-04")
@each(texts.markup_texts)
def test_text_like_markup_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-05")
@each(texts.line_ends)
def test_line_ends_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-06")
@each(texts.lengths)
def test_every_length_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-07")
@each(valid.integers)
def test_large_integers_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-08")
@each(valid.phone_forms)
def test_phone_numbers_of_every_form_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-09")
@each(valid.id_forms)
def test_ids_like_numbers_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-10")
@each(texts.empty_maps)
def test_empty_maps_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-11")
@each(texts.many_keys)
def test_hundreds_of_keys_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-12")
@each(texts.awkward_keys)
def test_awkward_keys_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-14")
@each(texts.value_like_texts)
def test_texts_like_values_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("DAT-13")
@each(valid.generated)
def test_generated_contents_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")
