"""What the README shows as printed is what the program prints, up to times, ports and ids, and up to what it cuts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.contract_tests.receivers.test_mistakes import SUBJECTS
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import missing_means, running
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract

ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
FENCED = [text for language, text in BLOCKS if not language]
NOT_PRINTED = "contract_tests/   floor 3"  # what stands where
VARYING = (
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r"\b\d+(\.\d+)? (ms|s)\b", "TIME"),
    (r"\brun [0-9a-f]{8}\b", "RUN"),
)


def shown(start):
    """The one block of output that begins so."""
    (block,) = (block for block in FENCED if block.startswith(start))
    return block


def printed(*arguments, cwd):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "callback_contract.contract_tests", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300).stdout


def masked(text):
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text


def lacking(block, output):
    """Lines of a block that the output does not have, in this order; an ellipsis stands for anything."""
    rest, lost = masked(output).splitlines(), []
    for line in masked(block).splitlines():
        if line.strip() in {"", "…"}:
            continue
        at = next((n for n, real in enumerate(rest) if alike(line, real.rstrip())), None)
        if at is None:
            lost.append(line)
        else:
            rest = rest[at + 1 :]
    return lost


def alike(line, real):
    if line.endswith("…") and real.endswith("…"):  # both cut, one a little later: its port has more digits
        shorter, longer = sorted((line[:-1].rstrip(), real[:-1].rstrip()), key=len)
        return longer.startswith(shorter) and len(longer) - len(shorter) < 4
    return re.fullmatch(".*".join(map(re.escape, re.split(" ?…", line))), real) is not None


def test_finding_is_shown_as_it_is_printed(tmp_path):
    with served(Receiver(load_contract(), fault=FAULTS["PAY-17"])) as url:
        told = printed(
            *("check", f"{url}/callbacks/whatsapp", "--rules", "PAY-17", "--report-dir", "callback-report"),
            cwd=tmp_path,
        )
    assert lacking(shown("fail PAY-17"), told) == []


@pytest.mark.slow
def test_rules_of_one_cause_are_shown_as_they_are_printed(tmp_path):
    if lacking_means := missing_means(SUBJECTS["fastapi"]):
        do_without(lacking_means)
    with running(SUBJECTS["fastapi"], {"MISTAKE": "uncaught"}) as (url, _):
        told = printed("check", url, "--rules", "PAY", "--report-dir", "callback-report", cwd=tmp_path)
    assert lacking(shown("  The same kind of answer"), told) == []


@pytest.mark.slow
def test_first_run_is_shown_as_it_is_printed(tmp_path):
    assert lacking(shown("Judging the mock receiver"), printed("check", cwd=tmp_path)) == []


@pytest.mark.slow
def test_many_messages_are_shown_as_they_are_sent(tmp_path):
    with served(Receiver(load_contract())) as url:
        options = ("--messages", "500", "--rate", "200", "--duplicates", "0.1", "--reordered", "0.1")
        told = printed("send", f"{url}/", *options, cwd=tmp_path)
    assert lacking(shown("Sending "), told) == []


def test_no_other_output_is_shown():
    starts = ("Judging the mock receiver", "fail PAY-17", "  The same kind of answer", "Sending ", NOT_PRINTED)
    assert [block for block in FENCED if not block.startswith(starts)] == []
    assert len(FENCED) == len(starts)


def test_line_that_nothing_printed_is_found():
    assert lacking("a 3 ms\n…\nc…e\n", "a 17 ms\nb\nc d e\n") == []
    assert lacking("a\nx\nb\n", "a\nb\n") == ["x"] and lacking("b\na\n", "a\nb\n") == ["a"]
