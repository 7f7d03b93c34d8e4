"""Terminal output: steps of a finding, commands to paste, and no more than requested."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.support.sample_reports import TIMELINE, finding, report, rule
from callback_contract.contract_tests.reporting.model.reproduction import from_here
from callback_contract.contract_tests.reporting.terminal.console import Terminal
from callback_contract.contract_tests.reporting.terminal.findings import show_findings
from callback_contract.contract_tests.reporting.terminal.steps import story_lines
from callback_contract.contract_tests.reporting.terminal.terminal import _is_quiet
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract
from callback_contract.openapi.rules.catalogue import load_catalogue


def told(*rules, width=100):
    out = io.StringIO()
    show_findings(Terminal(file=out, width=width), report(*rules), load_catalogue(), None, at_length=False)
    return out.getvalue().splitlines()


def event(kind, message=1, **more):
    return {"offset_s": 0.0, "message": message, "kind": kind, **more}


def shown(state, applied=1, backwards=False, **more):
    return event("shown", state=state, applied=applied, backwards=backwards, **more)


def test_story_has_a_line_for_each_delivery_with_what_was_stored_after_it():
    events = [
        event("sent", state="b", status=200),
        shown("b"),
        event("sent", state="a", status=200),
        shown("a", 2, True),
    ]
    assert list(story_lines({"events": events, "left_out": 0})) == [
        "1. b → 200; stored: b (applied 1)",
        "2. a → 200; stored: a (applied 2), backwards",
    ]


def test_story_of_several_messages_says_which_one_and_what_is_left_out():
    events = [
        event("sent", state="a", status=None),
        event("sent", 2, state=None, status=200),
        shown(None, None, message=2),
    ]
    assert list(story_lines({"events": events, "left_out": 3})) == [
        "1. a of message 1 → no answer",
        "2. a delivery of message 2 → 200; stored of message 2: not known",
        "3 more steps stand between, left out here",
    ]


def test_finding_with_a_story_shows_its_steps():
    one = finding("oops", 1, "ORD-02") | {"timeline": TIMELINE}
    one["exchanges"] = one["exchanges"] * 2
    lines = told(rule("ORD-02", "fail", [one]))
    assert any(line.startswith("     1. ") and " → " in line for line in lines)


def test_remedy_keeps_its_indent_on_further_lines():
    lines = told(rule("PAY-10", "fail", [finding("oops", 1, "PAY-10")]), width=60)
    start = next(i for i, line in enumerate(lines) if line.startswith("  Remedy: "))
    assert lines[start + 1].startswith("  ") and lines[start + 1].strip()


@pytest.mark.parametrize(
    ("called", "said"),
    [(".venv/bin/callback-contract", ".venv/bin/callback-contract"), ("callback-contract", "callback-contract")],
)
def test_command_is_told_as_the_program_was_called(monkeypatch, called, said):
    monkeypatch.setattr(sys, "argv", [called, "check"])
    monkeypatch.setenv("PATH", "/nowhere")
    command = from_here("callback-contract reproduce report.json PAY-17-1", Path("out"))
    assert command == f"{said} reproduce out/report.json PAY-17-1"


def test_quiet_leaves_out_only_what_nothing_is_to_be_done_about():
    assert _is_quiet(rule("ACK-01", "pass") | {"reason": ""}) and _is_quiet(rule("ACK-01", "not applicable"))
    assert not _is_quiet(rule("ACK-01", "pass") | {"reason": "1 of 3 cases …"})
    assert not any(_is_quiet(rule("ACK-01", verdict)) for verdict in ("warn", "fail", "flaky", "waived", "error"))


def test_progress_and_failures_are_shown_while_rules_are_judged():
    def slowly(request, assessment, receiver, right):
        time.sleep(0.02)
        return Response(500) if assessment.kind == "syntax" else right()

    with served(Receiver(load_contract(), fault=Fault(slowly))) as url:
        shown = in_a_terminal("check", url, "--rules", "ACK-01,PAY-01,PAY-03,PAY-05")
    live, _, _ = shown.partition("not conformant")
    assert len(set(re.findall(r"\d+/\d+", live))) > 3  # how far it is
    begun, failed, ended = (live.index(text) for text in ("PAY-01  The", "fail  PAY-03  The", "PAY-05  The"))
    assert begun < failed < ended


def in_a_terminal(*arguments):
    """What a terminal is sent, without its control sequences."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "callback_contract.contract_tests", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "150", "NO_COLOR": "1"},
    )
    os.close(theirs)
    sent = b""
    with contextlib.suppress(OSError):  # its end, on Linux
        while some := os.read(ours, 65536):
            sent += some
    os.close(ours)
    program.wait()
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", sent.decode())
    print(shown)
    return shown
