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
from rich.cells import cell_len

from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.meta.support.sample_reports import TIMELINE, finding, report, rule
from callback_contract.contract_tests.model.verdicts import Block, RuleResult, Verdict
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.contract_tests.reporting.model.reproduction import from_here
from callback_contract.contract_tests.reporting.terminal.console import Terminal, command_lines
from callback_contract.contract_tests.reporting.terminal.excerpts import excerpt
from callback_contract.contract_tests.reporting.terminal.findings import show_findings
from callback_contract.contract_tests.reporting.terminal.steps import story_lines
from callback_contract.contract_tests.reporting.terminal.terminal import ChapterLines, show_report
from callback_contract.contract_tests.runner.events import RuleJudged, RunFinished, RunStarted
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract
from callback_contract.openapi.rules.catalogue import load_catalogue


def told(*rules, width=100, at_length=False, framework=""):
    out, value = io.StringIO(), report(*rules)
    value["receiver"]["framework"] = framework
    show_findings(Terminal(file=out, width=width), value, load_catalogue(), None, at_length=at_length)
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
        shown("a"),
    ]
    assert list(story_lines({"events": events, "left_out": 3})) == [
        "1. a of message 1 → no answer",
        "2. a delivery of message 2 → 200; stored: not known; stored of message 1: a (applied 1)",
        "3 more steps stand between, left out here",
    ]


def test_equal_deliveries_in_a_row_share_a_line():
    sent = event("sent", state="a", status=200)
    events = [sent, sent, {**sent, "status": 500}, sent, sent, shown("a"), sent]
    assert list(story_lines({"events": events, "left_out": 0})) == [
        "1. a → 200",
        "2. a again → 200",
        "3. a again → 500",
        "4–5. a again → 200; stored: a (applied 1)",
        "6. a again → 200",
    ]


def test_story_says_what_is_sent_again_and_not_what_only_ends_it():
    events = [
        event("sent", state="a", status=200),
        event("sent", state="a", status=200),
        event("sent", 2, state="a", status=200),
        shown("a", message=2),
        shown("a", 2),
    ]
    assert list(story_lines({"events": events, "left_out": 0})) == [
        "1. a → 200",
        "2. a again → 200; stored: a (applied 2)",
    ]


def test_message_that_only_ends_a_story_is_told_where_it_was_refused():
    sent = [event("sent", state="a", status=200), event("sent", 2, state="a", status=500), shown(None, message=2)]
    *_, last = story_lines({"events": sent, "left_out": 0})
    assert last == "2. a of another message, so that what came before is worked off → 500"


def test_what_is_looked_at_again_at_the_end_is_told_as_later():
    events = [event("sent", state="a", status=200), shown("a"), event("sent", 2, state="a", status=200)]
    events += [shown("a", message=2), shown("a", 2)]
    assert list(story_lines({"events": events, "left_out": 0})) == [
        "1. a → 200; stored: a (applied 1)",
        "later; stored: a (applied 2)",
    ]


def test_statuses_that_move_a_message_further_back_share_a_line():
    names = ("d", "c", "b", "a")
    events = [each for name in names for each in (event("sent", state=name, status=200), shown(name, 1, name != "d"))]
    assert list(story_lines({"events": events, "left_out": 0})) == [
        "1. d → 200; stored: d (applied 1)",
        "2. c → 200; stored: c (applied 1), backwards",
        "3–4. b, a → 200; stored: a (applied 1), backwards",
    ]


def test_finding_with_a_story_shows_its_steps():
    one = finding("oops", 1, "ORD-02") | {"timeline": TIMELINE}
    one["exchanges"] = one["exchanges"] * 2
    lines = told(rule("ORD-02", "fail", [one]))
    assert any(line.startswith("  1. ") and " → " in line for line in lines)


@pytest.mark.parametrize("more", [{"timeline": TIMELINE}, {}], ids=["a story", "a burst"])
def test_finding_of_several_deliveries_shows_the_one_that_broke(more):
    one = finding("oops", 1, "IDM-01") | more
    right = one["exchanges"][0] | {"answer": one["exchanges"][0]["answer"] | {"status": 200}}
    one["exchanges"] = [right, *one["exchanges"], right]
    assert [line for line in told(rule("IDM-01", "fail", [one])) if line.startswith("  < ")] == ["  < 12 ms  500  oops"]


def test_exception_of_a_stack_trace_is_shown_and_not_the_page_around_it():
    page = "<pre>TypeError: no &#39;a&#39;<br> &nbsp;at f (/x/app.js:1:2)</pre>"
    assert "  < 12 ms  500  TypeError: no 'a'" in told(rule("PAY-01", "fail", [finding(page)]))


WHOLE = {"status": 200, "body": "the status is unknown"}
BODY = '{"workflow_id":"0123456789abcdef","status":"WAIT","msg_id":"9"}'


