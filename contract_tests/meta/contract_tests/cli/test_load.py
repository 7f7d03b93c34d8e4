"""`callback-contract load`: campaigns over processes of Locust on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from callback_contract.contract_tests.cli.load.load_command import load
from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.contract_tests.meta.support.processes import invoke, mock_running, run_program
from callback_contract.mock_server import MockReceiver
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix
from callback_contract.mock_server.provider.lives import Lives
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi import load_contract

CALLBACK = load_contract().callbacks[0]
ID, STATE = CALLBACK.delivery.correlation[1:], CALLBACK.delivery.state[1:]
PROGRAM = [sys.executable, "-m", "callback_contract.contract_tests", "load"]
PREFIX = "CALLBACK_CONTRACT_LOAD_"


def receiver(sleeps_s, at_once, loses=False):
    """A receiver's handler that takes so many deliveries at a time; what comes beside them waits, or is lost."""
    room, kept = threading.Semaphore(at_once), {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            has_room = room.acquire(blocking=not loses)
            time.sleep(sleeps_s)
            if has_room:
                kept.setdefault(body[ID], set()).add(body[STATE])
                room.release()
            self.say(200, b"{}")

        def do_GET(self):
            states = kept.get(self.path.rpartition("/")[2])
            if states is None:
                return self.say(404, b"{}")
            last = max(states, key=CALLBACK.delivery.order.states.index)
            return self.say(200, json.dumps({"id": "x", "state": last, "applied": len(states)}).encode())

        def say(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def events(messages, mix=None):
    """How often each event is delivered to a receiver that acknowledges it, by the number of the message."""
    lives = Lives(Composer(CALLBACK), Run.fresh(), 0, mix or Mix())
    each = ((number, step) for number in range(messages) for step in lives.of(number).steps)
    found = Counter()
    for number, step in each:
        found[number, step.state] += step.times
    return found


def came(mock):
    """The deliveries that came, by event: the ids' last digits are numbers of messages."""
    bodies = [json.loads(delivery.body) for delivery in mock.deliveries]
    return Counter((body[ID], body[STATE]) for body in bodies)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextlib.contextmanager
def locust(*options, **environment):
    """A process of plain Locust; its options for the campaign come from the environment."""
    file = run_program([*PROGRAM, "--locustfile"], check=True).stdout.strip()
    command = [sys.executable, "-m", "locust", "-f", file, "--loglevel", "ERROR", *options]
    given = {PREFIX + name.upper(): str(value) for name, value in environment.items()}
    with subprocess.Popen(
        command,
        env=os.environ | given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def master_and_workers(port, count, **environment):
    stack = contextlib.ExitStack()
    own = ("--master-bind-host", "127.0.0.1", "--master-bind-port", str(port))
    expected = ("--expect-workers", str(max(1, count)), "--enable-rebalancing")
    master = stack.enter_context(locust("--master", "--headless", *own, *expected, **environment))
    there = ("--worker", "--master-host", "127.0.0.1", "--master-port", str(port))
    workers = [stack.enter_context(locust(*there, **environment)) for _ in range(count)]
    return stack, master, workers


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Exception, match="Locust is not installed") as caught:
        invoke(cli, ["load", "http://127.0.0.1:1/", "-n", "1"], catch_exceptions=False)
    assert "pip install 'callback-contract[load]'" in str(caught.value)


def test_plan_is_printed_and_nothing_is_sent():
    ran = invoke(cli, ["load", "http://127.0.0.1:1/", "-n", "10", "--dry-run"])
    assert (ran.exit_code, "Sending" in ran.output, "64 at once" in ran.output) == (0, True, True)


def test_cap_beyond_this_machine_has_to_be_raised_by_name():
    with pytest.raises(Exception, match="1000 are allowed"):
        invoke(cli, ["load", "https://receiver.example/", "--dry-run", "-n", "1000"], catch_exceptions=False)
    assert invoke(cli, ["load", "https://receiver.example/", "--dry-run", "--max-deliveries", "9000"]).exit_code == 0


def test_file_for_locust_is_printed_and_there():
    assert Path(invoke(load, ["--locustfile"]).output.strip()).is_file()


def test_settings_of_the_user_for_locust_do_not_reach_the_processes_of_load(monkeypatch):
    started = []

    class Process:
        def __init__(self, command, env, **_):
            started.append(env)

        def wait(self):
            return 0

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setenv("LOCUST_RUN_TIME", "1s")
    monkeypatch.setenv("CALLBACK_SIGNING_KEY", "kept")
    assert invoke(cli, ["load", "http://127.0.0.1:1/", "-n", "1"]).exit_code == 0
    assert [name for name in started[0] if name.startswith("LOCUST_")] == []
    assert started[0]["CALLBACK_SIGNING_KEY"] == "kept"


@pytest.mark.slow
def test_no_configuration_file_of_locust_changes_a_campaign(tmp_path):
    (tmp_path / "locust.conf").write_text("html = first.html\n")
    (tmp_path / "pyproject.toml").write_text('[tool.locust]\nhtml = "second.html"\n')
    (tmp_path / ".locust.conf").write_text("html = third.html\n")
    with MockReceiver() as mock:
        words = [*PROGRAM, mock.url, "-n", "2", "--speed", "100000"]
        done = run_program(words, timeout=240, cwd=tmp_path, env=os.environ | {"HOME": str(tmp_path)})
    assert (done.returncode, [*tmp_path.glob("*.html")]) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_every_event_arrives_as_often_as_it_should(processes):
    mix = Mix(duplicates=0.2, concurrent=0.1, reordered=0.2)
    shares = [f"--{name}={getattr(mix, name)}" for name in ("duplicates", "concurrent", "reordered")]
    with MockReceiver() as mock:
        words = [*PROGRAM, mock.url, "-n", "120", "--speed", "600", *shares, "--processes", processes]
        done = run_program(words, timeout=240)
        arrived = came(mock)
    expected = events(120, mix)
    assert done.returncode == 0
    assert sorted(arrived.values()) == sorted(expected.values())
    assert f"acknowledged {expected.total()} of {expected.total()} events" in done.stdout


@pytest.mark.slow
def test_messages_of_a_killed_worker_are_taken_over_with_equal_bytes():
    with MockReceiver() as mock:
        given = {"url": mock.url, "messages": 300, "speed": 600, "rate": 60}
        stack, master, workers = master_and_workers(free_port(), 2, **given)
        with stack:
            mock.wait_for(count=100, timeout=90)
            workers[0].kill()
            said, _ = master.communicate(timeout=240)
        arrived = [delivery.body for delivery in mock.deliveries]
    print(said)
    expected = events(300)
    assert f"acknowledged {expected.total()} of {expected.total()} events, taken over " in said
    assert len(set(arrived)) == len(expected) < len(arrived)
    assert master.returncode == 0


@pytest.mark.slow
def test_worker_with_other_options_is_refused_and_the_master_alone_ends():
    port = free_port()
    given = {"url": "http://127.0.0.1:9/", "messages": 10, "wait_workers": 60}
    stack, master, _ = master_and_workers(port, 0, **given)
    there = ("--worker", "--master-host", "127.0.0.1", "--master-port", str(port))
    with stack, locust(*there, **given | {"seed": 7}) as odd:
        refused, _ = odd.communicate(timeout=180)
        said, _ = master.communicate(timeout=180)
    assert (odd.returncode, master.returncode) == (2, 3)
    assert "the master refuses this worker: its set of options differs" in refused
    assert "no worker took part, but for refused ones: the master refuses" in said


@pytest.mark.slow
def test_master_to_which_no_worker_comes_ends_with_one_error():
    stack, master, _ = master_and_workers(free_port(), 0, url="http://127.0.0.1:9/", messages=10, wait_workers=2)
    with stack:
        said, _ = master.communicate(timeout=180)
    assert (master.returncode, said.count("error:")) == (3, 1)
    assert "no worker took part.\n  Start workers" in said


@pytest.mark.slow
@pytest.mark.parametrize("loses", [False, True])
def test_audit_finds_what_a_receiver_loses_above_a_concurrency(tmp_path, loses):
    with http_server(receiver(0.005, 2, loses)) as url:
        words = [*PROGRAM, f"{url}/x", "-n", "60", "--speed", "600", "--at-once", "16", "--processes", "2"]
        words += ["--audit", "--state-url", f"{url}/{{id}}", "--state-patience", "0", "--report-dir", tmp_path]
        done = run_program(words, timeout=240)
    audit = json.loads((tmp_path / "load.json").read_text())["audit"]
    assert (audit["read"], audit["doubled"], audit["backwards"], audit["lost"] > 0) == (60, 0, 0, loses)
    assert done.returncode == int(loses)
    assert {file.name for file in tmp_path.iterdir()} == {"load.html", "load.json", "load.md"}


@pytest.mark.slow
def test_capacity_is_searched_in_steps_up_to_the_highest_rate(tmp_path):
    with http_server(receiver(0.02, 1)) as url:
        words = [*PROGRAM, f"{url}/x", "--find-capacity", "100000", "--step-time", "2"]
        done = run_program([*words, "--report-dir", tmp_path], timeout=240)
    capacity = json.loads((tmp_path / "load.json").read_text())["capacity"]
    rates = [step["rate"] for step in capacity["steps"]]
    held = [step["rate"] for step in capacity["steps"] if not step["broke"]]
    # One after the other, each 20 ms: 50 a second at most, and less on a busy machine.
    assert (rates[0], capacity["per_second"]) == (20.0, max(held, default=None))
    assert max(held, default=0) <= 60
    assert capacity["limit"] in {"receiver", "senders", "deadline"}
    assert done.returncode == (0 if held else 3)


@pytest.mark.slow
def test_signed_deliveries_arrive_by_tls(tmp_path, monkeypatch):
    pytest.importorskip("cryptography")
    monkeypatch.setenv("CALLBACK_SIGNING_KEY", "whsec_Y2FsbGJhY2stY29udHJhY3Qtc2lnbmluZy1rZXk=")
    with mock_running("--https", "--signature", "standard-webhooks") as (_, url):
        words = [*PROGRAM, url, "-n", "20", "--speed", "600", "--insecure", "--signature", "standard-webhooks"]
        done = run_program([*words, "--audit", "--state-url", f"{url}callback-contract/state/{{id}}"], timeout=240)
    assert (done.returncode, "each is kept as it was acknowledged" in done.stdout) == (0, True)


@pytest.mark.slow
def test_interrupted_campaign_says_what_is_not_over():
    with MockReceiver() as mock:
        words = [*PROGRAM, mock.url, "-n", "500", "--rate", "50", "--processes", "2"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as going:
            mock.wait_for(count=20, timeout=60)
            time.sleep(1)
            going.send_signal(2)
            said, _ = going.communicate(timeout=180)
    print(said)
    assert (going.returncode, "not over" in said, "Traceback" in said) == (130, True, False)
