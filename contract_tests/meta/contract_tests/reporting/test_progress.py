"""The bar says what a run waits for, and a chapter is told once its last rule is judged."""

from __future__ import annotations

import io
import time

import pytest

from callback_contract.contract_tests.meta.support.scripted import CATALOGUE, case, run_before
from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.reporting.terminal.console import Terminal
from callback_contract.contract_tests.reporting.terminal.progress import Bar, ChapterLines
from callback_contract.contract_tests.runner.events import (
    RuleJudged,
    RuleStarted,
    RunFinished,
    RunStarted,
    WaitEnded,
    Waiting,
)
from callback_contract.mock_server.client.access import Access
from callback_contract.mock_server.client.pacing import Pace
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.wire.delivery import Response
from callback_contract.mock_server.wire.identity import Identity

ASKED, ANSWER = Waiting("asked", 30.0), Waiting("answer", 30.0)
SECOND, ONE = Waiting("read-back", 5.0, message=2), Waiting("read-back", 5.0)


def bar(*waits, language="en"):
    terminal = Terminal(file=io.StringIO(), force_terminal=True, width=100)
    terminal.language = language
    made = Bar(terminal)
    made(RuleStarted(CATALOGUE["ACK-01"]))
    for wait in waits:
        made(wait)
    return made


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ([ASKED], "ACK-01  the receiver asks to wait 30 s"),
        ([ANSWER], "ACK-01  time-out 12 of 30 s"),
        ([SECOND], "ACK-01  read-back of message 2"),
        ([ONE], "ACK-01  read-back of a message"),
        ([SECOND, ANSWER, ASKED], "ACK-01  the receiver asks to wait 30 s"),
    ],
)
def test_bar_says_what_is_waited_for(waits, said):
    assert bar(*waits).waits_for(time.monotonic() + 12.5) == said


def test_bar_says_nothing_of_what_takes_a_moment():
    assert bar(ANSWER).waits_for(time.monotonic()) == ""


def test_bar_says_nothing_of_what_has_ended():
    assert bar(ANSWER, WaitEnded(ANSWER)).waits_for(time.monotonic() + 12) == ""


def test_bar_waits_in_chinese():
    assert bar(ASKED, language="zh").waits_for(time.monotonic() + 12) == "ACK-01  接收方要求等待 30 秒"


def test_wait_that_a_receiver_asks_for_is_published_and_ends():
    run, events = run_before(), []
    run.state.subscribe(events.append)
    later = Response(429, "", (("retry-after", "0"),), b"")
    sender = Sender(Access("http://127.0.0.1:9/"), Pace())
    sender.waiting = run.state.waiting
    answers = iter([later, Response(200, "", (), b"")])
    sender._answer = lambda *_: next(answers)
    sender.send(case().delivery(Identity(run.state.run, 1)))
    assert [(event.what, event.most_s) for event in events if isinstance(event, Waiting)] == [
        ("answer", 30.0),
        ("asked", 0.0),
        ("answer", 30.0),
    ]
    assert [event.wait for event in events if isinstance(event, WaitEnded)] == [
        event for event in events if isinstance(event, Waiting)
    ]


def lines_of(*events):
    out = io.StringIO()
    lines = ChapterLines(Terminal(file=out, width=100), CATALOGUE)
    for event in events:
        lines(event)
    return out.getvalue().splitlines()


def told(*events):
    return [line.split()[0] for line in lines_of(*events)]


def test_chapter_is_told_once_its_last_rule_is_judged_whichever_order_that_takes():
    first, second, other = CATALOGUE["ACK-01"], CATALOGUE["ACK-02"], CATALOGUE["DAT-01"]
    judged = [RuleJudged(RuleResult(rule, Verdict.PASS)) for rule in (first, other, second)]
    started = RunStarted("", (), (), (first, second, other), 3)
    assert told(started, *judged) == ["DAT", "ACK"]


def test_chapter_of_a_run_that_ended_early_is_told_with_what_was_judged():
    first, second = CATALOGUE["ACK-01"], CATALOGUE["ACK-02"]
    started = RunStarted("", (), (), (first, second), 3)
    assert told(started, RuleJudged(RuleResult(first, Verdict.PASS)), RunFinished("stopped")) == ["ACK"]


def test_rule_that_is_judged_twice_counts_once_and_its_chapter_is_told_again_at_the_end():
    first, second = CATALOGUE["ACK-01"], CATALOGUE["ACK-02"]
    passed = [RuleJudged(RuleResult(rule, Verdict.PASS)) for rule in (first, second)]
    failed = RuleJudged(RuleResult(first, Verdict.FAIL))
    started = RunStarted("", (), (), (first, second), 3)
    assert [said.rpartition(": ")[2] for said in lines_of(started, *passed, failed, RunFinished(""))] == [
        "2 pass",
        "1 fail (ACK-01), 1 pass",
    ]
    assert lines_of(started, passed[0], failed) == []