@pytest.mark.parametrize(
    ("case", "answer", "shown"),
    [
        ({"pointer": "/status"}, WHOLE, '… "status":"WAIT","msg_id":"9"}'),
        ({"case": {"arguments": {"pointer": "/status"}}}, WHOLE, '… "status":"WAIT","msg_id":"9"}'),
        ({}, WHOLE | {"status": 400}, '… "status":"WAIT","msg_id":"9"}'),
        ({}, WHOLE, BODY),
        ({}, {"status": 400, "body": "bad statuses"}, BODY),
        ({"pointer": "/callee"}, WHOLE, BODY),
        ({"pointer": "/workflow_id"}, WHOLE, BODY),
    ],
)
def test_body_is_shown_from_the_member_that_the_case_or_the_refusal_is_about(case, answer, shown):
    one = {"texts": {"case": {"arguments": case}}}
    assert excerpt(one, {"body": BODY, "answer": answer}, 40) == shown


def test_body_is_shown_from_its_beginning_where_the_member_fits():
    assert excerpt({"texts": {"case": {"arguments": {"pointer": "/status"}}}}, {"body": BODY}, 80) == BODY


def test_case_with_the_same_label_is_not_named_again():
    cases = [finding("ouch", number) | {"case": "an integer"} for number in (1, 3)]
    assert "  an integer" in told(rule("PAY-01", "fail", cases))


def test_case_names_its_callback_where_several_are_judged():
    value = report(rule("PAY-01", "fail", [finding("ouch")]))
    value["contract"]["callbacks"] = ["messageStatus", "callEnd"]
    out = io.StringIO()
    show_findings(Terminal(file=out, width=100), value, load_catalogue(), None, at_length=False)
    assert "  messageStatus, with case 1 ouch\n" in out.getvalue()


CODE = "if wrong:\n    # why\n    refuse()  # " + "because " * 12


@pytest.mark.parametrize(("width", "comments"), [(200, 2), (60, 1)])
def test_code_has_its_comments_where_they_fit(width, comments):
    lines = told(broken("PAY-01") | {"code": CODE}, width=width, framework="flask")
    assert "        refuse()" in [line.partition("  #")[0] for line in lines]
    assert sum("#" in line for line in lines) == comments


def test_lines_of_code_that_mend_two_rules_stand_under_the_first():
    lines = told(
        broken("PAY-01") | {"code": CODE}, broken("PAY-03", harm="crashes") | {"code": CODE}, framework="flask"
    )
    assert sum("refuse()" in line for line in lines) == 1
    assert "the lines under PAY-03 above mend this, too" in " ".join(lines)


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


def heads(*rules, **more):
    return [" ".join(line.split()[:2]) for line in told(*rules, **more) if re.match(r"\w+ [A-Z]+-\d+ ", line)]


def broken(rule_id, verdict="fail", harm="other", **more):
    return rule(rule_id, verdict, [finding(rule_id, 1, rule_id)], **more) | {"harm": harm}


def test_must_stands_before_should_and_what_loses_messages_before_what_crashes():
    found = (
        broken("ACK-06", "flaky", "loses", level="SHOULD"),
        broken("TLS-06", "warn"),
        broken("WIRE-06"),
        broken("PAY-03", harm="crashes"),
        broken("PAY-01", "waived", "loses"),
        broken("DAT-01", harm="loses"),
    )
    assert heads(*found) == [
        *("fail DAT-01", "fail PAY-03", "fail WIRE-06"),
        *("warn TLS-06", "flaky ACK-06", "waived PAY-01"),
    ]


def test_rule_of_many_cases_shows_one_and_names_the_others():
    cases = [finding(f"ouch{number}", 2 * number + 1, "PAY-01") for number in range(3)]
    lines = told(rule("PAY-01", "fail", cases))
    assert [sum(line.startswith(start) for line in lines) for start in ("  > ", "  Expected:", "  Actual:")] == [
        1,
        1,
        1,
    ]
    assert "  case 1 ouch0; also: case 3 ouch1; case 5 ouch2" in lines
    assert sum(line.startswith("  Actual:") for line in told(rule("PAY-01", "fail", cases), at_length=True)) == 3


def summed(*rules):
    out = io.StringIO()
    value = report(*rules)
    show_report(Terminal(file=out, width=100), Report(value, {}), load_catalogue())
    return out.getvalue()


def test_begin_with_names_the_must_that_explains_most():
    blocked = [rule(f"PAY-0{n}", "blocked") | {"blocked_by": ["PAY-01"]} for n in (2, 4)]
    others = [rule(f"DAT-0{n}", "blocked") | {"blocked_by": ["WIRE-07"]} for n in (2, 3, 4)]
    should = broken("WIRE-07", "warn", level="SHOULD")
    said = summed(broken("DAT-01", harm="loses"), broken("PAY-01", harm="crashes"), *blocked, *others, should)
    assert re.search(r"\nBegin with PAY-01, the first finding above: .* It explains 2 more: PAY-02, PAY-04\.\n", said)
    assert re.findall(r"\n(?:fail|warn) (\S+)", said) == ["PAY-01", "DAT-01", "WIRE-07"]


def test_single_cause_needs_no_beginning():
    assert "Begin with" not in summed(broken("PAY-01"))


def test_error_is_no_beginning_of_mending():
    assert "Begin with" not in summed(broken("PAY-01"), rule("STA-01", "error", reason="it erred"))


