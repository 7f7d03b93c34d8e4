"""`callback-contract compare`: changes between two reports, and which of them are worse."""

from __future__ import annotations

import json
import sys

import pytest

from callback_contract.contract_tests.cli import main as cli
from callback_contract.contract_tests.meta.support.made_reports import HOSTILE, latency, report, rule, written
from callback_contract.contract_tests.reporting.comparison.changes import compare_reports
from callback_contract.contract_tests.reporting.comparison.output import (
    comparison_json,
    comparison_markdown,
    comparison_text,
)
from callback_contract.openapi.text.errors import KitError


def only_change(old, new, **more):
    (change,) = compare_reports(old, new, **more).rules
    return change.kind, change.fails


def of(verdict, **more):
    return report(rule("PAY-01", verdict, **more))


@pytest.fixture
def compare(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["callback-contract", "compare", *map(str, arguments)])
        code = cli.run_command()
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.mark.parametrize(
    ("old", "new", "level", "kind", "fails", "fails_when_strict"),
    [
        ("pass", "fail", "MUST", "worse", True, True),
        ("pass", "flaky", "MUST", "worse", True, True),
        ("pass", "warn", "MUST", "worse", False, True),  # a new MUST, which only warns yet
        ("pass", "warn", "SHOULD", "worse", False, True),
        ("pass", "flaky", "SHOULD", "worse", False, True),
        ("pass", "waived", "MUST", "changed", False, False),
        ("flaky", "fail", "MUST", "changed", False, False),
        ("waived", "fail", "MUST", "changed", False, False),
        ("fail", "pass", "MUST", "better", False, False),
        ("warn", "pass", "SHOULD", "better", False, False),
        ("pass", "not applicable", "MUST", "not judged any more", False, False),
        ("fail", "error", "MUST", "not judged any more", False, False),
        ("not applicable", "fail", "MUST", "judged now", False, False),
        ("error", "pass", "MUST", "judged now", False, False),
    ],
)
def test_a_changed_verdict_has_its_kind(old, new, level, kind, fails, fails_when_strict):
    before, after = of(old, level=level), of(new, level=level)
    assert only_change(before, after) == (kind, fails)
    assert only_change(before, after, strict=True) == (kind, fails_when_strict)


@pytest.mark.parametrize("verdict", ["pass", "fail", "not applicable"])
def test_an_equal_verdict_is_no_change(verdict):
    assert compare_reports(of(verdict), of(verdict)).rules == ()


@pytest.mark.parametrize(
    ("now", "more", "fails"),
    [
        ("not applicable", {"lacks": ["read-back"]}, True),
        ("not applicable", {}, False),  # the contract asks nothing of the kind any more
        ("blocked", {}, True),
        ("error", {}, True),
        ("blocked", {"level": "SHOULD"}, False),
    ],
)
def test_must_that_passed_and_is_not_judged_any_more_is_worse_unless_that_is_allowed(now, more, fails):
    before, after = of("pass"), report(rule("PAY-01", now) | more, rule("PAY-02"))
    found = compare_reports(before, after)
    assert (found.fails, [change.rule for change in found.unjudged]) == (fails, ["PAY-01"] * fails)
    assert ("worse: PAY-01 passed and not judged" in comparison_text(before, after, found)) is fails
    assert not compare_reports(before, after, allow_unjudged=True).fails


def test_comparison_is_said_in_chinese():
    before, after = of("pass"), of("fail")
    shown = comparison_text(before, after, compare_reports(before, after), "zh", {"PAY-01": "陈述"})
    assert "变差（1）" in shown and "通过 → 不通过  陈述" in shown and shown.endswith("变差：PAY-01")


@pytest.mark.parametrize(
    ("more", "fails"),
    [({"not_reached": ["PAY-02"]}, True), ({"of_rules": 2}, True), ({}, False)],  # a kit without the rule
)
def test_must_that_the_new_run_left_out_is_worse(more, fails):
    assert compare_reports(report(rule("PAY-01"), rule("PAY-02")), report(rule("PAY-01"), **more)).fails is fails


def test_new_run_that_judged_nothing_is_exit_3(compare, tmp_path):
    good = written(tmp_path / "good", of("pass"))
    nothing = written(tmp_path / "nothing", of("blocked", reason="blocked: ACK-01 is broken"))
    code, told, _ = compare(good, nothing, "--allow-unjudged")
    assert (code, told.splitlines()[-1]) == (3, "the new run judged nothing")


