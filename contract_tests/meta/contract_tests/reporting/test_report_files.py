"""Report files for machines and reviewers: valid in their formats, whatever a receiver sends."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
import xmlschema
from markdown_it import MarkdownIt

from callback_contract.contract_tests.meta.support.sample_reports import HOSTILE, hostile, report, rule
from callback_contract.contract_tests.reporting.formats.html import report_html
from callback_contract.contract_tests.reporting.formats.junit import junit_xml
from callback_contract.contract_tests.reporting.formats.sarif import sarif_json
from callback_contract.contract_tests.reporting.formats.summary import escaped, summary_md
from callback_contract.contract_tests.reporting.formats.writing import write_reports
from callback_contract.contract_tests.reporting.model.outcome import outcome
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.openapi.text.message import words_of

SCHEMAS = Path(__file__).parents[2] / "schemas"
SHORT = report(rule("ACK-01", "pass"))


def validator(text):
    return jsonschema_rs.validator_for(json.loads(text))


def test_sample_reports_are_reports():
    schema = validator(files("callback_contract.contract_tests").joinpath("schemas/report.schema.json").read_text())
    for value in (SHORT, hostile()):
        schema.validate(value)


@pytest.mark.parametrize("value", [SHORT, hostile()], ids=["short", "hostile"])
def test_sarif_satisfies_the_official_schema(value):
    validator((SCHEMAS / "sarif-2.1.0.json").read_text()).validate(json.loads(sarif_json(value)))


def test_sarif_result_names_its_rule_and_holds_its_exchange():
    (run,) = json.loads(sarif_json(hostile()))["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["webRequest"]["method"] == "POST"
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels == {"PAY-01": "error", "PAY-02": "error", "ACK-02": "warning", "PAY-03": "warning"}


def test_waived_sarif_result_is_suppressed():
    (run,) = json.loads(sarif_json(hostile()))["runs"]
    assert [result["ruleId"] for result in run["results"] if "suppressions" in result] == ["PAY-03"]


def test_sarif_fingerprints_tell_cases_apart_and_do_not_change():
    once, again = (
        [r["partialFingerprints"] for r in json.loads(sarif_json(hostile()))["runs"][0]["results"]] for _ in "12"
    )
    assert once == again
    assert len({str(print_) for print_ in once}) == len(once)


@pytest.mark.parametrize("value", [SHORT, hostile()], ids=["short", "hostile"])
def test_junit_satisfies_the_schema_of_jenkins(value, tmp_path):
    file = tmp_path / "junit.xml"
    file.write_text(junit_xml(value), encoding="utf-8")
    xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").validate(file)


def not_begun():
    return report(text="nobody is there.\n  Start it.", not_reached=["ACK-01", "PAY-01"])


def test_run_that_could_not_begin_is_an_error_in_junit_and_satisfies_its_schema(tmp_path):
    file = tmp_path / "junit.xml"
    file.write_text(junit_xml(not_begun()), encoding="utf-8")
    xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").validate(file)
    root = ET.parse(file).getroot()
    (error,) = root.iter("error")
    assert (root.get("tests"), root.get("errors"), error.get("message")) == ("1", "1", "nobody is there.")
    assert "Start it." in error.text and "2 rules were not judged" in error.text


def test_run_that_could_not_begin_says_why_in_sarif_summary_and_page():
    sarif = json.loads(sarif_json(not_begun()))
    validator((SCHEMAS / "sarif-2.1.0.json").read_text()).validate(sarif)
    (told,) = sarif["runs"][0]["invocations"]
    assert not told["executionSuccessful"]
    assert "nobody is there" in told["toolExecutionNotifications"][0]["message"]["text"]
    assert "nobody is there" in summary_md(not_begun())
    page = report_html(not_begun())
    assert "nobody is there" in page and "Start it.." not in page
    assert words_of("page")["none_judged"][0] in page and words_of("page")["no_findings"][0] not in page


def test_junit_counts_and_times_are_those_of_the_rules():
    root = ET.fromstring(junit_xml(hostile()))
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("time")) == ("8", "2", "2", "1.750")
    assert {case.get("time") for case in root.iter("testcase")} == {"0.000", "0.250"}
    assert [suite.get("skipped") for suite in root] == ["0", "1", "1"]


OUTCOMES = {
    "conformant": report(rule("ACK-01", "pass"), conformant=True),
    "broken": report(rule("ACK-01", "fail"), rule("PAY-01", "error")),
    "error": report(rule("ACK-01", "error"), rule("ACK-02", "pass")),
    "nothing": report(rule("ACK-01", "not applicable"), rule("ACK-02", "blocked")),
    "incomplete": report(rule("ACK-01", "pass"), text="interrupted"),
    "partial": report(rule("ACK-01", "warn", level="SHOULD")),
}


@pytest.mark.parametrize("word", OUTCOMES)
def test_outcome_is_one_word(word):
    assert outcome(OUTCOMES[word]) == word


def html_of(markdown):
    return MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown)


def test_hostile_text_in_the_summary_is_neither_markup_nor_link_nor_mention():
    text = summary_md(hostile())
    page = html_of(text)
    for markup in ("<script", "<img", "<a ", "<em>", "<!--"):
        assert markup not in page
    assert page.count("<strong>") == 2  # the kit's own
    assert not re.search(r"@\w|https?://\w|(?<!&)#\d", re.sub("(?s)<pre>.*?</pre>", "", page))
    assert "\x1b" not in text and "\u202e" not in text and "\x00" not in text


def test_every_row_of_the_summary_has_five_cells():
    page = html_of(summary_md(hostile()))
    assert page.count("<td") == 5 * 5  # five rules are told


@pytest.mark.parametrize("text", ["a|b", "`a`", "<b>x</b>", "*a* _b_", "[a](b)", "# a", "1\n2", "~~x~~", "\\"])
def test_escaped_text_reads_as_it_was(text):
    page = html_of(f"x {escaped(text)}")
    shown = re.sub("<[^>]*>", "", page).replace("&lt;", "<").replace("&gt;", ">").replace("\u2060", "").strip()
    assert shown == f"x {' '.join(text.split())}"


def test_command_in_the_summary_cannot_close_its_fence():
    value = hostile()
    value["rules"][1]["findings"][0]["reproduce"] = "x\n```\n<script>"
    assert "<script" not in html_of(summary_md(value))


def test_reports_are_written_whole_and_old_findings_go(tmp_path):
    (tmp_path / "findings").mkdir()
    for old in ("OLD-01-1-1.body", "OLD-01-1.sh"):
        (tmp_path / "findings" / old).write_bytes(b"old")
    written = write_reports(Report(hostile(), {"PAY-01-1-1.body": b"new"}), tmp_path)
    pages = {"summary.md", "report.html", "conformance.md", "conformance.svg"}
    assert {file.name for file in written} == {"report.json", "junit.xml", "report.sarif", "findings.har"} | pages
    curls = {f"{finding['id']}.sh" for rule in hostile()["rules"] for finding in rule["findings"]}
    there = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    assert there == {"PAY-01-1-1.body"} | curls | {f.name for f in written}
    assert json.loads(written[0].read_text()) == hostile()


def test_link_in_the_place_of_the_findings_leads_nowhere(tmp_path):
    elsewhere, reports = tmp_path / "elsewhere", tmp_path / "reports"
    elsewhere.mkdir()
    reports.mkdir()
    (elsewhere / "mine.body").write_bytes(b"mine")
    (reports / "findings").symlink_to(elsewhere)
    write_reports(Report(hostile(), {"PAY-01-1-1.body": b"new"}), reports)
    assert [file.name for file in elsewhere.iterdir()] == ["mine.body"]
    assert (reports / "findings" / "PAY-01-1-1.body").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["report.json", "report.sarif"])
def test_reports_for_machines_hide_nothing(tmp_path, name):
    value = report(rule("ACK-01", "fail", reason="\x9b31m \u202egnp\u2066 \x7f ##[error]x"))
    write_reports(Report(value, {}), tmp_path)
    text = (tmp_path / name).read_text()
    assert text.replace("\n", "").isprintable() and "##[" not in text


def test_sarif_message_shows_what_would_hide():
    result = json.loads(sarif_json(hostile()))["runs"][0]["results"][0]
    assert result["message"]["text"].isprintable()


def test_summary_is_appended_to_the_steps_page_where_there_is_one(tmp_path, monkeypatch):
    page = tmp_path / "step.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    write_reports(Report(SHORT, {}), tmp_path)
    assert page.read_text() == "before\n" + (tmp_path / "summary.md").read_text() + "\n"


def test_steps_page_that_cannot_be_written_changes_no_verdict(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "such" / "folder"))
    write_reports(Report(SHORT, {}), tmp_path)
    assert "GITHUB_STEP_SUMMARY" in capsys.readouterr().err


def test_hostile_text_is_in_the_reports_as_text():
    assert HOSTILE in json.loads(sarif_json(hostile()))["runs"][0]["results"][0]["webResponse"]["body"]["text"]


def test_report_that_cannot_be_written_leaves_the_one_before_it(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError):
        write_reports(Report(SHORT, {}), tmp_path)
    assert json.loads((tmp_path / "report.json").read_bytes()) == SHORT