def test_error_that_ended_many_rules_is_told_once():
    lines = told(*(rule(rule_id, "error", reason="read-back broke") for rule_id in ("STA-01", "STA-02", "STA-03")))
    assert sum("read-back broke" in line for line in lines) == 1
    assert lines[-1] == "  The same ended: STA-02, STA-03"


def test_remedy_of_an_error_stands_below_it():
    assert told(rule("STA-01", "error", reason="it erred.\n  Mend it."))[-2:] == ["  it erred.", "  Mend it."]


def test_rule_that_passed_and_has_something_to_say_says_it():
    said = summed(rule("LIVE-01", "pass", reason="it stopped once"), rule("ACK-01", "pass"))
    assert "LIVE-01 passed: it stopped once\n" in said and "ACK-01 passed" not in said


BEGINS = r"not appl|不适用|fail|不通过|[A-Z]{3,4}  \S|http|contract 1|契约 1|Begin with|请先处理|not conf|不符合"


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_wraps_to_the_first_column_or_inside_a_word(width, language):
    out = io.StringIO()
    terminal = Terminal(file=out, width=width, force_terminal=True, no_color=True, color_system=None)
    terminal.language = language
    value = report(broken("PAY-10"), broken("ORD-02"), rule("SIG-01", "not applicable", reason="it needs " + "x " * 60))
    show_report(terminal, Report(value, {}), load_catalogue(), Path("callback-report"), verbose=True)
    lines = out.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    wrapped = [line for line in lines if line and not line.startswith(" ")]
    assert [line for line in wrapped if not re.match(BEGINS, line)] == []


def test_paragraph_ends_its_lines_between_words_and_chinese_signs():
    out = io.StringIO()
    terminal = Terminal(file=out, width=24)
    terminal.paragraph("The receiver answers a body with PAY-17-1.", indent=2)
    terminal.paragraph("接收方对缺少必填字段的请求体 PAY-17 不返回 5xx，而是 400。")
    assert out.getvalue().splitlines() == [
        "  The receiver answers a",
        "    body with PAY-17-1.",
        "接收方对缺少必填字段的请",
        "  求体 PAY-17 不返回",
        "  5xx，而是 400。",
    ]


def test_command_of_several_lines_is_the_same_command(tmp_path):
    command = "printf '%s|' --url 'http://127.0.0.1:1/a b' \"$HOME\" --rules PAY-17 --seed 0"
    lines = command_lines(command, 40)
    assert len(lines) > 1 and max(map(len, lines)) <= 40
    ran = [run_program(["sh", "-c", each], check=True).stdout for each in (command, "\n".join(lines))]
    assert ran[0] == ran[1]


def chapter_lines(*verdicts, is_whole=False, missing=(), **more):
    """What is printed after each rule, and at the end."""
    out, catalogue = io.StringIO(), load_catalogue()
    lines = ChapterLines(Terminal(file=out, width=100), catalogue, is_whole=is_whole)
    rules = [catalogue[rule_id] for rule_id in (*dict(verdicts), *missing)]
    lines(RunStarted("0badcafe", ("http://x/",), ("messageStatus",), tuple(rules), 3))
    printed = []
    for rule_id, verdict in verdicts:
        lines(RuleJudged(RuleResult(catalogue[rule_id], Verdict(verdict), "it needs more", **more.get(verdict, {}))))
        printed.append(out.getvalue())
    lines(RunFinished(""))
    return [*printed, out.getvalue()]


def test_chapter_has_a_line_once_its_last_rule_is_judged():
    *_, first, second, third, at_end = chapter_lines(
        ("ACK-01", "pass"), ("DAT-01", "not applicable"), ("ACK-02", "fail"), missing=["DAT-02"]
    )
    assert (first, second) == ("", "")
    assert third == "ACK   Acknowledgement: 1 pass, 1 fail (ACK-02)\n"
    assert at_end == third + "DAT   Hard but legal data: 1 not applicable: it needs more\n"


def test_chapter_that_is_blocked_names_what_blocks_it_once():
    blocked = {"blocked_for": {"messageStatus": Block("ACK-01", "DAT-02")}}
    *_, printed = chapter_lines(("DAT-01", "blocked"), ("SIG-01", "not applicable"), is_whole=True, blocked=blocked)
    assert printed == "DAT   Hard but legal data: 1 blocked by ACK-01\n"


def test_progress_and_failures_are_shown_while_rules_are_judged():
    def slowly(request, assessment, receiver, right):
        time.sleep(0.02)
        return Response(500) if assessment.kind == "syntax" else right()

    with served(Receiver(load_contract(), fault=Fault(slowly))) as url:
        shown = in_a_terminal("check", url, "--rules", "ACK-01,PAY-01,PAY-03,WIRE-01")
    live, _, _ = shown.partition("not conformant")
    assert len(set(re.findall(r"\d+/\d+", live))) > 3  # how far it is
    ended, begun, failed = (live.index(text) for text in ("WIRE  HTTP: 1 pass", "PAY-01  The", "1 fail (PAY-03)"))
    assert ended < begun < failed


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
