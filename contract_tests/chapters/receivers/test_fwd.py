"""Forward compatibility: members, values and types that a later contract version may add.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import forward
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("FWD-01")
@each(forward.unknown_members)
def test_unknown_member_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("FWD-02")
@each(forward.structured_members)
def test_unknown_structure_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("FWD-03")
@each(forward.several_members)
def test_several_unknown_members_are_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("FWD-04")
@each(forward.unknown_values)
def test_unknown_value_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("FWD-05")
@each(forward.unknown_values)
def test_unknown_value_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")


@pytest.mark.rule("FWD-06")
@each(forward.other_types)
def test_other_type_is_answered(exchange):
    assert exchange.answered, Text("expected.answered")


@pytest.mark.rule("FWD-07")
@each(forward.other_types)
def test_other_type_is_acknowledged(exchange):
    assert exchange.acknowledged, Text("expected.acknowledged")
