"""Common causes: a cause that breaks many rules is shown once, without the loss of a rule or a command."""

from __future__ import annotations

import io
import re

import pytest

from callback_contract.contract_tests.meta.support.sample_reports import TIMELINE, exchange, finding, report, rule
from callback_contract.contract_tests.reporting.formats.html import report_html
from callback_contract.contract_tests.reporting.model.causes import by_cause, command_of_any
from callback_contract.contract_tests.reporting.model.redaction import said
from callback_contract.contract_tests.reporting.terminal.console import Terminal
from callback_contract.contract_tests.reporting.terminal.findings import show_findings
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.message import Text

CATALOGUE = load_catalogue()
IDS = ("PAY-01", "PAY-03", "PAY-17")


def broken(rule_id, text="oops", verdict="fail", count=1, **more):
    return rule(rule_id, verdict, [finding(text, 2 * n + 1, rule_id, **more) for n in range(count)])


def groups(*rules):
    return [[cause.rule["id"], *(each["id"] for each in cause.more)] for cause in by_cause(report(*rules))]


def told(*rules, at_length=False, width=120):
    out = io.StringIO()
    show_findings(Terminal(file=out, width=width), report(*rules), CATALOGUE, None, at_length=at_length)
    return out.getvalue()


def answered(**more):
    made = exchange("oops")
    made["answer"] |= more
    return [made]


def test_rules_that_the_same_answer_broke_are_one_cause():
    assert groups(*map(broken, IDS)) == [list(IDS)]


def test_gravest_rule_leads():
    assert groups(broken("PAY-01", verdict="warn"), broken("PAY-03")) == [["PAY-03", "PAY-01"]]


UNLIKE = {
    "another body": {"exchanges": answered(body="ouch")},
    "another status": {"exchanges": answered(status=502)},
    "another media type": {"exchanges": answered(headers=[["Content-Type", "application/json"]])},
    "no answer": {"exchanges": [exchange("oops", answered=False)]},
    "another method": {"exchanges": [exchange("oops") | {"method": "PUT"}]},
    "another URL": {"exchanges": [exchange("oops") | {"url": "http://127.0.0.1:2/y"}]},
    "another expectation": {"expected": "an acknowledgement (2xx)"},
    "another description": {"actual": "its clock is wrong"},
    "a story": {"exchanges": [exchange("oops"), exchange("oops")]},
    "what was stored": {"timeline": TIMELINE},
    "what held once": {"repeated": False},
}


@pytest.mark.parametrize("unlike", UNLIKE)
def test_rule_with_other_evidence_is_told_by_itself(unlike):
    assert groups(broken("PAY-01"), broken("PAY-03", **UNLIKE[unlike])) == [["PAY-01"], ["PAY-03"]]


def traced(line, status=500):
    return {
        "exchanges": answered(status=status, body=f'Traceback (most recent call last):\n  File "a.py", line {line}')
    }


def test_crashes_with_different_stack_traces_are_one_cause():
    assert groups(broken("PAY-01", **traced(1)), broken("PAY-03", **traced(2))) == [["PAY-01", "PAY-03"]]


def test_crashes_of_different_exceptions_are_told_by_themselves():
    first, second = traced(1), traced(1)
    second["exchanges"][0]["answer"]["body"] += "\nKeyError: 'workflow_id'"
    assert groups(broken("PAY-01", **first), broken("PAY-03", **second)) == [["PAY-01"], ["PAY-03"]]


def test_rule_that_most_of_its_cases_broke_leads():
    odd = broken("PAY-01") | {"cases": 7}
    assert groups(odd, broken("PAY-03", count=3) | {"cases": 16}) == [["PAY-03", "PAY-01"]]


def test_what_reads_like_a_trace_and_is_no_crash_is_compared_as_it_is():
    first, second = broken("PAY-01", **traced(1, 200)), broken("PAY-03", **traced(2, 200))
    assert groups(first, second) == [["PAY-01"], ["PAY-03"]]


@pytest.mark.parametrize("verdict", ["flaky", "waived", "error"])
def test_rule_of_which_more_is_to_be_told_is_told_by_itself(verdict):
    assert len(groups(broken("PAY-01"), broken("PAY-03", verdict=verdict))) == 2


def test_rule_that_a_second_cause_broke_too_is_told_by_itself():
    both = rule("PAY-03", "fail", [finding("oops", 1, "PAY-03"), finding("ouch", 3, "PAY-03")])
    assert groups(broken("PAY-01"), both) == [["PAY-01"], ["PAY-03"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no ca11bac4{run}01ff", "no ca11bac4{run}02aa"),
        ('{"at":"2026-01-01T00:00:00.123Z"}', '{"at":"2026-01-01T00:00:01+00:00"}'),
        ("id 11111111-2222-4333-8444-555555555555", "id aaaaaaaa-2222-4333-8444-555555555555"),
    ],
)
def test_ids_and_times_do_not_tell_answers_apart(one, other):
    assert groups(broken("PAY-01", one), broken("PAY-03", other)) == [["PAY-01", "PAY-03"]]


def test_command_with_any_id_is_that_of_every_rule():
    (cause,) = by_cause(report(*(broken(each, reproduce=f"callback-contract reproduce r {each}-1") for each in IDS)))
    assert command_of_any(cause) == "callback-contract reproduce r ID"


def test_lengths_of_an_answer_do_not_tell_answers_apart():
    lengths = [said(actual=Text("actual.answer-without-type", status="500", bytes=count)) for count in (19, 20)]
    first, second = (broken(*each, **more) for *each, more in zip(IDS, ["oops"] * 2, lengths, strict=False))
    assert groups(first, second) == [list(IDS[:2])]


def test_commands_that_differ_in_more_than_the_id_are_all_told():
    text = told(broken("PAY-01"), broken("PAY-03", reproduce="callback-contract check --rules PAY-03 --callback b"))
    assert "--rules PAY-03 --callback b" in text and "--rules ID" not in text


def test_terminal_tells_the_first_in_full_and_names_the_others_with_what_to_change():
    others = [broken("PAY-03"), broken("PAY-17", verdict="warn") | {"remedy": "Look before you leap."}]
    text = told(broken("PAY-01"), *others)
    assert text.count("Expected:") == 1
    assert "The same kind of answer broke 2 more rules" in text
    assert "PAY-03: the same remedy" in text and "PAY-17 (warn, case 1 oops): Look before you leap." in text
    assert "callback-contract check http://127.0.0.1:1/x --rules PAY-03" in text


def test_terminal_tells_all_at_length_on_request():
    text = told(*map(broken, IDS), at_length=True)
    assert text.count("Expected:") == 3 and "more rule" not in text


def test_page_holds_every_finding_and_command_of_a_cause_once():
    page = report_html(report(*map(broken, IDS)))
    assert len(re.findall("<article", page)) == 3 and page.count('<details class="same">') == 1
    for each in IDS:
        assert page.count(f'id="finding-{each}"') == 1
        assert page.count(f'<pre tabindex="0">callback-contract check http://127.0.0.1:1/x --rules {each}<') == 1
    assert "The same kind of answer broke 2 more rules" in page and "同类的响应还违反了另外 2 条规则" in page
