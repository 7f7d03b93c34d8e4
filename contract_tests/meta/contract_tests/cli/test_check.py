"""`callback-contract check`, run as its user runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from unittest.mock import patch
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.hostile import answer, endless, raw_server
from callback_contract.contract_tests.meta.support.means import do_without
from callback_contract.contract_tests.meta.support.processes import invoke, run_here, run_program
from callback_contract.contract_tests.reporting.model.stable import stable
from callback_contract.contract_tests.runner import first_contact
from callback_contract.contract_tests.runner.events import RuleJudged
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server.serving import served
from callback_contract.openapi import load_contract
from callback_contract.openapi.contract.read_back_document import load_read_back

PROGRAM = [sys.executable, "-m", "callback_contract.contract_tests"]
CONTRACT = load_contract()
SCHEMA = "schemas/report.schema.json"


def run(*arguments, cwd=None, **environment):
    if not cwd:
        with patch.dict(os.environ, environment):
            return run_here(*arguments)
    env = {**os.environ, **environment}
    return run_program([*PROGRAM, *arguments], cwd=cwd, env=env, timeout=120)


def quick(*arguments, **more):
    return run("check", *arguments, "--depth", "quick", **more)


@pytest.fixture(scope="module")
def url():
    with served(Receiver(CONTRACT)) as base:
        yield f"{base}/any/path?with=query"


def test_mock_is_judged_without_a_url(tmp_path):
    done = quick("--rules", "ACK", "--verbose", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ACK-01" in done.stdout
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Run:
    """A check of the whole catalogue that was run in a folder of its own, with a cache folder of its own."""

    code: int
    here: Path
    cache: Path
    report: dict


@pytest.fixture(scope="module")
def whole(url, tmp_path_factory):
    here, cache = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("cache")
    done = quick(url, "--report-dir", "report", cwd=here, XDG_CACHE_HOME=str(cache))
    return Run(done.returncode, here, cache, json.loads((here / "report/report.json").read_text()))


def test_nothing_is_left_in_the_working_directory_but_the_report(whole):
    assert [file.name for file in whole.here.iterdir()] == ["report"]
    assert (whole.cache / "callback-contract").is_dir()


def test_right_receiver_whose_profiles_are_all_judged_is_conformant(tmp_path):
    done = run("check", "--report-dir", str(tmp_path))
    report = json.loads((tmp_path / "report.json").read_text())
    assert (done.returncode, report["conformant"]) == (0, True), done.stdout
    *_, profiles, _, word, _ = done.stdout.splitlines()
    assert (profiles.count(": conformant ("), word) == (3, "conformant")


def test_receiver_without_read_back_is_conformant_in_what_its_answers_show_and_no_more(url):
    done = run("check", url, "--require", "answers,load")
    *_, profiles, _, _, word = done.stdout.splitlines()
    assert (done.returncode, word) == (0, "nothing failed; not conformant until state is judged")
    assert "answers: conformant" in profiles and profiles.endswith("late and lost statuses; add --state-url …)")


@pytest.mark.parametrize(
    ("depth", "rules", "required"), [("quick", "ACK-01", "answers"), ("standard", "ACK-01,STA-01", "state")]
)
def test_required_profile_that_nobody_judged_is_exit_3(url, depth, rules, required):
    done = run("check", url, "--depth", depth, "--require", required, "--rules", rules)
    assert (done.returncode, f"required and not judged: {required}" in done.stdout) == (3, True)


def test_only_the_first_callback_is_judged_unless_others_are_named():
    first, *others = (callback.name for callback in CONTRACT.callbacks)
    assert f"{first}, " in quick("--rules", "ACK-01").stdout
    assert ", ".join([first, *others]) in quick("--rules", "ACK-01", "--callback", "all").stdout


def test_path_and_query_are_kept():
    seen = []

    def act(connection, request):
        seen.append(request.split(b" ")[1])
        connection.sendall(answer("200 OK", b"{}", "Content-Type: application/json"))

    with raw_server(act) as base:
        quick(f"{base}/a%2Fb/c?x=1&y=%20z", "--rules", "ACK-01")
    assert set(seen) == {b"/a%2Fb/c?x=1&y=%20z"}


def test_hostile_pytest_settings_change_nothing(url, tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --collect-only -p nonsense\n")
    (tmp_path / "conftest.py").write_text("raise SystemExit('conftest was loaded')\n")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\nminversion = '99'\n")
    done = quick(url, "--rules", "ACK-01", cwd=tmp_path, PYTEST_ADDOPTS="--co -x --nonsense", PYTEST_PLUGINS="nonsense")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass" in done.stdout


def test_finding_says_everything(tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as base:
        done = quick(base, "--rules", "PAY-17,ACK-01", "--report-dir", str(tmp_path))
    assert done.returncode == 1
    for part in (
        "fail",
        "PAY-17",
        "Source:",
        "Expected:",
        "Actual:   500",
        f"callback-contract reproduce {tmp_path}/report.json PAY-17-1",
        "Remedy:",
    ):
        assert part in done.stdout
    assert "curl -sS" not in done.stdout and "curl -sS" in (tmp_path / "findings/PAY-17-1.sh").read_text()
    finding = json.loads((tmp_path / "report.json").read_text())["rules"][1]["findings"][0]
    assert (tmp_path / finding["exchanges"][0]["body_file"]).read_bytes()


def test_printed_curl_shows_the_finding(tmp_path):
    if shutil.which("curl") is None:
        do_without("curl is not installed")
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as base:
        quick(base, "--rules", "PAY-17", "--report-dir", str(tmp_path))
        shown = run_program(["sh", tmp_path / "findings/PAY-17-1.sh"], timeout=20)
    assert "HTTP/1.1 500" in shown.stdout
    assert "{run}" not in shown.stdout


def test_broken_should_passes_and_fails_when_strict(tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["ACK-06"])) as base:
        assert quick(base, "--rules", "ACK").returncode == 0
        assert quick(base, "--rules", "ACK", "--strict").returncode == 1


def test_selection_is_never_conformant(url):
    shown = quick(url, "--depth", "standard", "--rules", "ACK").stdout
    assert "answers: NOT JUDGED" in shown and "not selected by --rules" in shown
    assert shown.endswith("not conformant until answers, state and load are judged\n")


def test_dry_run_tells_the_number_that_is_sent(url, whole):
    planned = " ".join(quick(url, "--dry-run").stdout.split())
    assert f" {whole.report['run']['deliveries']} deliveries to " in planned


def test_dry_run_says_what_is_not_applicable_and_what_its_words_mean(url):
    planned = quick(url, "--dry-run", "--rules", "SEC-01,SEC-02,IDM-03,SIG-01,TLS-02").stdout
    rows = [line.split() for line in planned.splitlines() if line[3:4] == "-"]
    assert [row[0] for row in rows if row[2] == "shared"] == ["SEC-02"]
    assert [row[0] for row in rows if row[2] == "not"] == ["IDM-03", "SIG-01", "TLS-02"]
    assert "needs read-back: give --state-url" in planned
    assert "\nshared: " in planned and "\nnot applicable: " in planned and "\nconnection: " not in planned


def test_report_satisfies_its_schema_with_and_without_findings(whole, tmp_path):
    schema = json.loads(files("callback_contract.contract_tests").joinpath("schemas/report.schema.json").read_text())
    validator = jsonschema_rs.validator_for(schema)
    validator.validate(whole.report)
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-15"])) as base:
        quick(base, "--rules", "ACK-01,PAY-15", "--report-dir", str(tmp_path))
    report = json.loads((tmp_path / "report.json").read_text())
    validator.validate(report)
    assert report["rules"][-1]["findings"]


def test_junit_counts_what_failed(tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["FWD-04"])) as base:
        quick(base, "--rules", "FWD", "--report-dir", str(tmp_path))
    (suite,) = ET.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("7", "1", "1")


@pytest.mark.parametrize("fault", [pytest.param(None, marks=pytest.mark.slow), "PAY-21"])
def test_two_runs_are_equal_but_for_times_measures_and_the_run_id(fault, tmp_path):
    reports = []
    with served(Receiver(CONTRACT, fault=FAULTS[fault] if fault else None)) as base:
        state = base + load_read_back().template
        for name in ("one", "two"):
            quick(base, "--state-url", state, "--state-patience", "0.3", "--report-dir", str(tmp_path / name))
            reports.append(json.loads((tmp_path / name / "report.json").read_text()))
    assert reports[0] != reports[1]
    assert stable(reports[0]) == stable(reports[1])


def test_secrets_are_in_no_artefact(tmp_path):
    def echo(connection, request):
        connection.sendall(answer("500 Oops", request, "Content-Type: text/plain"))

    with raw_server(echo) as base:
        done = quick(
            base.replace("//", "//user:hush-hush@") + "?token=query-secret",
            "--rules",
            "ACK-01",
            "--report-dir",
            str(tmp_path),
            "-H",
            "X-Api-Key: header-secret",
        )
    written = "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())
    for secret in ("hush-hush", "query-secret", "header-secret"):
        assert secret not in done.stdout + done.stderr + written
    assert "***" in written


def test_report_directory_holds_every_report(url, tmp_path):
    done = quick(url, "--rules", "ACK", "--report-dir", str(tmp_path), GITHUB_STEP_SUMMARY=str(tmp_path / "step.md"))
    for name in ("report.json", "report.html", "junit.xml", "report.sarif", "summary.md"):
        assert name in done.stdout.splitlines()[-1]
        assert (tmp_path / name).stat().st_size > 100
    assert (tmp_path / "step.md").read_text().strip() == (tmp_path / "summary.md").read_text().strip()


def test_what_stands_at_a_redacted_pointer_is_in_no_artefact(tmp_path):
    def act(connection, request):
        body = b'{"customer":{"name":"Ada Lovelace"},"trace":"for Ada Lovelace"}'
        connection.sendall(answer("500 Oops", body, "Content-Type: application/json", "X-For: Ada Lovelace"))

    member = CONTRACT.callbacks[0].delivery.correlation
    with raw_server(act) as base:
        redact = ["--redact", "/customer", "--redact", member]
        done = quick(base, "--rules", "ACK-01", *redact, "--report-dir", str(tmp_path))
    report = json.loads((tmp_path / "report.json").read_text())
    assert done.returncode == 1, done.stdout
    for file in [file for file in tmp_path.rglob("*") if file.is_file()]:
        assert "Lovelace" not in file.read_text(errors="replace"), file
    assert "Lovelace" not in done.stdout
    (finding, *_) = report["rules"][0]["findings"]
    assert f'"{member[1:]}":"***"' in finding["exchanges"][0]["body"]
    assert report["ids_sent"]["ids"] == []


WRONG_USE = [
    (["check", "localhost:8080/x"], "http://localhost:8080/x"),
    (["check", "ftp://x/"], "http"),
    (["check", "http://127.0.0.1:1/", "--rules", "ACK-99"], "ACK-99"),
    (["check", "http://127.0.0.1:1/", "--contract", "nowhere.yaml"], "no such file"),
    (["check", "http://127.0.0.1:1/", "--header", "nonsense"], "Name: value"),
    (["check", "http://127.0.0.1:1/", "--ca", "nowhere.pem"], "nowhere.pem"),
    (["check", "http://127.0.0.1:1/", "--callback", "nope"], "nope"),
    (["check", "--nonsense"], "nonsense"),
    (["check", "http://127.0.0.1:1/", "--redact", "name"], "--redact"),
    (["rules", "NOPE-01"], "NOPE-01"),
    (["mock", "--fault", "NOPE-01"], "--list-faults"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG_USE, ids=lambda value: " ".join(value)[:40] if value else "")
def test_wrong_use_is_one_message_and_exit_2(arguments, said):
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


NO_JUDGEMENT = {
    "404": (lambda c, r: c.sendall(answer("404 Not Found")), "is this the right URL?"),
    "405": (lambda c, r: c.sendall(answer("405 Method Not Allowed")), "is this the right URL?"),
    "a page": (lambda c, r: c.sendall(answer("200 OK", b"<!DOCTYPE html><p>Hi")), "is this the right URL?"),
    "a login": (lambda c, r: c.sendall(answer("302 Found", b"", "Location: /login")), "/login"),
    "401": (lambda c, r: c.sendall(answer("401 Unauthorized")), "--auth"),
    "403": (lambda c, r: c.sendall(answer("403 Forbidden")), "credentials"),
    "a reset": (lambda c, r: c.close(), "did not answer"),
    "no HTTP": (lambda c, r: c.sendall(b"hello\r\n\r\n"), "did not answer"),
    "10 MB": (lambda c, r: c.sendall(answer("200 OK", b" " * 10_000_000)), "too big"),
    "no end": (lambda c, r: endless(c), "too big or never ends"),
    "silence": (lambda c, r: time.sleep(5), "no complete answer in time"),
}


@pytest.mark.parametrize("body", [b"ok", b"", b'{"code":0}', b"1 < 2"])
def test_answer_that_is_merely_labelled_as_a_page_is_judged(body):
    """Flask, Django, Express and PHP label so whatever a handler returns."""
    with raw_server(lambda c, r: c.sendall(answer("200 OK", body, "Content-Type: text/html"))) as base:
        done = run("check", base, "--rules", "ACK-01,ACK-07,ACK-08")
    assert (done.returncode, "warn ACK-08 SHOULD" in done.stdout) == (0, True), done.stderr
    assert "ACK   Acknowledgement: 2 pass, 1 warn (ACK-08)" in done.stdout


@pytest.mark.parametrize("kind", NO_JUDGEMENT)
def test_nothing_to_judge_is_one_message_and_exit_3(kind, monkeypatch):
    monkeypatch.setattr(first_contact, "_RETURN_S", 0.0)
    act, said = NO_JUDGEMENT[kind]
    with raw_server(act) as base:
        done = run("check", base, "--timeout", "1")
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_to_judge_is_told_by_every_report_without_secrets(tmp_path):
    with raw_server(NO_JUDGEMENT["403"][0]) as base:
        done = run("check", base, "--report-dir", str(tmp_path), "-H", "X-Key: hush-hush")
    report = json.loads((tmp_path / "report.json").read_text())
    jsonschema_rs.validate(json.loads(files("callback_contract.contract_tests").joinpath(SCHEMA).read_text()), report)
    assert (done.returncode, report["exit_code"], report["conformant"], report["rules"]) == (3, 3, False, [])
    for name in ("report.json", "junit.xml", "report.sarif", "summary.md", "report.html"):
        text = (tmp_path / name).read_text()
        assert "403 Forbidden" in text and "hush-hush" not in text


def test_receiver_that_does_not_start_is_told_by_the_reports(tmp_path):
    done = run("check", "http://127.0.0.1:1/x", "--start", "false", "--report-dir", str(tmp_path))
    assert done.returncode == 3
    assert "exit code 1 before it answered" in (tmp_path / "junit.xml").read_text()


def test_wrong_use_leaves_no_report(tmp_path):
    done = run("check", "http://127.0.0.1:1/", "--max-deliveries", "1", "--report-dir", str(tmp_path))
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])


def test_host_that_does_not_answer_is_exit_3(monkeypatch):
    monkeypatch.setattr(first_contact, "_RETURN_S", 0.0)
    error = invoke(cli, ["check", "http://127.0.0.1:1/callbacks"]).exception
    assert (error.exit_code, "cannot be reached" in str(error)) == (3, True)


def test_host_that_does_not_exist_is_exit_3():
    done = run("check", "http://receiver.invalid/callbacks")
    assert (done.returncode, "does not resolve" in done.stderr) == (3, True)


def test_plain_http_behind_https_is_exit_3(url):
    done = run("check", url.replace("http:", "https:"), "--timeout", "3")
    assert (done.returncode, "is it http?" in done.stderr) == (3, True)


def test_report_directory_that_cannot_be_written_is_found_before_anything_is_sent(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("check", "http://127.0.0.1:1/", "--report-dir", str(tmp_path / "file" / "x"))
    assert (done.returncode, "--report-dir" in done.stderr) == (2, True)


def test_endless_answer_later_is_a_finding(tmp_path):
    def act(connection, request):
        if b'"' not in request.partition(b"\r\n\r\n")[2][:2000].replace(b'{"', b""):
            endless(connection)
        connection.sendall(answer("200 OK", b"{}", "Content-Type: application/json"))

    with raw_server(act) as base:
        done = quick(base, "--rules", "PAY-01")
    assert done.returncode == 1
    assert "too big or never ends" in done.stdout


def test_flow_control_is_respected():
    seen = []

    def act(connection, request):
        seen.append(request)
        refuse = len(seen) == 2
        connection.sendall(
            answer("429 Too Many Requests", b"", "Retry-After: 1")
            if refuse
            else answer("200 OK", b"{}", "Content-Type: application/json")
        )

    with raw_server(act) as base:
        assert quick(base, "--rules", "ACK-01", "--at-once", "1").returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_stderr_that_cannot_be_written_loses_nothing(tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-03"])) as base, open("/dev/full", "w") as full:
        options = ["--rules", "ACK-01,PAY-03", "--report-dir", str(tmp_path)]
        done = run_program(
            [*PROGRAM, "check", base, *options], capture_output=False, stdout=subprocess.PIPE, stderr=full
        )
    assert done.returncode == 1
    assert json.loads((tmp_path / "report.json").read_text())["run"]["incomplete"] == ""


def test_what_goes_wrong_in_the_kit_leaves_what_was_judged(tmp_path, monkeypatch):
    def wrong(bar, event):
        if isinstance(event, RuleJudged):
            raise ZeroDivisionError("of our own")

    monkeypatch.setattr("callback_contract.contract_tests.reporting.terminal.terminal.Bar.__call__", wrong)
    with served(Receiver(CONTRACT)) as base:
        done = invoke(cli, ["check", base, "--rules", "ACK-01,ACK-02", "--report-dir", str(tmp_path)])
    report = json.loads((tmp_path / "report.json").read_text())
    assert (done.exit_code, report["exit_code"], len(report["not_reached"])) == (3, 3, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_cancelled_pipeline_leave_a_report(tmp_path, number):
    seen = threading.Semaphore(0)

    def note(connection, request):
        seen.release()
        connection.sendall(answer("200 OK", b"{}", "Content-Type: application/json"))

    with raw_server(note) as base:
        process = subprocess.Popen(
            [*PROGRAM, "check", base, "--rate", "5", "--report-dir", str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert all(seen.acquire(timeout=60) for _ in range(10))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        print(out, err)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert json.loads((tmp_path / "report.json").read_text())["run"]["incomplete"] == "interrupted"
    assert "interrupted" in out


def test_used_up_budget_is_no_pass(url):
    done = quick(url, "--max-time", "1", "--rate", "20")
    assert done.returncode == 3
    assert "--max-time" in done.stdout + done.stderr


def test_plan_is_made_to_fit_what_is_allowed_and_what_is_left_out_is_listed(url):
    done = quick(url, "--max-deliveries", "30", "--require", "answers")
    assert done.returncode == 3
    assert "left out, since --max-deliveries allows 30: " in done.stdout
    assert "NOT JUDGED" in done.stdout


def test_plan_of_which_nothing_fits_sends_nothing(url):
    done = quick(url, "--max-deliveries", "1")
    assert (done.returncode, "--max-deliveries" in done.stderr) == (2, True)


def test_help_is_fast_because_it_imports_nothing_heavy():
    script = (
        "import sys; sys.argv = ['callback-contract', '--help']\n"
        "from callback_contract.contract_tests.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print({'schemathesis', 'pytest', 'hypothesis', 'openapi_core', 'rich'} & set(sys.modules))"
    )
    done = run_program([sys.executable, "-c", script], timeout=60, check=True)
    assert done.stdout.rstrip().endswith("set()")


@pytest.mark.parametrize("command", [[], ["check"], ["mock"], ["rules"], ["send"], ["docs"], ["export"]])
def test_help_fits_one_screen(command):
    lines = run(*command, "--help").stdout.splitlines()
    assert 5 < len(lines) <= 50
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(("command", "rare"), [("check", "--name"), ("mock", "--keep"), ("send", "--speed")])
def test_rare_options_are_shown_on_request(command, rare):
    assert rare not in run(command, "--help").stdout
    assert rare in run(command, "--help-all").stdout


def test_rule_is_explained():
    shown = run("rules", "ack-01").stdout
    for part in ("ACK-01 (MUST", "Why:", "What to change:", "Source:"):
        assert part in shown


def test_rules_are_listed_by_chapter():
    shown = run("rules").stdout
    assert shown.count("MUST") > 50
    assert "FWD  Forward compatibility" in shown


def test_pipe_gets_no_colours_and_no_bar(url):
    done = quick(url, "--rules", "ACK")
    assert "\x1b" not in done.stdout + done.stderr


def test_answer_cannot_move_the_cursor(tmp_path):
    def act(connection, request):
        body = b'{"\x1b[2J": "\x1b]0;owned\x07"}'
        connection.sendall(answer("500 \x1b[31mOops", body, "Content-Type: text/\x1b[1mplain", "Location: \x1b[2J"))

    with raw_server(act) as base:
        done = quick(base, "--rules", "ACK-01")
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("value", ["-1", "1e9", "²", "soon", "", "99999999999999999999", "Thu, 99 Foo 2026"])
def test_retry_after_that_is_none_is_no_flow_control(value):
    from callback_contract.mock_server.wire.delivery import Response

    assert Response(429, "", (("Retry-After", value),), b"").retry_after_s() is None


JSON_OK = answer("200 OK", b"{}", "Content-Type: application/json")


def test_receiver_that_died_is_a_failure_of_the_rule_that_killed_it():
    dead = []

    def act(connection, request):
        if b"Content-Type: application/json" not in request:
            dead.append(True)
            connection.sendall(answer("415 Unsupported Media Type"))
        else:
            connection.sendall(answer("500 Dead") if dead else JSON_OK)

    with raw_server(act) as base:
        done = run("check", base, "--rules", "ACK,WIRE-03,WIRE-10,SEC", "--at-once", "1")
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "the plain valid delivery after all of these" in said
    assert "5 blocked by WIRE-03" in said


def test_connection_refused_among_others_is_no_finding_when_it_holds_alone():
    busy = []

    def act(connection, request):
        if busy:
            connection.close()  # a backlog that is full
            return
        busy.append(True)
        time.sleep(0.05)
        busy.clear()
        connection.sendall(JSON_OK)

    with raw_server(act) as base:
        done = quick(base, "--rules", "DAT-01,DAT-04,WIRE-01")
    assert "flaky" not in done.stdout
    assert done.returncode == 0, done.stdout


def test_url_from_the_environment_is_judged(url):
    done = quick("--rules", "ACK-01", CALLBACK_CONTRACT_CHECK_URL=url)
    assert "the mock receiver" not in done.stdout
    assert done.returncode == 0


def test_headers_from_the_environment_stand_one_a_line():
    seen = []

    def act(connection, request):
        seen.append(request)
        connection.sendall(JSON_OK)

    with raw_server(act) as base:
        quick(base, "--rules", "ACK-01", CALLBACK_CONTRACT_CHECK_HEADER="X-One: a b\nX-Two: c")
    assert b"X-One: a b\r\n" in seen[0] and b"X-Two: c\r\n" in seen[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://[::1"],
        ["http://127.0.0.1:1/[/b]"],
        ["http://x/", "-H", "Ümlaut: x"],
        ["http://x/", "-H", "A: b\nc"],
        ["http://x/", "--proxy", "foo"],
        ["http://x:99999/"],
    ],
)
def test_odd_argument_is_one_message(arguments, monkeypatch):
    monkeypatch.setattr(first_contact, "_RETURN_S", 0.0)
    done = run("check", *arguments)
    assert done.returncode in {2, 3}
    assert "Traceback" not in done.stderr


def test_time_that_ends_before_the_first_rule_leaves_an_incomplete_report(tmp_path):
    later = answer("429 Too Many Requests", b"", "Retry-After: 100")
    with raw_server(lambda connection, _: connection.sendall(later)) as base:
        done = quick(base, "--max-time", "5", "--report-dir", str(tmp_path))
    assert (done.returncode, done.stderr) == (3, "")
    assert "\nincomplete: " in done.stdout and "not conformant" not in done.stdout
    assert "Incomplete" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_printed_command_has_what_the_rule_needs(tmp_path):
    """Read-back and its words, credentials by names of variables, and the time that an answer may take."""
    secret = ("-H", "X-Key: hush-hush", "--state-header", "X-State: hush-hush")
    given = (*secret, "--timeout", "7", "--state-patience", "0.1")
    with served(Receiver(CONTRACT, fault=FAULTS["IDM-03"])) as base:
        state_url = base + load_read_back().template
        done = quick(f"{base}/x", "--rules", "IDM-03", "--state-url", state_url, *given, cwd=tmp_path)
        command = next(line.strip() for line in done.stdout.splitlines() if " check " in line)
        words = [f"'{sys.executable}'", "-m", PROGRAM[2], *command.split()[1:]]
        again = run_program(
            ["sh", "-c", " ".join(words)], cwd=tmp_path, env={**os.environ, "SECRET": "hush-hush"}, timeout=60
        )
    assert "hush-hush" not in command
    assert (done.returncode, again.returncode) == (1, 1), again.stderr
    assert (tmp_path / "callback-report/report.json").exists()


def test_explained_rule_says_how_it_is_judged():
    assert "check URL --rules IDM-03 --state-url" in run("rules", "IDM-03").stdout


def test_bare_command_prints_help_and_is_no_error():
    done = run()
    assert (done.returncode, "Usage:" in done.stdout, "Completion" in done.stdout) == (0, True, True)


def test_version_says_the_contract_and_python_too():
    python = ".".join(map(str, sys.version_info[:3]))
    assert run("--version").stdout.rstrip().endswith(f"contract {CONTRACT.version}, Python {python}")


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("https://h.example/x", [], "through the proxy http://proxy:3128 "),
        ("http://h.example/x", [], "through the proxy http://plain:1 "),
        ("https://other.example/x", [], ""),
        ("https://h.example/x", ["--proxy", "none"], ""),
        ("http://127.0.0.1:9/x", [], ""),
        ("https://h.example/x", ["--proxy", "http://mine:2"], "through the proxy http://mine:2 "),
    ],
)
def test_proxy_of_the_environment_is_taken_and_named_but_never_for_this_machine(url, options, said):
    env = {"https_proxy": "http://user:hush-hush@proxy:3128", "http_proxy": "plain:1", "no_proxy": "other.example"}
    shown = " ".join(quick(url, "--dry-run", "--rules", "ACK-01", *options, **env).stdout.split())
    assert ("hush-hush" in shown, "through the proxy" in shown, said in shown) == (False, bool(said), True)


def test_proxy_of_a_kind_that_is_not_supported_is_told():
    done = quick("https://h.example/x", "--dry-run", https_proxy="socks5://h:1")
    assert (done.returncode, "--proxy none" in done.stderr) == (2, True)


@pytest.mark.parametrize(("rate", "said"), [("20", "about 1 s"), ("0.1", "about 90 s")])
def test_time_that_a_run_takes_is_told_before_it(url, rate, said):
    planned = " ".join(quick(url, "--dry-run", "--rules", "ACK", "--rate", rate).stdout.split())
    assert f": {said}." in planned


def test_first_failure_of_a_must_ends_a_run_that_fails_fast(tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-01"])) as base:
        done = quick(base, "--rules", "ACK-01,PAY-01,PAY-33,WIRE-16", "--fail-fast", "--report-dir", tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (done.returncode, report["not_reached"]) == (1, ["PAY-33", "WIRE-16"])
    assert "PAY-01 failed, and --fail-fast stops there" in done.stdout


def test_quiet_prints_failures_and_the_last_lines_alone():
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as base:
        lines = quick(base, "--rules", "ACK-01,PAY-17", "--quiet").stdout.splitlines()
    assert lines[0] == "" and lines[1].startswith("fail PAY-17 MUST: ") and lines[-1] == "not conformant"


@pytest.mark.parametrize("more", [[], ["--framework", "spring"], ["--report-dir", "out"]])
def test_one_mistake_takes_at_most_forty_lines_of_a_hundred_columns(more, tmp_path):
    with served(Receiver(CONTRACT, fault=FAULTS["PAY-17"])) as base:
        lines = quick(base, "--depth", "standard", *more, COLUMNS="100", cwd=tmp_path).stdout.splitlines()
    assert sum(-(-max(1, len(line)) // 100) for line in lines) <= 40
