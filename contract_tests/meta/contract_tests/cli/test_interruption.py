"""Interruption: whatever ends a command, and whenever, it leaves its report, its exit code and no stack trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from jsonschema_rs import validator_for

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import PROGRAM, run
from callback_contract.contract_tests.meta.support.foreign import with_schema, written
from callback_contract.contract_tests.meta.support.made_reports import SCHEMA
from callback_contract.contract_tests.meta.support.processes import invoke, run_program

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals and timers of POSIX")

_LATER = (
    "import os, signal, sys\n"
    "from callback_contract.openapi.cli.interruption import INTERRUPTION\n"
    "install = INTERRUPTION.install\n"
    "def at_once():\n"
    "    install()\n"
    "    os.kill(os.getpid(), getattr(signal, sys.argv.pop(1)))\n"
    "    os.kill(os.getpid(), signal.SIGTERM)\n"
    "INTERRUPTION.install = at_once\n"
    "from callback_contract.contract_tests.cli.main import main\n"
    "main()\n"
)


def ended(*words):
    return run_program([sys.executable, "-c", *words], timeout=120)


def report_in(folder):
    value = json.loads((folder / "report.json").read_text())
    assert validator_for(SCHEMA).is_valid(value)
    assert {file.name for file in folder.iterdir()} >= {"junit.xml", "report.html", "report.sarif", "summary.md"}
    return value


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_before_anything_is_loaded_leaves_a_report(tmp_path, number):
    done = ended(_LATER, number, "check", "--report-dir", str(tmp_path))
    value = report_in(tmp_path)
    assert (done.returncode, value["exit_code"], value["run"]["incomplete"]) == (130, 130, "interrupted")
    assert "Traceback" not in done.stderr and "interrupted" in done.stderr


@pytest.mark.parametrize(
    "place",
    [
        "callback_contract.openapi.reading.read_contract",
        "callback_contract.contract_tests.runner.first_contact.make_first_contact",
    ],
)
def test_signal_before_the_first_rule_leaves_a_report(tmp_path, monkeypatch, place):
    def interrupted(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    monkeypatch.setattr(place, interrupted)
    contract = written(tmp_path, with_schema({"type": "object"}))
    done = invoke(cli, ["check", "--contract", str(contract), "--report-dir", str(tmp_path / "out")])
    value = report_in(tmp_path / "out")
    assert (done.exit_code, value["exit_code"], value["rules"]) == (130, 130, [])


def test_signal_while_reports_are_written_is_too_late(tmp_path, monkeypatch):
    def killed(*_):
        os.kill(os.getpid(), signal.SIGINT)
        return ""

    monkeypatch.setattr("callback_contract.contract_tests.reporting.formats.writing.junit_xml", killed)
    done = invoke(cli, ["check", "--rules", "ACK-01", "--report-dir", str(tmp_path)])
    value = report_in(tmp_path)
    assert (done.exit_code, value["exit_code"], value["run"]["incomplete"]) == (0, 0, "")


def test_max_time_ends_the_reading_of_a_contract(tmp_path, monkeypatch):
    monkeypatch.setattr("callback_contract.openapi.reading.read_contract", lambda *_, **__: time.sleep(60))
    options = ["--contract", "some.json", "--max-time", "1", "--report-dir", str(tmp_path)]
    begun = time.monotonic()
    done = invoke(cli, ["check", *options])
    value = report_in(tmp_path)
    assert (done.exit_code, value["exit_code"], time.monotonic() - begun < 30) == (3, 3, True)
    assert "--max-time" in value["run"]["incomplete"]


def test_max_time_ends_the_drawing_and_reports_what_was_judged(tmp_path, monkeypatch):
    def too_long(*_, **__):
        os.kill(os.getpid(), signal.SIGALRM)  # as the timer does
        time.sleep(60)

    monkeypatch.setattr("callback_contract.contract_tests.generation.corpus.drawn_bodies", too_long)
    monkeypatch.setattr("callback_contract.contract_tests.runner.planning.plans_of", lambda *_: {})
    options = ["--rules", "ACK-01,DAT-13", "--max-time", "600", "--report-dir", str(tmp_path)]
    done = invoke(cli, ["check", *options])
    value = report_in(tmp_path)
    assert (done.exit_code, value["exit_code"], "--max-time" in value["run"]["incomplete"]) == (3, 3, True)
    assert [rule["id"] for rule in value["rules"]] == ["ACK-01"]


def test_unexpected_error_is_one_sentence_and_exit_3(monkeypatch):
    script = (
        "import sys\nimport callback_contract.openapi.rules.catalogue\n"
        "def broken(**_):\n    raise ZeroDivisionError('of \\x1b[31mour own')\n"
        "callback_contract.openapi.rules.catalogue.load_catalogue = broken\n"
        "from callback_contract.contract_tests.cli.main import main\nmain()"
    )
    for more, traced in (([], False), (["--debug"], True)):
        done = ended(script, "rules", *more)
        assert (done.returncode, "Traceback" in done.stderr) == (3, traced)
        assert "ZeroDivisionError" in done.stderr and "\x1b" not in done.stderr


def test_signal_after_all_is_said_keeps_the_exit_code():
    script = (
        "import atexit, os, signal\n"
        "from callback_contract.openapi.cli.interruption import INTERRUPTION\n"
        "INTERRUPTION.install()\n"
        "INTERRUPTION.over(3)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    done = ended(script)
    assert (done.returncode, done.stdout + done.stderr) == (3, "")


def test_interrupt_that_the_interpreter_swallows_is_raised_again(tmp_path):
    script = (
        "import os, signal, time\n"
        "from callback_contract.openapi.cli.interruption import INTERRUPTION\n"
        "class Dying:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGTERM)\n        time.sleep(5)\n"
        "INTERRUPTION.install()\n"
        "with INTERRUPTION.heard(None, leaves_a_report=True):\n"
        "    try:\n        Dying()\n        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        print('heard')\n"
    )
    done = ended(script)
    assert (done.stdout, done.stderr) == ("heard\n", "")


def test_signal_during_an_ordinary_command_is_130():
    process = subprocess.Popen([*PROGRAM, "mock", "--contract", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b" " * 1_000_000)  # more than a pipe holds: returns once the command reads
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    print(said.decode())
    assert (process.returncode, b"Traceback" in said) == (130, False)


@pytest.mark.parametrize("command", ["send http://127.0.0.1:9/", "check"])
def test_command_without_a_signal_is_not_touched(command):
    assert run(*command.split(), "--max-time", "600", "--dry-run").returncode == 0


@pytest.mark.skipif(not os.path.exists("/bin/sh"), reason="a shell closes streams")
@pytest.mark.parametrize("ending", [">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_were_closed_before_the_start_change_no_exit_code(ending):
    words = ["/bin/sh", "-c", f'"$@" {ending}', "sh", *PROGRAM, "rules", "ACK-01"]
    done = run_program(words)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


def test_reader_that_goes_away_costs_neither_the_reports_nor_the_exit_code(tmp_path):
    words = [*PROGRAM, "check", "--depth", "quick", "--rules", "ACK-01,ACK-02", "--report-dir", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline().startswith("Judging ")
        running.stdout.close()
        told = running.stderr.read()
        assert (running.wait(timeout=120), told) == (0, "")
    assert report_in(tmp_path)["exit_code"] == 0
