"""`callback-contract summary`: many receivers' reports in one table."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser

import pytest

from callback_contract.contract_tests.cli import main as cli
from callback_contract.contract_tests.meta.support.made_reports import HOSTILE, report, rule, written
from callback_contract.contract_tests.reporting.model.report_file import report_files
from callback_contract.contract_tests.reporting.partners.output import (
    partners_json,
    partners_markdown,
    partners_text,
)
from callback_contract.contract_tests.reporting.partners.overview import merge_reports
from callback_contract.contract_tests.reporting.partners.page import partners_html
from callback_contract.openapi.pages.design import shared_script
from callback_contract.openapi.text.errors import KitError

GOOD = report(rule("ACK-01"), rule("PAY-01"), name="good")
WARNED = report(rule("ACK-01"), rule("PAY-01", "warn", level="SHOULD"), name="warned")
FAILING = report(rule("ACK-01", "fail"), rule("PAY-01", "warn", level="SHOULD"), name="failing")
CUT_OFF = report(rule("ACK-01"), name="cut off", exit_code=130, conformant=False, run={"incomplete": "interrupted"})
UNJUDGED = report(rule("ACK-01", "not applicable"), name="unjudged", exit_code=3, conformant=False)


@pytest.fixture
def summary(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["callback-contract", "summary", *map(str, arguments)])
        code = cli.run_command()
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_receivers_are_sorted_the_worst_first():
    merged = merge_reports([GOOD, UNJUDGED, WARNED, CUT_OFF, FAILING])
    assert [(partner.name, partner.outcome) for partner in merged.receivers] == [
        ("failing", "fails"),
        ("cut off", "incomplete"),
        ("unjudged", "not judged"),
        ("warned", "gate passes"),
        ("good", "conformant"),
    ]


SENDER = report(rule("RET-01", "fail"), name="a queue", side="sender")


def test_reports_on_senders_stand_apart():
    merged = merge_reports([GOOD, SENDER, FAILING])
    assert [partner.name for partner in merged.receivers] == ["failing", "good"]
    assert "RET-01" not in {broken.rule for broken in merged.rules}
    assert "1 report on a sender left out" in partners_text(merged)


@pytest.mark.parametrize(("reports", "side"), [([SENDER], None), ([GOOD, SENDER], "sender")])
def test_senders_are_shown_where_they_are_asked_for_or_alone(reports, side):
    merged = merge_reports(reports, earlier=[GOOD], side=side)
    assert [partner.name for partner in merged.receivers] == ["a queue"]
    assert partners_text(merged).startswith("sender ")
    assert partners_markdown(merged).startswith("## Senders of callbacks")
    assert "回调发送方" in partners_html(merged) and "发送方，最差的在前" in partners_html(merged)


def test_the_order_of_files_does_not_matter():
    values = [GOOD, WARNED, FAILING, CUT_OFF]
    assert merge_reports(values) == merge_reports(reversed(values))


def test_verdicts_are_counted():
    waived = report(
        *(rule(f"PAY-0{n}", v) for n, v in enumerate(("waived", "flaky", "not applicable", "error", "pass", "blocked")))
    )
    (partner,) = merge_reports([waived]).receivers
    assert list(partner.counts.values()) == [0, 1, 0, 1, 1, 1, 1]
    assert partner.broken == {"PAY-01": "flaky", "PAY-00": "waived"}


def test_the_rule_that_most_receivers_break_comes_first():
    rules = merge_reports([GOOD, WARNED, FAILING, UNJUDGED]).rules
    assert [(found.rule, found.broken, found.judged) for found in rules] == [("PAY-01", 2, 3), ("ACK-01", 1, 3)]
    assert rules[0].receivers == ("failing", "warned")


def test_table_is_said_in_chinese():
    shown = partners_text(merge_reports([GOOD, FAILING]), "zh")
    assert shown.startswith("接收方") and "最常违反的规则" in shown
    assert shown.endswith("2 份报告：1 个门禁不通过、1 个符合")


def test_receivers_of_one_name_are_told_apart_by_their_url():
    other = report(rule("ACK-01"), name="good", receiver={"name": "good", "url": "http://elsewhere.example/x"})
    assert "good (http://elsewhere.example/x)" in partners_markdown(merge_reports([GOOD, other])).replace(
        "\u2060", ""
    ).replace("\\", "")


EARLIER = report(rule("ACK-01", "fail"), rule("PAY-01"), name="good", run={"started_at": "2026-01-01T00:00:00+00:00"})


def test_newest_report_of_a_receiver_counts_and_older_ones_are_numbered():
    merged = merge_reports([EARLIER, GOOD, EARLIER, FAILING])
    assert [(partner.name, partner.outcome, partner.older) for partner in merged.receivers] == [
        ("failing", "fails", 0),
        ("good", "conformant", 2),
    ]
    assert [(found.rule, found.judged) for found in merged.rules] == [("ACK-01", 2), ("PAY-01", 2)]


def test_reports_of_other_urls_or_callbacks_are_of_another_receiver():
    elsewhere = report(rule("ACK-01"), name="good", receiver={"name": "good", "url": "http://127.0.0.1:2/x"})
    another = report(rule("ACK-01"), name="good", contract={"callbacks": ["other"]})
    assert len(merge_reports([GOOD, elsewhere, another]).receivers) == 3


@pytest.mark.parametrize("show", [partners_text, partners_markdown, partners_html])
def test_every_form_tells_what_was_left_out_and_how_to_see_it(show):
    shown = show(merge_reports([EARLIER, GOOD])).replace("\\", "")
    assert "1 older report of the same receivers left out: --all-reports" in shown
    assert "2026-06-30 10:00 (1 older)" in shown
    assert "left out" not in show(merge_reports([GOOD, FAILING]))


@pytest.mark.parametrize("show", [partners_text, partners_markdown, partners_html])
def test_newest_report_of_fewer_rules_is_pointed_out(show):
    narrow = report(rule("ACK-01"), name="good", of_rules=2, run={"started_at": "2026-07-01T00:00:00+00:00"})
    assert "judged fewer rules than an older one: good" in show(merge_reports([GOOD, narrow]))


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"src", "href"} or name.startswith("on")]


def test_hostile_names_do_nothing_anywhere():
    hostile = report(rule("ACK-01", "fail"), name=HOSTILE, contract={"title": HOSTILE, "version": HOSTILE}, kit=HOSTILE)
    merged = merge_reports([hostile, GOOD])
    page = partners_html(merged)
    assert page.count("<script") == 1 and shared_script() in page
    assert "<script>" not in partners_markdown(merged) and "@everyone" not in partners_markdown(merged)
    for shown in (page, partners_text(merged), partners_markdown(merged), partners_json(merged)):
        assert not {"\x1b", "\x00", "\u202e"} & set(shown)


def test_a_hostile_name_stays_in_its_cell_of_markdown():
    rows = partners_markdown(merge_reports([report(rule("A-1"), name=HOSTILE)])).splitlines()
    assert {line.count(" | ") for line in rows if line.startswith("| ")} == {14}


def test_the_page_loads_nothing():
    assert Page(partners_html(merge_reports([GOOD, FAILING]))).links == ["data:,"]


def test_reports_below_a_directory_are_found_once(tmp_path):
    one, two = written(tmp_path / "a" / "one", GOOD), written(tmp_path / "two", FAILING)
    written(tmp_path / ".hidden", GOOD)
    (tmp_path / "a" / "around").symlink_to(tmp_path)
    found = report_files((tmp_path, two, one / "report.json"))
    assert sorted(found) == [one / "report.json", two / "report.json"]


def test_a_directory_without_a_report_is_refused(tmp_path):
    with pytest.raises(KitError, match="no report"):
        report_files((tmp_path,))


def test_the_program_merges_and_exits_with_0_whatever_they_say(summary, tmp_path):
    written(tmp_path / "one", GOOD)
    written(tmp_path / "two", FAILING)
    code, told, _ = summary(tmp_path)
    assert (code, told.splitlines()[-1]) == (0, "2 reports: 1 fails, 1 conformant")
    code, told, _ = summary(tmp_path, "--format", "json")
    assert (code, json.loads(told)["outcomes"]) == (0, {"fails": 1, "conformant": 1})


def test_every_report_is_shown_on_request(summary, tmp_path):
    written(tmp_path / "one", GOOD)
    written(tmp_path / "two", EARLIER)
    assert summary(tmp_path)[1].splitlines()[-1].startswith("1 report: 1 conformant; 1 older report")
    assert summary(tmp_path, "--all-reports")[1].splitlines()[-1] == "2 reports: 1 fails, 1 conformant"


def test_one_bad_report_among_many_is_one_message(summary, tmp_path):
    written(tmp_path / "one", GOOD)
    written(tmp_path / "two", GOOD | {"schema_version": "1.0"})
    code, told, error = summary(tmp_path)
    assert (code, told) == (2, "")
    assert f"{tmp_path / 'two' / 'report.json'}: the report has the schema version '1.0'" in error


def test_table_is_written_to_a_file(summary, tmp_path):
    written(tmp_path / "one", GOOD)
    code, told, _ = summary(tmp_path, "--format", "markdown", "--out", tmp_path / "partners.md")
    assert (code, told) == (0, "") and "good" in (tmp_path / "partners.md").read_text()


def test_file_that_cannot_be_written_is_wrong_use(summary, tmp_path):
    written(tmp_path / "one", GOOD)
    code, _, said = summary(tmp_path, "--out", tmp_path / "nowhere/partners.md")
    assert (code, "--out" in said) == (2, True)
