"""A table of hostile receivers: `check` ends at each in time, with a report, and without a word of Python's."""

from __future__ import annotations

import json
import time

import jsonschema_rs
import pytest

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import PROGRAM
from callback_contract.contract_tests.meta.support.hostile import raw_server
from callback_contract.contract_tests.meta.support.hostile_answers import HOSTILE, HTTPS, LATE, never_accepting
from callback_contract.contract_tests.meta.support.made_reports import SCHEMA
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract

BOUND_S = 30  # of which an idle machine needs 3: a start, a second for an answer, reports
LATE_BOUND_S = 45  # of which an idle machine needs 9: the same, and five seconds for the run
STATE = ("--rules", "STA,ACK-01", "--state-patience", "1")
FEW = {"head that drips", "100 Continue without end"}
FEW_READ_BACKS = {"body that drips", "body of 10 GiB"}
PROXIES = ("head that drips", "100 Continue without end", "head without end", "no status line", "silence")
READ_BACKS = {name for name, hostile in HOSTILE.items() if not hostile.speaks_first}


def rows(names, few):
    return [pytest.param(name, marks=() if name in few else pytest.mark.slow) for name in sorted(names)]


def ended(folder, bound_s, *arguments):
    """The exit code of a `check` that ended in time, left a report and told nothing of itself."""
    limits = ("--depth", "quick", "--timeout", "1", "--max-time", "5", "--report-dir", folder)
    begun = time.monotonic()
    command = [*PROGRAM, "check", *arguments, *limits]
    done = run_program(command, timeout=bound_s)
    print(f"{time.monotonic() - begun:.1f} s, exit {done.returncode}: {(done.stderr or done.stdout)[-300:]}")
    assert "Traceback" not in done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text())
    jsonschema_rs.validator_for(SCHEMA).validate(report)
    return done.returncode


@pytest.mark.parametrize("name", rows(HOSTILE, FEW))
def test_check_ends_at_a_hostile_receiver(name, tmp_path):
    hostile = HOSTILE[name]
    with raw_server(hostile.act, speaks_first=hostile.speaks_first) as url:
        named = url.replace("http:", "https:") if name in HTTPS else url
        assert ended(tmp_path, BOUND_S, named, "--rules", "ACK-01") in hostile.codes


@pytest.mark.parametrize("name", rows(LATE, {"silence"}))
def test_check_ends_at_a_receiver_that_turns_hostile(name, tmp_path):
    with raw_server(LATE[name].act) as url:
        assert ended(tmp_path, LATE_BOUND_S, url) in LATE[name].codes


@pytest.mark.parametrize("name", rows(READ_BACKS, FEW_READ_BACKS))
def test_check_ends_at_a_hostile_read_back(name, tmp_path):
    with served(Receiver(load_contract())) as right, raw_server(HOSTILE[name].act) as states:
        assert ended(tmp_path, BOUND_S, right, "--state-url", states + "/{id}", *STATE) == 3


@pytest.mark.slow
def test_check_ends_where_no_connection_comes_about(tmp_path):
    with never_accepting() as url:
        assert ended(tmp_path, BOUND_S, url, "--rules", "ACK-01") == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", PROXIES)
def test_check_ends_at_a_hostile_proxy(name, tmp_path):
    hostile = HOSTILE[name]
    with raw_server(hostile.act) as proxy:
        assert ended(tmp_path, BOUND_S, "https://127.0.0.1:9/", "--proxy", proxy, "--rules", "ACK-01") == 3
