"""Life: the receiver goes on answering, and none of its answers is left to chance."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.runner.attribution.chance import verdict_on_chance
from callback_contract.contract_tests.runner.attribution.stops import verdict_on_stops
from callback_contract.contract_tests.runner.rule_tests import over_the_run
from callback_contract.contract_tests.stimuli import valid


@pytest.mark.rule("LIVE-01")
@over_the_run(valid.plain)
def test_receiver_goes_on_answering(run, rule):
    return verdict_on_stops(run, rule)


@pytest.mark.rule("LIVE-02")
@over_the_run(valid.plain)
def test_no_answer_is_left_to_chance(run, rule):
    return verdict_on_chance(run, rule)