def test_a_rule_of_a_newer_kit_is_not_worse():
    after = report(rule("PAY-01"), rule("PAY-02", "fail", "case", since="1.1"), kit="1.1.0")
    found = compare_reports(of("pass"), after, strict=True)
    assert [(change.rule, change.kind) for change in found.rules] == [("PAY-02", "added")]
    assert (found.fails, found.new_findings) == (False, ())


def test_a_rule_that_was_not_selected_before_is_judged_now():
    before = report(rule("PAY-01"), of_rules=2)
    assert only_change(before, report(rule("PAY-01"), rule("PAY-02", "fail"))) == ("judged now", False)


def test_a_rule_that_was_not_reached_before_is_judged_now():
    before = report(rule("PAY-01"), not_reached=["PAY-02"])
    assert only_change(before, report(rule("PAY-01"), rule("PAY-02", "fail"))) == ("judged now", False)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"not_reached": ["PAY-02"]}, "ended before"),
        ({"of_rules": 2}, "not selected"),
        (
            {"frozen": {"rules_as_of": "1.0", "left_out": [{"id": "PAY-02", "level": "MUST", "since": "1.1"}]}},
            "newer than 1.0",
        ),
        ({}, "does not have it"),
    ],
)
def test_a_rule_that_is_not_judged_any_more_says_why(more, reason):
    (change,) = compare_reports(report(rule("PAY-01"), rule("PAY-02")), report(rule("PAY-01"), **more)).rules
    assert reason in change.reason


def test_what_only_a_new_callback_breaks_is_not_worse():
    after = report(rule("PAY-01", "fail", "case", callback="other"), contract={"callbacks": ["messageStatus", "other"]})
    assert only_change(of("pass"), after) == ("judged now", False)


def test_a_waived_rule_says_who_waived_it():
    after = report(rule("PAY-01", "waived") | {"waiver": {"reason": "{0}", "owner": "Ada", "until": "2027-01-01"}})
    (change,) = compare_reports(of("pass"), after).rules
    assert change.reason == "until 2027-01-01 by Ada: {0}"


def test_a_reason_of_many_rules_is_told_once():
    before = report(rule("PAY-01"), rule("PAY-02"))
    blocked = [rule(name, "not applicable", reason="blocked: ACK-01 is broken") for name in ("PAY-01", "PAY-02")]
    shown = comparison_text(before, report(*blocked), compare_reports(before, report(*blocked)))
    assert shown.count("blocked: ACK-01") == 1


MANY = [f"PAY-{number:02}" for number in range(1, 31)]


@pytest.mark.parametrize("show", [comparison_text, comparison_markdown])
def test_many_rules_that_only_the_new_run_judged_are_a_number_but_for_broken_ones(show):
    before = report(rule("ACK-01"), of_rules=31)
    after = report(rule("ACK-01"), *map(rule, MANY[1:]), rule("PAY-01", "fail", "case"))
    shown = show(before, after, compare_reports(before, after)).replace("\\", "")
    assert "pass: 29 rules" in shown and "PAY-02" not in shown and "not judged → fail" in shown


@pytest.mark.parametrize("show", [comparison_text, comparison_markdown])
def test_many_rules_that_only_the_old_run_judged_are_a_number_but_for_broken_ones(show):
    before = report(rule("ACK-01"), *map(rule, MANY[1:]), rule("PAY-01", "fail", "case"))
    after = report(rule("ACK-01"), of_rules=31)
    shown = show(before, after, compare_reports(before, after)).replace("\\", "")
    assert "it was not selected: 30 rules, of which PAY-01" in shown and "PAY-02" not in shown


def test_every_rule_that_one_run_did_not_judge_is_named_to_programs():
    before, after = report(rule("ACK-01"), of_rules=31), report(rule("ACK-01"), *map(rule, MANY))
    assert len(json.loads(comparison_json(before, after, compare_reports(before, after)))["rules"]) == 30


def test_findings_are_told_apart_by_their_case_and_not_by_their_number():
    before = report(rule("PAY-01", "fail", "one", "two"))
    found = compare_reports(before, report(rule("PAY-01", "fail", "two", "three")))
    assert [finding.case for finding in found.new_findings] == ["three"]
    assert [finding.case for finding in found.gone_findings] == ["one"]


