"""Waivers, frozen rules and new rules: their effect on a pipeline, and their report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import jsonschema_rs
import pytest

from callback_contract.contract_tests.meta.contract_tests.cli.test_check import CONTRACT, quick
from callback_contract.contract_tests.meta.support.made_reports import report as made_report
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult, Verdict
from callback_contract.contract_tests.policy.acceptance import AcceptancePolicy, acceptance_policy_of
from callback_contract.contract_tests.policy.rule_versions import RuleVersions, rule_versions_at
from callback_contract.contract_tests.policy.waiver_drafts import drafted
from callback_contract.contract_tests.policy.waivers import Waiver, load_waivers, state_of, unknown_callbacks, waive
from callback_contract.contract_tests.reporting.formats.html import report_html
from callback_contract.contract_tests.reporting.formats.summary import summary_md
from callback_contract.contract_tests.reporting.model.accepted import accepted_lines
from callback_contract.contract_tests.reporting.model.stable import stable
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.errors import KitError

CATALOGUE = load_catalogue()
TODAY = date(2026, 6, 30)
MUST, SHOULD = CATALOGUE["PAY-17"], CATALOGUE["ACK-06"]
GOOD = {"rule": "PAY-17", "reason": "the fix comes with release 12", "owner": "A. Lovelace", "until": "2026-06-30"}


def result(rule=MUST, verdict=Verdict.FAIL, callbacks=("a",)):
    findings = [Finding(name, "case", "this", "that", (), True, False) for name in callbacks]
    return RuleResult(rule, verdict, findings=findings if verdict is not Verdict.PASS else [])


def waiver(**more):
    return Waiver(**{"rule": MUST.id, "reason": "r", "owner": "o", "until": TODAY, **more})


def written(tmp_path, *rows):
    file = tmp_path / "waivers.yaml"
    file.write_text(json.dumps([{**GOOD, **row} for row in rows]), encoding="utf-8")
    return file


def waived(broken, *waivers):
    waive(broken, waivers, TODAY)
    return broken.verdict


def state(given, of, callbacks=("a",), *, is_known=True):
    return state_of(given, of, today=TODAY, is_known=is_known, callbacks=callbacks)


# The file


def test_a_whole_waiver_is_read(tmp_path):
    (read,) = load_waivers(written(tmp_path, {"callback": "a"}), CATALOGUE)
    assert (read.rule, read.owner, read.until, read.callback) == ("PAY-17", "A. Lovelace", TODAY, "a")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "- rule: PAY-17\n  reason: r\n  owner: o\n  untill: 2026-06-30\n",
            r"yaml:4 \(/0/untill\).*Did you mean 'until'",
        ),
        ("- rule: PAY17\n  reason: r\n  owner: o\n  until: 2026-06-30\n", r"yaml:1 \(/0/rule\).*PAY-17"),
        ("- rule: pay-17\n  reason: r\n  owner: o\n  until: 2026-06-30\n", "Did you mean 'PAY-17'"),
        ("- rule: PAI-17\n  reason: r\n  owner: o\n  until: 2026-06-30\n", "Did you mean 'PAY-17'"),
        ("- rule: PAY\n  reason: r\n  owner: o\n  until: 2026-06-30\n", "no rule is called 'PAY'"),
        ("- rule: PAY-17\n  reason: r\n  until: 2026-06-30\n", "'owner' is missing"),
        ("- rule: PAY-17\n  reason: ' '\n  owner: o\n  until: 2026-06-30\n", r"yaml:2 \(/0/reason\).*empty"),
        ("- rule: PAY-17\n  reason: r\n  owner: o\n  until: 2026-02-30\n", "not a date"),
        ("- rule: PAY-17\n  reason: r\n  owner: o\n  until: 20260630\n", "'until' is not text"),
        ("- rule: PAY-17\n  reason: r\n  owner: o\n  until: '20260630'\n", "not a date"),
        ("- rule: PAY-17\n  reason: r\n  owner: null\n  until: 2026-06-30\n", "'owner' is not text"),
        ("- PAY-17\n", "not a waiver"),
        ("waivers: []\n", "not a list"),
        ("", "not a list"),
        ("- rule: [\n", "not readable as YAML"),
    ],
)
def test_a_slip_in_the_file_is_one_message(tmp_path, text, said):
    file = tmp_path / "w.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KitError, match=f"(?s){said}") as caught:
        load_waivers(file, CATALOGUE)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("second", [{}, {"callback": "a"}])
def test_a_rule_is_waived_once(tmp_path, second):
    with pytest.raises(KitError, match=r"/1.*twice"):
        load_waivers(written(tmp_path, {}, second), CATALOGUE)


def test_a_rule_may_be_waived_for_two_callbacks(tmp_path):
    assert len(load_waivers(written(tmp_path, {"callback": "a"}, {"callback": "b"}), CATALOGUE)) == 2


def test_a_rule_of_a_newer_kit_is_kept(tmp_path):
    assert load_waivers(written(tmp_path, {"rule": "PAY-99"}), CATALOGUE)[0].rule == "PAY-99"


def test_a_callback_that_is_nearly_one_is_a_slip():
    with pytest.raises(KitError, match="messageStatus"):
        unknown_callbacks([waiver(callback="messageStaus")], ["messageStatus"])
    assert unknown_callbacks([waiver(callback="gone")], ["messageStatus"]) == {"gone"}


# What a waiver does


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.FLAKY, Verdict.WARN])
def test_what_is_broken_is_waived(verdict):
    assert waived(result(verdict=verdict), waiver()) is Verdict.WAIVED


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.ERROR, Verdict.NOT_APPLICABLE, Verdict.BLOCKED])
def test_what_is_not_broken_is_not_waived(verdict):
    assert waived(result(verdict=verdict), waiver()) is verdict


def test_a_waived_rule_still_counts_as_broken_and_passes_the_gate():
    broken = result()
    waive(broken, [waiver()], TODAY)
    assert broken.broken
    assert not broken.blocks_the_gate


def test_the_last_day_still_counts_and_the_next_does_not():
    assert waived(result(), waiver(until=TODAY)) is Verdict.WAIVED
    assert waived(result(), waiver(until=TODAY - timedelta(days=1))) is Verdict.FAIL


def test_a_waiver_of_one_callback_leaves_the_others():
    assert waived(result(callbacks=("a", "b")), waiver(callback="a")) is Verdict.FAIL
    assert waived(result(callbacks=("a", "b")), waiver(callback="a"), waiver(callback="b")) is Verdict.WAIVED


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [
        (waiver(), result(), "applied"),
        (waiver(until=TODAY - timedelta(days=1)), result(), "expired"),
        (waiver(), result(verdict=Verdict.PASS), "not needed"),
        (waiver(callback="a"), result(callbacks=("b",)), "not needed"),
        (waiver(), result(verdict=Verdict.NOT_APPLICABLE), "not judged"),
        (waiver(), result(verdict=Verdict.BLOCKED), "not judged"),
        (waiver(), result(verdict=Verdict.ERROR), "not judged"),
        (waiver(callback="b"), result(verdict=Verdict.PASS), "not judged"),
        (waiver(), None, "not judged"),
    ],
)
def test_each_waiver_has_a_state(given, of, expected):
    assert state(given, of) == expected
    assert state(given, of, is_known=False) == "unknown"


def test_several_waivers_of_a_rule_are_told_together():
    broken = result(callbacks=("a", "b"))
    other = waiver(callback="b", reason="s", owner="o", until=TODAY + timedelta(days=2))
    gate = AcceptancePolicy(waivers=(waiver(callback="a"), other), today=TODAY)
    gate.apply(broken)
    assert gate.waiver_of(broken) == {"reason": "r; s", "owner": "o", "until": "2026-06-30"}


def test_hostile_texts_of_a_waiver_move_no_cursor():
    told = {"rule": "PAY-17", "callback": None, "reason": "", "owner": "\x1b[2J", "until": "2026-01-01"}
    (line,) = accepted_lines(
        {
            "frozen": {"rules_as_of": None, "left_out": []},
            "waivers": [{**told, "state": "expired"}],
            "run": {"options": {}},
        }
    )
    assert "\x1b" not in line


# The draft


def test_a_draft_holds_what_fails_and_is_refused_unread(tmp_path):
    file = tmp_path / "draft.yaml"
    results = [result(), result(SHOULD, Verdict.WARN), result(CATALOGUE["ACK-01"], Verdict.PASS)]
    text = drafted(results, TODAY, strict=False)
    assert text.count("- rule:") == 1
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KitError, match="'reason' is empty"):
        load_waivers(file, CATALOGUE)
    file.write_text(text.replace("''", "filled in"), encoding="utf-8")
    (read,) = load_waivers(file, CATALOGUE)
    assert (read.rule, read.until) == (MUST.id, TODAY + timedelta(days=30))


def test_a_strict_draft_holds_warnings_too():
    assert drafted([result(SHOULD, Verdict.WARN)], TODAY, strict=True).count("- rule:") == 1
    assert drafted([result(SHOULD, Verdict.WARN)], TODAY, strict=False) == ""


# A newer kit

OLD, NEW = replace(MUST, since="1.0"), replace(MUST, id="PAY-99", since="1.2")


def test_frozen_rules_are_left_out():
    freezing = rule_versions_at("1.1", "1.2.0", [OLD, NEW])
    assert freezing.left_out([OLD, NEW]) == (NEW,)
    assert rule_versions_at(None, "1.2.0", [OLD, NEW]).left_out([OLD, NEW]) == ()


def test_versions_are_compared_as_numbers():
    assert rule_versions_at("1.9", "1.10.0", [OLD, replace(NEW, since="1.10")]).left_out([replace(NEW, since="1.10")])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("1", "not a version"),
        ("newest", "not a version"),
        ("1.3", "does not know the rules of 1.3"),
        ("0.9", "came after"),
    ],
)
def test_a_version_that_freezes_nothing_sensible_is_refused(asked, said):
    with pytest.raises(KitError, match=said):
        rule_versions_at(asked, "1.2.0", [OLD, NEW])


def test_a_kit_that_does_not_know_its_version_takes_its_newest_rule():
    assert rule_versions_at(None, "0+source", [OLD, NEW]).is_new(NEW)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.FLAKY])
def test_a_must_of_a_minor_version_warns_until_the_next_major(verdict):
    broken = result(NEW, verdict)
    AcceptancePolicy(RuleVersions(kit=(1, 2))).apply(broken)
    assert broken.verdict is Verdict.WARN
    assert f"{verdict.value} from 2.0 on: the rule is new in 1.2" in broken.reason
    assert not broken.blocks_the_gate


@pytest.mark.parametrize("rule", [OLD, replace(NEW, since="2.0"), replace(NEW, since="1.2")])
def test_a_must_of_the_majors_first_version_or_of_an_earlier_major_fails(rule):
    broken = result(rule)
    AcceptancePolicy(RuleVersions(kit=(2, 1))).apply(broken)
    assert broken.verdict is Verdict.FAIL


def test_a_new_must_fails_at_once_when_strict():
    broken = result(NEW)
    AcceptancePolicy(RuleVersions(kit=(1, 2)), strict=True).apply(broken)
    assert broken.verdict is Verdict.FAIL


def test_frozen_rules_do_not_count():
    options = {
        "waivers": None,
        "write_waivers": None,
        "strict": False,
        "strict_waivers": False,
        "require": "",
        "rules_as_of": "1.1",
    }
    policy, counting = acceptance_policy_of(options, "1.2.0")(CONTRACT, (OLD, NEW))
    assert (counting, policy.left_out, policy.freezing.words) == ((OLD,), (NEW,), "1.1")


def test_frozen_rules_are_told():
    report = {"frozen": {"rules_as_of": "1.1", "left_out": [{"id": "PAY-99"}]}}
    assert accepted_lines(report) == ["not judged, newer than 1.1: PAY-99"]


# The program


@pytest.fixture(scope="module")
def broken_url():
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as base:
        yield base


def tomorrow():
    return (datetime.now(UTC).date() + timedelta(days=1)).isoformat()


def test_two_runs_with_waivers_give_equal_reports(broken_url, tmp_path):
    file = written(tmp_path, {"until": tomorrow()}, {"rule": "ACK-01", "until": tomorrow()}, {"rule": "PAY-98"})
    reports = []
    for name in ("one", "two"):
        done = quick(broken_url, "--rules", "ACK,PAY-17", "--waivers", str(file), "--report-dir", str(tmp_path / name))
        assert done.returncode == 0, done.stdout + done.stderr
        reports.append(json.loads((tmp_path / name / "report.json").read_text()))
    assert stable(reports[0]) == stable(reports[1])
    jsonschema_rs.validator_for(
        json.loads(files("callback_contract.contract_tests").joinpath("schemas/report.schema.json").read_text())
    ).validate(reports[0])
    rule = next(rule for rule in reports[0]["rules"] if rule["id"] == "PAY-17")
    assert (rule["verdict"], rule["waiver"]["owner"]) == ("waived", "A. Lovelace")
    assert [entry["state"] for entry in reports[0]["waivers"]] == ["applied", "not needed", "unknown"]
    assert "waiver of ACK-01 (A. Lovelace): not needed" in done.stdout


def test_a_waiver_that_is_not_needed_fails_when_waivers_are_strict(broken_url, tmp_path):
    file = written(tmp_path, {"rule": "ACK-01", "until": tomorrow()})
    done = quick(broken_url, "--rules", "ACK-01", "--waivers", str(file), "--strict-waivers")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "--strict-waivers: such a waiver fails the run" in done.stdout


def test_a_draft_is_written_once_and_before_anything_is_sent_refused_a_second_time(broken_url, tmp_path):
    file = tmp_path / "draft.yaml"
    assert quick(broken_url, "--rules", "PAY-17", "--write-waivers", str(file)).returncode == 1
    before = file.read_text()
    done = quick(broken_url, "--rules", "PAY-17", "--write-waivers", str(file))
    assert (done.returncode, done.stdout, file.read_text()) == (2, "", before)
    assert "is there already" in done.stderr


def test_page_and_summary_tell_stale_waivers_and_frozen_rules():
    waiver = {"rule": "ACK-01", "callback": "", "owner": "<b>Ben", "until": "2026-11-21", "state": "expired"}
    report = made_report() | {
        "waivers": [waiver],
        "frozen": {"rules_as_of": "1.0", "left_out": [{"id": "PAY-99", "since": "1.1"}]},
    }
    page, summary = report_html(report), summary_md(report)
    assert "&lt;b&gt;Ben" in page and "expired on 2026-11-21" in page and "已于 2026-11-21 过期" in page
    assert "PAY-99" in page
    assert "expired on 2026-11-21" in summary and "PAY-99" in summary
