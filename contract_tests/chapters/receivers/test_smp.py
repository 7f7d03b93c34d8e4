"""Recorded deliveries.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import recorded
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("SMP-01")
@each(recorded.samples, sends=1, at_once=1, named=True)
def test_every_recorded_delivery_is_acknowledged(receiver):
    assert receiver.deliver().acknowledged, Text("expected.acknowledged")
