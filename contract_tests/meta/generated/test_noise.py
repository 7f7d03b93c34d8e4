"""Noise script: what deviates from a condition's verdict is told, and its relay does to connections what it says."""

from __future__ import annotations

import json
import socket
import sys

import pytest

from callback_contract.contract_tests.meta.scripts.noise import CONDITIONS, Condition, deviations
from callback_contract.contract_tests.meta.scripts.noisy_receivers import relay
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.openapi.rules.catalogue import load_catalogue

LATE = Condition(broken=frozenset({"ACK-05"}))
BY_CHANCE = Condition(broken=frozenset({"LIVE-02"}))


@pytest.mark.parametrize(
    ("condition", "code", "verdicts", "found"),
    [
        (Condition(), 0, {"ACK-01": "pass", "LOD-04": "warn"}, []),
        (Condition(), 0, {"LOD-04": "flaky"}, ["LOD-04 flaky"]),
        (Condition(), 3, {"STA-01": "error"}, ["exit code 3", "STA-01 error"]),
        (BY_CHANCE, 1, {"LIVE-02": "fail"}, []),
        (BY_CHANCE, 1, {"LIVE-02": "fail", "DAT-01": "flaky"}, ["DAT-01 flaky"]),
        (BY_CHANCE, 0, {"LIVE-02": "pass"}, ["LIVE-02 not broken"]),
        (LATE, 0, {"ACK-05": "warn"}, []),
    ],
)
def test_run_deviates_by_its_exit_code_and_by_each_verdict(tmp_path, condition, code, verdicts, found):
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"rules": [{"id": rule, "verdict": each} for rule, each in verdicts.items()]}))
    assert deviations(condition, code, report) == found


def test_run_without_a_report_deviates(tmp_path):
    assert deviations(Condition(), 0, tmp_path / "none.json") == ["exit code 0", "no report"]


def test_every_rule_that_a_condition_breaks_is_one_of_the_catalogue():
    assert {rule for condition in CONDITIONS.values() for rule in condition.broken} <= {
        rule.id for rule in load_catalogue().rules
    }


@pytest.mark.parametrize(("resets", "came"), [(0.0, b"HTTP/1.1 204 No Content\r\n"), (1.0, None)])
def test_relay_passes_on_a_request_or_resets_its_connection(resets, came):
    with (
        raw_server(lambda connection, request: connection.sendall(answer("204 No Content"))) as url,
        relay(int(url.rpartition(":")[2]), resets=resets) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        if came is None:
            with pytest.raises(ConnectionResetError):
                connection.recv(1024)
        else:
            assert connection.recv(1024).startswith(came)


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["resets", "chance"])
def test_condition_comes_to_what_it_has_to(condition, tmp_path):
    script = "callback_contract.contract_tests.meta.scripts.noise"
    done = run_program([sys.executable, "-m", script, condition, "--runs", "1", "--keep", tmp_path], timeout=900)
    assert done.returncode == 0
