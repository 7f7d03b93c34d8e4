"""CI runners: no untrusted text becomes a command of a runner, on any stream and in any summary."""

from __future__ import annotations

import html
import io
import json
import os
import re
import sys

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.made_reports import report, rule
from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.reporting.formats.summary import summary_md
from callback_contract.openapi.documenting.export import as_yaml
from callback_contract.openapi.text import streams
from callback_contract.openapi.text.printable import broken, exact_json

SAID = "##[error]x ##vso[task.y]z ##teamcity[q] ::error::w"
LINES = f"{SAID}\n::error::v\n  ::add-mask::u"
few = settings(max_examples=200, derandomize=True, database=None, deadline=None)
signs = [
    "##[",
    "\n::",
    "##",
    "#",
    "[",
    "vso",
    "::",
    ":",
    "error",
    " ",
    "\t",
    "\n",
    "\r",
    "é",
    "\xa0",
    "\x1b[1m",
    "\u202e",
]
pieces = st.lists(st.sampled_from(signs), max_size=12).map("".join)


def obeyed(text):
    """The lines that a runner obeys: GitHub, Azure DevOps and TeamCity read them so."""
    lines = re.split(r"[\r\n]", text)
    return [line for line in lines if re.search(r"##\w*\[|^(\s|\x1b\[[0-9;]*m)*::", line)]


@few
@given(pieces)
def test_broken_text_is_the_text_with_blanks_and_obeyed_by_nobody(text):
    assert not obeyed(broken(text))
    assert broken(text).replace(" ", "") == text.replace(" ", "")
    assert broken(text) == text or obeyed(text)


@few
@given(st.lists(pieces, max_size=6))
def test_guard_breaks_what_several_writes_make_together(writes):
    target = io.BytesIO()
    guard = streams._Guard(target)
    for text in writes:
        guard.write(text.encode())
    whole = "".join(writes)
    assert not obeyed(target.getvalue().decode())
    assert target.getvalue().decode().replace(" ", "") == whole.replace(" ", "")
    assert target.getvalue().decode() == whole or obeyed(whole)


@pytest.mark.parametrize("kept", [b"\xff##\x80", b"a ::b\n", b"## [x]\n#[\n", "标题 ## 二\n".encode()])
def test_guard_changes_nothing_else(kept):
    target = io.BytesIO()
    streams._Guard(target).write(kept)
    assert target.getvalue() == kept


@few
@given(pieces, st.booleans())
def test_json_and_yaml_are_exact_and_need_no_break(text, in_ascii):
    value = {text: [text, {"a": f"{text} {text}"}]}
    written = exact_json(value, indent=1, in_ascii=in_ascii)
    assert json.loads(written) == value == yaml.safe_load(as_yaml(value))
    assert broken(written) == written and broken(as_yaml(value)) == as_yaml(value)


@pytest.mark.parametrize("hidden", ["\x7f", "\x9b", "\u202e", "\u2028", "\ufeff", "\U000e0041", "\ud800"])
def test_json_escapes_what_hides_itself(hidden):
    written = exact_json({hidden: hidden})
    assert json.loads(written) == {hidden: hidden} and written.isascii() and written.isprintable()


def test_json_leaves_what_people_read():
    assert exact_json("李雷 é 🎉 ## a::b") == '"李雷 é 🎉 ## a::b"'


def test_summary_speaks_to_no_runner():
    value = report(rule("ACK-01", "fail", LINES, reason=LINES), name=SAID)
    value["rules"][0]["findings"][0]["reproduce"] = f"callback-contract check\n{LINES}"
    assert "error" in summary_md(value) and not obeyed(summary_md(value))


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Contracts, a recording and reports that are full of commands."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "c.json").write_text(json.dumps(contract("string")))
    (folder / "d.json").write_text(json.dumps(contract("integer")))
    (folder / "bad.json").write_text(json.dumps({"openapi": f"{LINES}", "info": SAID}))
    (folder / "set.yaml").write_text("rules: '##[error]x'\n")
    made = report(rule("ACK-01", "fail", LINES, reason=LINES), name=LINES)
    (folder / "new.json").write_text(json.dumps(made))
    (folder / "old.json").write_text(json.dumps(report(rule("ACK-01"), name=LINES)))
    (folder / "recorded").mkdir()
    (folder / "recorded" / "##[error]x.json").write_text(json.dumps({SAID: LINES}))
    return folder