def test_findings_of_a_rule_that_is_not_judged_any_more_are_not_gone():
    assert compare_reports(report(rule("PAY-01", "fail", "one")), of("not applicable")).gone_findings == ()


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ((0.010, 0.100), (0.014, 0.140), "same"),
        ((0.001, 0.002), (0.009, 0.011), "same"),  # nine times as slow, and nobody notices
        ((0.100, 0.200), (0.200, 0.400), "slower"),
        ((0.200, 0.400), (0.090, 0.180), "faster"),
    ],
)
def test_noise_of_latency_is_no_news(old, new, change):
    found = compare_reports(report(rule("PAY-01"), seconds=old), report(rule("PAY-01"), seconds=new))
    assert {row.change for row in found.latency} == {change}
    assert not found.fails


@pytest.mark.parametrize("few", [latency(None, None, 0), latency(0.5, 0.5, 3)])
def test_latency_of_few_answers_says_nothing(few):
    after = report(rule("PAY-01"), run={"latency": few})
    assert {row.change for row in compare_reports(of("pass"), after).latency} == {"unknown"}


def test_what_was_not_alike_is_noted():
    after = report(rule("PAY-01"), kit="1.1.0", run={"seed": 7, "started_at": "2026-01-01T00:00:00+00:00"})
    notes = " ".join(compare_reports(of("pass"), after).notes)
    assert "kits: 1.0.0 and 1.1.0" in notes and "seeds: 0 and 7" in notes and "swapped" in notes


@pytest.mark.parametrize(
    ("part", "said"),
    [({"title": "others"}, "different contracts"), ({"callbacks": ["other"]}, "no callback in common")],
)
def test_strangers_are_not_compared(part, said):
    with pytest.raises(KitError, match=said):
        compare_reports(of("pass"), report(rule("PAY-01"), contract=part))


@pytest.mark.parametrize("show", [comparison_text, comparison_markdown, comparison_json])
def test_hostile_texts_are_inert(show):
    before, after = of("pass"), report(rule("PAY-01", "fail", HOSTILE, reason=HOSTILE), name=HOSTILE)
    shown = show(before, after, compare_reports(before, after))
    assert not {"\x1b", "\x00", "\u202e"} & set(shown)
    if show is comparison_markdown:
        assert "<script>" not in shown and "@everyone" not in shown and "](" not in shown
        assert all(line.count(" | ") == 5 for line in shown.splitlines() if line.startswith("| got"))


def test_the_program_fails_on_what_is_worse_and_on_nothing_else(compare, tmp_path):
    good, bad = written(tmp_path / "good", of("pass")), written(tmp_path / "bad", of("fail"))
    code, told, _ = compare(good, bad / "report.json")
    assert (code, told.splitlines()[-1]) == (1, "worse: PAY-01")
    code, told, _ = compare(bad, good)
    assert (code, told.splitlines()[-1]) == (0, "nothing got worse")
    code, told, _ = compare(good, bad, "--format", "json")
    assert (code, json.loads(told)["rules"][0]["kind"]) == (1, "worse")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no whole JSON document"),
        ('{"schema_version": "1.1", "kit', "no whole JSON document"),
        ("[" * 100_000, "no whole JSON document"),
        ('{"schema_version": "1.0"}', "has the schema version '1.0', and this kit reads '2.0'"),
        ('{"schema_version": "\\u001b[2J"}', "schema version"),
        ("[]", "no report of this kit"),
        ('{"schema_version": "1.1"}', "no report of this kit"),
        ('{"schema_version": "1.2"}', "no report of this kit"),
        ('{"schema_version": "2.0"}', "no report of this kit"),
        ('{"schema_version": NaN}', "NaN is no JSON"),
    ],
)
def test_what_is_no_report_is_one_message(compare, tmp_path, text, said):
    good = written(tmp_path / "good", of("pass"))
    file = tmp_path / "bad.json"
    file.write_text(text)
    code, told, error = compare(good, file)
    assert (code, told) == (2, "")
    assert said in error and "Traceback" not in error and "\x1b" not in error


def test_a_report_that_is_not_there_is_one_message(compare, tmp_path):
    code, _, error = compare(tmp_path, tmp_path / "none.json")
    assert code == 2 and "cannot be read" in error
