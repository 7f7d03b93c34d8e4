"""`check --jsonl` writes one JSON object for each event: the report's verdicts, no secret, no text that acts."""

from __future__ import annotations

import json
import subprocess

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import CONTRACT, PROGRAM, quick
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server
from callback_contract.contract_tests.meta.support.processes import invoke
from callback_contract.contract_tests.runner import first_contact
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served

SECRET = "hush-hush-hush"


def events_in(text):
    return [json.loads(line) for line in text.splitlines()]


def of(events, kind):
    return [event for event in events if event["event"] == kind]


def test_events_of_a_run_hold_what_its_report_holds(tmp_path):
    file, rules = tmp_path / "events.jsonl", "ACK-01,PAY-03,IDM-01"
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-03"])) as base:
        done = quick(base, "--rules", rules, "--report-dir", str(tmp_path), "--jsonl", str(file))
    events, report = events_in(file.read_text("utf-8")), json.loads((tmp_path / "report.json").read_text())
    assert done.returncode == 1
    assert (events[0]["event"], events[-1]) == ("run_started", {"event": "run_finished", "incomplete": ""})
    assert events[0]["run"] == report["run"]["id"]
    assert len(of(events, "delivery_sent")) == report["run"]["deliveries"]
    told = ("verdict", "level", "reason", "cases", "deliveries", "duration_s")
    judged = {event["rule"]: event for event in of(events, "rule_judged")}  # in the order of judging
    assert [event["rule"] for event in of(events, "rule_started")] == list(judged)
    for rule in report["rules"]:
        event = judged.pop(rule["id"])
        assert (event["rule"], *(event[key] for key in told)) == (rule["id"], *(rule[key] for key in told))
        assert [(f["case"], f["expected"], f["actual"]) for f in event["findings"]] == [
            (f["case"], f["expected"], f["actual"]) for f in rule["findings"]
        ]
    assert judged == {}
    broken = {event["rule"] for event in of(events, "case_finished") if event["broken"]}
    assert broken == {"PAY-03"}


def test_standard_output_holds_events_alone():
    done = quick("--rules", "ACK-01", "--jsonl", "-")
    assert events_in(done.stdout)[-1]["event"] == "run_finished"
    assert "ACK   " in done.stderr and "conformant" in done.stderr


def test_what_stops_a_run_is_its_last_event(tmp_path, monkeypatch):
    monkeypatch.setattr(first_contact, "_RETURN_S", 0.0)
    file = tmp_path / "events.jsonl"
    done = invoke(cli, ["check", "http://127.0.0.1:1/", "--depth", "quick", "--rules", "ACK-01", "--jsonl", file])
    (started, sent, finished) = events_in(file.read_text())
    assert (done.exception.exit_code, started["event"], sent["failure"]) == (3, "run_started", "refused")
    assert "cannot be reached" in finished["incomplete"]


def test_no_secret_and_no_pointed_value_is_in_an_event(tmp_path):
    file = tmp_path / "events.jsonl"

    def repeat(connection, request):
        body = json.dumps({"secret": SECRET, "echo": request.decode("latin-1")[-4000:]}).encode()
        connection.sendall(answer(f"500 {SECRET}", body, f"Content-Type: application/{SECRET}"))

    with raw_server(repeat) as base:
        url, header = base.replace("//", "//u:" + SECRET + "@") + f"?token={SECRET}", f"Authorization: Bearer {SECRET}"
        quick(url, "--header", header, "--rules", "ACK", "--redact", "/msg_id", "--jsonl", str(file))
    text = file.read_text()
    assert of(events_in(text), "rule_judged")[0]["findings"]
    assert SECRET not in text and "***" in text


def test_what_a_receiver_says_does_nothing_where_events_are_shown(tmp_path):
    file = tmp_path / "events.jsonl"

    def speak(connection, request):
        said = b"Content-Type: a/\x1b[31m\xe2\x80\xae ##[error]x"
        connection.sendall(b"HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n" + said + b"\r\n\r\n")

    with raw_server(speak) as base:
        quick(base, "--rules", "ACK-01", "--jsonl", str(file))
    text = file.read_text("utf-8")
    assert of(events_in(text), "rule_judged")[0]["verdict"] == "fail"
    assert all(line.isprintable() for line in text.splitlines())
    assert "##[" not in text


def test_file_that_cannot_be_written_is_wrong_use_before_anything_is_sent(tmp_path):
    done = quick("http://127.0.0.1:1/", "--jsonl", str(tmp_path / "not" / "there"))
    assert (done.returncode, "--jsonl" in done.stderr) == (2, True)


def test_reader_that_goes_away_ends_no_run(tmp_path):
    command = [*PROGRAM, "check", "--rules", "ACK", "--depth", "quick", "--jsonl", "-", "--report-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, "warning: --jsonl: not all events could be written" in said) == (0, True)
    assert json.loads((tmp_path / "report.json").read_text())["run"]["incomplete"] == ""


@pytest.mark.parametrize("option", ["--help", "--help-all"])
def test_option_is_one_of_the_rare_ones(option):
    assert ("--jsonl" in quick(option).stdout) is (option == "--help-all")


def test_dry_run_writes_no_events(tmp_path):
    quick("--rules", "ACK-01", "--dry-run", "--jsonl", str(tmp_path / "events.jsonl"))
    assert list(tmp_path.iterdir()) == []
