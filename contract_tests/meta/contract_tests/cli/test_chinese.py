"""A run in Chinese, read whole: nothing of the kit's own is in English in the terminal."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.processes import invoke, run_program
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract
from callback_contract.openapi.rules.translations import load_translation

PROGRAM = [sys.executable, "-m", "callback_contract.contract_tests"]
RULES = "ACK,PAY-01,PAY-02,PAY-03,PAY-15,PAY-16,WIRE-08,SEC-04,STA-01,IDM-01,IDM-02,LOD-03,SIG,TLS-01,SMP"
COMMANDS = re.compile(r"\s*(callback-contract|curl|RUN=|[<>] )")  # to be pasted; and what was sent and came back
NAMES = re.compile(
    r"https?://\S*|/tmp/\S+|findings/|[A-Za-z][\w./-]*\.(?:jsonl?|xml|html|har|sarif|md|svg|yaml)"
    r"|--?[a-z][\w-]*(?: [A-Z]\w*)?|`[^`]*`|'[^']*'|\b[A-Z]{2,}(?:-\d+)*"
    r"|[A-Za-z]*(?:[a-z][A-Z]|[0-9])\w*|application/\w+"
)
WORDS = {"standard", "ms", "Schema", "Allow"}
RECEIVED = re.compile(r"实际：.*")  # quotes the status line and the media type
LABELS = re.compile(r"  \d+\. .*")  # what is special about a case


def sloppy(request, assessment, receiver, right):
    """Crashes on what it cannot read, forgets the header of a 405, and refuses a redelivery."""
    if assessment is None:
        return Response(405)
    if assessment.kind in {"syntax", "empty"}:
        return Response(500, b"oops", "text/plain")
    reply, bodies = right(), receiver.memory.setdefault("bodies", set())
    if request.body in bodies:
        return Response(409)
    bodies.add(request.body)
    return reply


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """What the run printed, without commands and exchanges."""
    waivers = tmp_path_factory.mktemp("waivers") / "waivers.yaml"
    waivers.write_text("- {rule: WIRE-08, reason: 等待新版本, owner: 张三, until: '2020-01-01'}\n", "utf-8")
    more = ("--waivers", waivers, "--report-dir", tmp_path_factory.mktemp("reports"))
    with served(Receiver(load_contract(), fault=Fault(sloppy))) as url:
        command = [*PROGRAM, "check", url, "--language", "zh", "--rules", RULES, "--verbose", *more]
        done = run_program(command, timeout=120, env={**os.environ, "COLUMNS": "2000"})
    assert done.returncode == 1, done.stderr
    return [line for line in (done.stdout + done.stderr).splitlines() if not COMMANDS.match(line)]


@pytest.mark.parametrize("said", ["不通过", "通过", "警告", "不适用", "被阻断", "检测", "修复：", "报告位于", "豁免"])
def test_run_has_each_kind_of_what_is_said(lines, said):
    assert any(said in line for line in lines)


def test_no_line_of_a_chinese_run_has_an_english_word(lines):
    texts = [text for rule in load_translation("zh").rules for text in (rule.statement, rule.source, rule.remedy)]
    assert [(line, left) for line in lines if (left := english(line, texts))] == []


def test_plan_is_in_chinese():
    done = invoke(cli, ["check", "--dry-run", "--rules", RULES], env={"LANG": "zh_CN.UTF-8"})
    texts = [text for rule in load_translation("zh").rules for text in (rule.statement,)]
    assert [(line, left) for line in done.output.splitlines() if (left := english(line, texts))] == []


def test_texts_of_the_report_stay_in_english(tmp_path):
    invoke(cli, ["check", "--language", "zh", "--rules", "SIG-01,ACK-01", "--report-dir", tmp_path])
    reasons = [rule["reason"] for rule in json.loads((tmp_path / "report.json").read_text("utf-8"))["rules"]]
    assert reasons == ["", "needs signed deliveries: give --signature SCHEME, and its keys by environment"]


def english(line, texts):
    """English words of a line that no rule, name or quotation has in it."""
    for text in texts:
        line = line.replace(text, "")
    line = NAMES.sub("", RECEIVED.sub("", LABELS.sub("", line)))
    return [word for word in re.findall("[A-Za-z]{2,}", line) if word not in WORDS]