def contract(kind):
    properties = {SAID: {"type": kind, "description": LINES}, "kind": {"enum": [SAID, LINES]}}
    media = {"schema": {"type": "object", "required": [SAID], "properties": properties}}
    media["examples"] = {SAID: {"summary": LINES, "value": {SAID: LINES if kind == "string" else 1, "kind": SAID}}}
    said = {"operationId": SAID, "summary": LINES, "description": LINES}
    post = {
        **said,
        "requestBody": {"content": {"application/json": media}},
        "responses": {"200": {"description": LINES}},
    }
    lame = {"post": {**said, "operationId": f"{SAID} 2", "requestBody": {"content": {SAID: {}}}}}
    info = {"title": SAID, "version": SAID, "description": LINES}
    return {"openapi": "3.1.0", "info": info, "webhooks": {SAID: {"post": post}, f"{SAID} 2": lame}}


COMMANDS = {
    "diff": "diff c.json d.json --all",
    "diff as JSON": "diff c.json d.json --format json",
    "diff as Markdown": "diff c.json d.json --format markdown",
    "lint": "lint c.json",
    "lint as JSON": "lint c.json --format json",
    "export": "export --contract c.json",
    "export as YAML": "export --contract c.json --format yaml",
    "export as a schema": "export --contract c.json --as schema",
    "export as HTTP": "export --contract c.json --as http",
    "export as vectors": "export --contract c.json --as vectors",
    "compare": "compare old.json new.json",
    "compare as JSON": "compare old.json new.json --format json",
    "compare as Markdown": "compare old.json new.json --format markdown",
    "summary": "summary old.json new.json",
    "summary as JSON": "summary new.json --format json",
    "summary as Markdown": "summary new.json --format markdown",
    "summary as HTML": "summary new.json --format html",
    "docs": "docs --contract c.json --out site",
    "plan": "check URL --contract c.json --dry-run",
    "check of the contract": "check URL --contract c.json --depth quick --rules ACK --report-dir r --all-findings",
    "check of the receiver": "check URL --depth quick --rules ACK,PAY-01 --report-dir s",
    "check with recordings": "check URL --depth quick --rules SMP --samples recorded",
    "reproduce": "reproduce new.json ##[error]x",
    "send": "send URL --contract c.json",
    "send --dry-run": "send URL --contract c.json --dry-run",
    "no such command": "##[error]x",
    "no such option": "check --##vso[x]y",
    "no such file": "diff ##[error]x.json c.json",
    "no such rule": "rules ##vso[x]y",
    "no contract": "check URL --contract bad.json",
    "printed configuration": "check ##[error]x --name ##vso[y]z --print-config",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_speaks_to_a_runner(told, name):
    heads = f"Content-Type: text/plain {SAID}", f"X-{SAID}: {SAID}"
    said = answer(f"500 {SAID}", f"{SAID}\n::error::x\r::error::y".encode(), *heads)
    with raw_server(lambda connection, _: connection.sendall(said)) as url:
        environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(told / "step.md")}
        done = run_program(
            [
                sys.executable,
                "-m",
                "callback_contract.contract_tests",
                *(url if w == "URL" else w for w in COMMANDS[name].split()),
            ],
            text=False,
            cwd=told,
            env=environment,
            timeout=100,
        )
    printed = (done.stdout + b"\n" + done.stderr).decode()
    assert not obeyed(printed) and "Traceback" not in printed
    assert re.search(r"#\w* ?\[|u0023|U00000023|&#35;|\\\[", printed)  # some of it was there to be obeyed
    assert not (told / "step.md").exists() or not obeyed((told / "step.md").read_text())
    if name.endswith("JSON") or name.startswith("export"):
        assert "a blank was put" not in printed
        assert name == "export as HTTP" or SAID in str(yaml.safe_load(done.stdout))
    if name == "summary as HTML":
        assert SAID in html.unescape(done.stdout.decode())
