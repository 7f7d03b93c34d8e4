"""Faults of the provider: each one breaks exactly its rule on senders."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.kill_matrix.senders import RIGHT_SENDER, judge_own_sender, sender_matrix
from callback_contract.contract_tests.meta.generating.matrix import SENDER_MATRIX
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.mock_server.cli.send_command import send
from callback_contract.mock_server.provider.sender_faults import SENDER_FAULTS
from callback_contract.openapi.rules.catalogue import load_catalogue


@pytest.mark.slow
def test_right_provider_passes_every_rule():
    assert {name: each.verdict for name, each in judge_own_sender(RIGHT_SENDER).items() if each.verdict != "pass"} == {}


@pytest.mark.slow
@pytest.mark.parametrize("fault", SENDER_FAULTS)
def test_fault_breaks_exactly_its_rule(fault):
    (row,) = sender_matrix([fault])
    assert row.exact, (row.broken, row.other)


def test_each_fault_is_told_in_its_rule():
    assert [rule.id for rule in load_catalogue(side="sender").rules if rule.fault] == list(SENDER_FAULTS)


def test_unknown_fault_gets_the_near_one():
    error = invoke(send, ["http://127.0.0.1:9/", "--messages", "1", "--fault", "RET-1"]).exception
    assert error.exit_code == 2 and "Did you mean" in str(error)


def test_fault_without_lives_is_refused():
    error = invoke(send, ["http://127.0.0.1:9/", "--fault", "RET-01"]).exception
    assert error.exit_code == 2 and "--messages 1" in str(error)


def test_the_matrix_of_senders_shows_each_fault_noticed_by_its_rule_alone():
    rows = [line.split(" | ") for line in SENDER_MATRIX.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
    assert [row[0].strip("| ") for row in rows] == ["none", *SENDER_FAULTS]
    assert [row[2].split()[-1] for row in rows[1:]] == list(SENDER_FAULTS)
