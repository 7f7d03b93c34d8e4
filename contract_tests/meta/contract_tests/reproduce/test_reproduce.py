"""`callback-contract reproduce`: a finding is played again by its rule's own check, or as recorded bytes."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from datetime import UTC, datetime

import pytest

from callback_contract.contract_tests.cli import main as cli
from callback_contract.contract_tests.generation.corpus import DEPTHS
from callback_contract.contract_tests.kill_matrix.matrix import tools
from callback_contract.contract_tests.meta.support.scripted import run_of
from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.reporting.formats.writing import write_reports
from callback_contract.contract_tests.reporting.model.report import build_report
from callback_contract.contract_tests.reproduce.reproducing import scene_of
from callback_contract.contract_tests.runner import first_contact
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.target.read_back import own_read_back
from callback_contract.mock_server.client.sender import Access, Pace, Sender
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Response
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi.contract.read_back_document import load_read_back

CONTRACT, CATALOGUE, TESTS = tools()
CRASH = Response(500, b'{"error":"internal"}', "application/json")


def state_url(base):
    return f"{base}{load_read_back().template}"


def judged(base, rule_id, *, pace=None, spare=None):
    rule = CATALOGUE[rule_id]
    sender = Sender(Access(f"{base}/callbacks"), pace or Pace())
    chosen = (CONTRACT, CATALOGUE, (rule,), CONTRACT.default_callbacks, sender, DEPTHS["standard"])
    run = run_of(*chosen, read_back=own_read_back(base, CONTRACT), patience_s=0.3)
    run.dispatcher._spare = spare
    run.state.rule_judged(judge(run, rule, TESTS[rule_id]))
    run.close()
    return run


def written(run, directory, base):
    report = build_report(
        run,
        kit_version="1.0.0",
        receiver_name="a receiver",
        options={"state_url": state_url(base), "state_patience": 0.3},
        started_at=datetime.now(UTC),
        duration_s=0.0,
        incomplete="",
        code=1,
        is_written=True,
    )
    write_reports(report, directory)
    return report.value


@pytest.fixture
def reproduce(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["callback-contract", "reproduce", *map(str, arguments)])
        code = cli.run_command()
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def edited(directory, change):
    file = directory / "report.json"
    value = json.loads(file.read_text())
    change(value)
    file.write_text(json.dumps(value))


def first_finding(value):
    return value["rules"][0]["findings"][0]


@pytest.mark.parametrize(
    ("rule_id", "shown"),
    [
        ("ACK-03", "< 422"),
        ("FWD-04", "< 500"),
        ("IDM-02", "failed 10 of 10 tries"),
        ("WIRE-10", "in chunks of 1 bytes"),
        ("STA-01", "read-back of ca11bac4"),
        ("PAY-17", "< 500"),
    ],
)
def test_finding_fails_again_and_holds_at_a_right_receiver(rule_id, shown, tmp_path, reproduce):
    with served(Receiver(CONTRACT, fault=FAULTS[rule_id])) as base:
        written(judged(base, rule_id), tmp_path, base)
        code, told = reproduce(tmp_path, f"{rule_id}-1")
    assert (code, shown in told, "Still fails" in told) == (1, True, True), told
    with served(Receiver(CONTRACT)) as base:
        code, told = reproduce(tmp_path, f"{rule_id}-1", "--url", base, "--state-url", state_url(base))
    assert (code, "Holds now" in told) == (0, True), told


@pytest.fixture(scope="module")
def report_dir(tmp_path_factory):
    """A report of a receiver that is there no more."""
    directory = tmp_path_factory.mktemp("report")
    with served(Receiver(CONTRACT, fault=FAULTS["WIRE-10"])) as base:
        written(judged(base, "WIRE-10"), directory, base)
    return directory


@pytest.fixture
def copied(report_dir, tmp_path):
    return shutil.copytree(report_dir, tmp_path / "copy")


def test_same_body_is_sent_with_a_fresh_run_and_fresh_times(report_dir, reproduce):
    taken = []
    keep = Fault(lambda request, _, __, right: taken.append(request) or right())
    with served(Receiver(CONTRACT, fault=keep)) as base:
        assert reproduce(report_dir, "WIRE-10-1", "--url", base)[0] == 0
    finding = first_finding(json.loads((report_dir / "report.json").read_text()))
    recorded = json.loads((report_dir / finding["exchanges"][0]["body_file"]).read_bytes())
    sent = json.loads(taken[-1].body)
    facts = CONTRACT.default_callbacks[0].delivery
    stamped = {pointer[1:] for pointer, what in facts.stamped.items() if what != "phone"}
    assert {k: v for k, v in sent.items() if k not in stamped} == {
        k: v for k, v in recorded.items() if k not in stamped
    }
    assert not any("{run}" in str(value) for value in sent.values())
    assert taken[-1].chunked


def test_rule_plays_all_of_its_findings(report_dir, reproduce):
    with served(Receiver(CONTRACT)) as base:
        code, told = reproduce(report_dir, "WIRE-10", "--url", base)
    assert (code, told.count("Holds now")) == (0, 3)


def test_dry_run_shows_the_sequence_and_sends_nothing(report_dir, reproduce):
    taken = []
    keep = Fault(lambda request, _, __, right: taken.append(request) or right())
    with served(Receiver(CONTRACT, fault=keep)) as base:
        code, told = reproduce(report_dir, "WIRE-10-1", "--url", f"{base}/here", "--dry-run", "-H", "X-Key: hush-hush")
    assert (code, taken) == (0, [])
    assert f"> POST {base}/here" in told
    assert "hush-hush" not in told


def test_case_that_the_kit_has_no_more_is_sent_as_recorded_and_not_judged(copied, reproduce):
    edited(copied, lambda value: first_finding(value).update(case="something of an older kit", texts={}))
    taken = []
    keep = Fault(lambda request, _, __, right: taken.append(request) or right())
    with served(Receiver(CONTRACT, fault=keep)) as base:
        code, told = reproduce(copied, "WIRE-10-1", "--url", base)
    assert code == 3
    assert "is no judgement" in told
    assert "other than recorded in 1 of 1 answers" in told
    assert taken[-1].chunked
    assert b"{run}" not in taken[-1].body


def test_what_was_recorded_is_sent_with_the_url_s_own_parameters(copied, reproduce):
    def with_queries(value):
        value["receiver"]["url"] += "?token=…"
        first_finding(value).update(case="something of an older kit", texts={})
        first_finding(value)["exchanges"][0]["url"] += "?token=…&id={run}"

    edited(copied, with_queries)
    taken = []
    keep = Fault(lambda request, _, __, right: taken.append(request) or right())
    with served(Receiver(CONTRACT, fault=keep)) as base:
        reproduce(copied, "WIRE-10-1", "--url", f"{base}/?token=its-own")
    assert re.fullmatch(rb".*[?]token=its-own&id=[0-9a-f]{8}", taken[-1].head.raw_target)


@pytest.mark.parametrize("changes", [{"texts": {}}, {"case": "what another kit calls it"}], ids=["English", "text"])
def test_case_at_another_place_is_found_by_its_label(changes, copied, reproduce):
    edited(copied, lambda value: first_finding(value).update(case_index=99, **changes))
    with served(Receiver(CONTRACT)) as base:
        assert reproduce(copied, "WIRE-10-1", "--url", base)[0] == 0


def test_story_that_did_without_a_refused_state_is_found():
    with served(Receiver(CONTRACT)) as base:
        run = judged(base, "ORD-01")
    (scope,) = run.config.scopes
    whole = {case.label for case in TESTS["ORD-01"].stimuli(scope)}
    told = list(TESTS["ORD-01"].stimuli(scope.without(frozenset(scope.callback.delivery.order.states[-1:]))))
    index, case = next((index, case) for index, case in enumerate(told) if case.label not in whole)
    finding = {"callback": scope.callback.name, "case": case.label, "case_index": index, "case_number": 1}
    assert scene_of(run, TESTS, "ORD-01", finding).case.states == case.states


def test_receiver_that_died_of_a_rule_is_shown_to_die_again(tmp_path, reproduce):
    def dies(request, assessment, receiver, right):
        if assessment is not None and not assessment.accepted:
            receiver.memory["dead"] = True
            return right()
        return CRASH if receiver.memory.get("dead") else right()

    with served(Receiver(CONTRACT, fault=Fault(dies))) as base:
        finding = first_finding(written(judged(base, "PAY-17"), tmp_path, base))
        assert finding["case_index"] is None
    with served(Receiver(CONTRACT, fault=Fault(dies))) as base:
        code, told = reproduce(tmp_path, finding["id"], "--url", base)
    assert (code, "an acknowledgement (2xx), as before" in told) == (1, True), told


def every_third(request, assessment, receiver, right):
    receiver.memory["count"] = receiver.memory.get("count", 0) + (assessment is not None)
    return CRASH if assessment is not None and receiver.memory["count"] % 3 == 0 else right()


FLAKY = Fault(every_third)


def test_flaky_receiver_is_told_with_how_often_it_failed(tmp_path):
    with served(Receiver(CONTRACT, fault=FLAKY)) as base:
        run = judged(base, "ACK-03", pace=Pace(at_once=1))
        report = written(run, tmp_path, base)
    assert run.state.results["ACK-03"].verdict is Verdict.FLAKY
    findings = report["rules"][0]["findings"]
    assert [(f["broke"], f["tries"]) for f in findings] == [(2, 5), (2, 5)]
    assert "failed 4 of 10 tries" in report["rules"][0]["reason"]


def test_flaky_finding_is_played_several_times(tmp_path, reproduce):
    with served(Receiver(CONTRACT, fault=FLAKY)) as base:
        written(judged(base, "ACK-03", pace=Pace(at_once=1)), tmp_path, base)
    with served(Receiver(CONTRACT, fault=FLAKY)) as base:
        code, told = reproduce(tmp_path, "ACK-03-1", "--url", base)
    assert (code, "failed 3 of 10 tries" in told) == (1, True), told


def test_flaky_hostile_finding_is_played_fewer_times(tmp_path, reproduce):
    with served(Receiver(CONTRACT, fault=FLAKY)) as base:
        written(judged(base, "PAY-17", pace=Pace(at_once=1)), tmp_path, base)
        _, told = reproduce(tmp_path, "PAY-17-1")
    assert " of 3 tries" in told


def test_what_the_plan_leaves_bounds_the_counting_of_a_flaky_case():
    with served(Receiver(CONTRACT, fault=FLAKY)) as base:
        findings = judged(base, "ACK-03", pace=Pace(at_once=1), spare=3).state.results["ACK-03"].findings
    assert [finding.tries for finding in findings] == [4, 2]


def test_hostile_case_is_not_sent_more_often_than_the_verdict_needs():
    with served(Receiver(CONTRACT, fault=FLAKY)) as base:
        findings = judged(base, "PAY-17", pace=Pace(at_once=1)).state.results["PAY-17"].findings
    assert {finding.tries for finding in findings} == {2}


def test_read_back_that_is_missing_is_not_judged(tmp_path, reproduce):
    with served(Receiver(CONTRACT, fault=FAULTS["STA-01"])) as base:
        written(judged(base, "STA-01"), tmp_path, base)
        edited(tmp_path, lambda value: value["run"]["options"].update(state_url=None))
        code, told = reproduce(tmp_path, "STA-01-1")
    assert (code, "--state-url" in told) == (3, True)


def test_read_back_of_the_report_is_not_that_of_another_receiver(tmp_path, reproduce):
    with served(Receiver(CONTRACT, fault=FAULTS["STA-01"])) as base:
        written(judged(base, "STA-01"), tmp_path, base)
        with served(Receiver(CONTRACT)) as other:
            code, told = reproduce(tmp_path, "STA-01-1", "--url", other)
    assert (code, "--state-url" in told) == (3, True), told


def test_callback_that_the_contract_has_no_more_is_sent_as_recorded(copied, reproduce):
    edited(copied, lambda value: first_finding(value).update(callback="goneFromTheContract"))
    with served(Receiver(CONTRACT, fault=FAULTS["WIRE-10"])) as base:
        code, told = reproduce(copied, "WIRE-10-1", "--url", base)
    assert (code, "the answers are as recorded" in told) == (3, True), told


def cut_off(directory):
    file = directory / "report.json"
    file.write_text(file.read_text()[:2000])


def of_another_version(directory):
    edited(directory, lambda value: value.update(schema_version="99.0"))


def of_another_kind(directory):
    edited(directory, lambda value: value.pop("rules"))


def without_bodies(directory):
    edited(directory, lambda value: first_finding(value).update(case="gone", texts={}))
    for file in (directory / "findings").iterdir():
        file.unlink()


def pointing_elsewhere(directory):
    change = {"case": "gone", "texts": {}}
    edited(directory, lambda value: first_finding(value).update(change))
    edited(directory, lambda value: first_finding(value)["exchanges"][0].update(body_file="findings/../../secret.body"))


def linked_elsewhere(directory):
    edited(directory, lambda value: first_finding(value).update(case="gone", texts={}))
    (directory / "findings").rename(directory / "others")
    (directory / "findings").symlink_to(directory / "others")


def with_a_secret_url(directory):
    edited(directory, lambda value: value["receiver"].update(url="http://127.0.0.1:1/?token=…"))


def with_a_wrong_option(directory):
    edited(directory, lambda value: value["run"]["options"].update(timeout="soon"))


def with_a_contract_to_fetch(directory):
    edited(directory, lambda value: value["run"]["options"].update(contract="http://127.0.0.1:1/internal"))


def with_a_plugin_to_run(directory):
    scheme = directory / "scheme.yaml"
    scheme.write_text("{header: X, plugin: ours.py, key_env: [KEY]}")
    edited(directory, lambda value: value["run"]["options"].update(signature=str(scheme)))


@pytest.mark.parametrize(
    ("spoil", "wanted", "said"),
    [
        (cut_off, "WIRE-10-1", "cut off"),
        (of_another_version, "WIRE-10-1", "99.0"),
        (of_another_kind, "WIRE-10-1", "no report"),
        (without_bodies, "WIRE-10-1", "findings/"),
        (pointing_elsewhere, "WIRE-10-1", "no file of a finding"),
        (linked_elsewhere, "WIRE-10-1", "no file of a finding"),
        (with_a_secret_url, "WIRE-10-1", "--url"),
        (with_a_wrong_option, "WIRE-10-1", "soon"),
        (with_a_contract_to_fetch, "WIRE-10-1", "Give it again: --contract URL"),
        (with_a_plugin_to_run, "WIRE-10-1", "Give it again: --signature FILE"),
        (lambda directory: None, "IDM-02-1", "WIRE-10-1, WIRE-10-2, WIRE-10-3"),
        (lambda directory: (directory / "report.json").unlink(), "WIRE-10-1", "report.json"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_wrong_use_is_one_message_and_exit_2(spoil, wanted, said, copied, reproduce):
    spoil(copied)
    with served(Receiver(CONTRACT)) as base:
        url = [] if spoil is with_a_secret_url else ["--url", base]
        code, told = reproduce(copied, wanted, *url)
    assert (code, said in told, "Traceback" in told) == (2, True, False), told


def test_nobody_there_is_exit_3(report_dir, reproduce, monkeypatch):
    monkeypatch.setattr(first_contact, "_RETURN_S", 0.0)
    code, told = reproduce(report_dir, "WIRE-10-1")
    assert (code, "cannot be reached" in told) == (3, True)


def test_report_names_the_command_for_its_own_directory(report_dir, reproduce, monkeypatch):
    finding = first_finding(json.loads((report_dir / "report.json").read_text()))
    monkeypatch.chdir(report_dir)
    _, _, *words = shlex.split(finding["reproduce"])
    with served(Receiver(CONTRACT)) as base:
        assert reproduce(*words, "--url", base)[0] == 0
