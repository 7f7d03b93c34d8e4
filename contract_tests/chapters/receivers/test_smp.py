"""Recorded deliveries."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import recorded


@pytest.mark.rule("SMP-01")
@each(recorded.samples, sends=1, at_once=1, named=True)
def test_every_recorded_delivery_is_acknowledged(receiver):
    assert receiver.deliver().acknowledged, "an acknowledgement (2xx)"
