"""Older reports in the folder of a run: a run of wrong use or without a verdict leaves none that looks like its own."""

from __future__ import annotations

import json
import shutil
import sys
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.cli import main as cli
from callback_contract.contract_tests.cli.fleet.judging import begin_anew
from callback_contract.contract_tests.meta.support.sample_reports import finding, report, rule
from callback_contract.contract_tests.reporting.formats.writing import write_reports
from callback_contract.contract_tests.reporting.model.history import KEPT, Folder, broken_since
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.contract_tests.reporting.model.report_file import report_files
from callback_contract.contract_tests.runner import first_contact
from callback_contract.openapi.text.errors import KitError

NOBODY = "http://127.0.0.1:9/"  # nothing listens there


@pytest.fixture
def reports(tmp_path):
    """A folder with the reports of an earlier run, and files of a stranger's beside them."""
    value = report(rule("PAY-01", "fail", [finding("", 1, "PAY-01")]))
    bodies = {
        exchange["body_file"].rpartition("/")[2]: b"sent" for exchange in value["rules"][0]["findings"][0]["exchanges"]
    }
    write_reports(Report(value, bodies), tmp_path)
    (tmp_path / "notes.md").write_text("0badcafe")
    (tmp_path / "findings" / "mine.body").write_text("mine")
    return tmp_path


def check(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["callback-contract", "check", *map(str, arguments)])
    return cli.run_command()


def files(directory):
    return {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    "wrong",
    [["--depth", "deep"], ["--no-such-option"], ["--rules", "NIX-01"], ["--contract", "none.yaml"], ["--require", "x"]],
)
def test_wrong_use_moves_older_reports_and_no_other_file(monkeypatch, reports, wrong):
    before = files(reports)
    assert check(monkeypatch, NOBODY, "--report-dir", reports, *wrong) == 2
    (moved,) = (reports / "history").iterdir()
    stays = {"notes.md", "findings/mine.body"}
    assert files(reports) == stays | {f"history/{moved.name}/{name}" for name in before - stays}
    assert moved.name.endswith("0badcafe")
    with pytest.raises(KitError, match="no report"):
        report_files((reports,))


def test_folder_that_the_environment_names_is_looked_after_too(monkeypatch, reports):
    monkeypatch.setenv("CALLBACK_CONTRACT_CHECK_REPORT_DIR", str(reports))
    assert check(monkeypatch, "--no-such-option") == 2
    assert not (reports / "report.json").exists()


def test_run_that_leaves_its_own_report_moves_none(monkeypatch, reports):
    monkeypatch.setattr(first_contact, "_RETURN_S", 0.0)
    assert check(monkeypatch, NOBODY, "--report-dir", reports, "--rules", "ACK-01") == 3
    assert "history" not in {file.name for file in reports.iterdir()}
    assert "0badcafe" not in (reports / "report.json").read_text()


def test_plan_of_a_run_moves_nothing(monkeypatch, reports):
    before = files(reports)
    assert check(monkeypatch, NOBODY, "--report-dir", reports, "--dry-run", "--depth", "deep") == 2
    assert check(monkeypatch, NOBODY, "--report-dir", reports, "--dry-run", "--rules", "NIX-01") == 2
    assert files(reports) == before


@pytest.mark.parametrize("text", ["{}", "[]", "not JSON", '{"kit": {"name": "another"}, "run": {"id": "1"}}'])
def test_report_of_a_stranger_stays(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    assert Folder(tmp_path).move_older() is None
    assert files(tmp_path) == {"report.json"}


def test_page_of_another_run_stays(reports):
    (reports / "summary.md").write_text("somebody's own")
    assert Folder(reports).move_older() is not None
    assert (reports / "summary.md").exists() and not (reports / "report.html").exists()


@pytest.mark.parametrize("linked", ["report.json", "report.html", "findings"])
def test_link_is_not_followed(reports, tmp_path_factory, linked):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / linked
    (reports / linked).rename(elsewhere)
    (reports / linked).symlink_to(elsewhere)
    Folder(reports).move_older()
    assert elsewhere.exists() and (reports / linked).is_symlink()
    assert not elsewhere.is_dir() or {file.name for file in elsewhere.iterdir()} >= {"mine.body", "PAY-01-1-1.body"}


def test_history_that_is_a_link_leads_nowhere(reports, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (reports / "history").symlink_to(elsewhere)
    assert Folder(reports).move_older() is None
    assert not list(elsewhere.iterdir()) and not (reports / "report.json").exists()


def ran(day, *verdicts, name="a receiver"):
    value = report(*(rule(f"PAY-{number:02}", verdict) for number, verdict in enumerate(verdicts, 1)))
    value["run"] |= {"started_at": f"2026-06-{day:02}T10:00:00+00:00", "id": f"{day:08}"}
    return value | {"receiver": {"name": name, "url": "http://127.0.0.1:1/x"}}


def kept(folder, *values):
    for value in values:
        (folder / "history" / value["run"]["id"]).mkdir(parents=True)
        (folder / "history" / value["run"]["id"] / "report.json").write_text(json.dumps(value), encoding="utf-8")


def test_page_says_since_when_a_rule_is_broken_as_far_as_older_reports_show_it(tmp_path):
    kept(tmp_path, ran(1, "fail", "fail"), ran(2, "pass", "not applicable"), ran(3, "warn", "fail"))
    assert broken_since(tmp_path, ran(9, "fail", "fail", "fail")) == {"PAY-01": "2026-06-03", "PAY-02": "2026-06-01"}
    write_reports(Report(ran(9, "fail"), {}), tmp_path)
    assert "broken since 2026-06-03" in (tmp_path / "report.html").read_text("utf-8")


def test_report_that_is_replaced_tells_since_when_too(tmp_path):
    write_reports(Report(ran(5, "fail"), {}), tmp_path)
    write_reports(Report(ran(9, "fail"), {}), tmp_path)
    assert "broken since 2026-06-05" in (tmp_path / "report.html").read_text("utf-8")


def test_report_on_another_receiver_a_later_or_a_damaged_one_tells_nothing(tmp_path):
    kept(tmp_path, ran(1, "fail", name="another"), ran(20, "fail"), ran(2, "fail") | {"rules": 7})
    assert broken_since(tmp_path, ran(9, "fail")) == {}


def test_history_keeps_the_newest_runs_and_every_file_of_a_stranger(reports):
    Folder(reports).move_older()
    (moved,) = (reports / "history").iterdir()
    for name in ("2020-01-01T00-00-00-aa", "2020-01-02T00-00-00-bb", "3020-01-01T00-00-00-cc"):
        shutil.copytree(moved, reports / "history" / name)
    (reports / "history/2020-01-01T00-00-00-aa/findings/mine.body").write_text("mine")
    (reports / "history/mine").mkdir()
    Folder(reports).prune_history(kept=2)
    assert sorted(each.name for each in (reports / "history").iterdir()) == [
        "2020-01-01T00-00-00-aa",
        moved.name,
        "3020-01-01T00-00-00-cc",
        "mine",
    ]
    assert files(reports / "history/2020-01-01T00-00-00-aa") == {"findings/mine.body"}
    assert files(moved) == files(reports / "history/3020-01-01T00-00-00-cc")


def test_fleet_prunes_the_history_of_each_partner(reports):
    Folder(reports).move_older()
    (moved,) = (reports / "history").iterdir()
    for number in range(KEPT + 2):
        shutil.copytree(moved, reports / f"history/3020-01-01T00-00-{number:02}-aa")
    begin_anew(reports.parent, [SimpleNamespace(name=reports.name)])
    assert len(list((reports / "history").iterdir())) == KEPT
