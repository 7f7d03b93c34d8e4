"""`check --start`: the receiver's own server is started, judged and stopped, whatever happens."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callback_contract.contract_tests.meta.support.processes import run_program
from callback_contract.contract_tests.target import process as starting
from callback_contract.contract_tests.target.readiness import Place
from callback_contract.openapi.text.errors import KitError

PROGRAM = [sys.executable, "-m", "callback_contract.contract_tests", "check"]

TINY = """
import http.server, os, pathlib, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0
    def do_POST(self):
        Handler.seen += 1
        if Handler.seen == int(os.environ.get("DIES_AT", -1)):
            print("out of memory", flush=True)
            os._exit(7)
        self.rfile.read(int(self.headers["Content-Length"]))
        print(self.headers["X-Secret"], flush=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
pathlib.Path("pid").write_text(str(os.getpid()))
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny.py").write_text(TINY)
    return tmp_path


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check(port, start, *more, cwd, **environment):
    return run_program(
        [*PROGRAM, f"http://127.0.0.1:{port}/callbacks", "--start", start, "--rules", "ACK-01", *more],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4]), **environment},
        timeout=60,
    )


def tiny(port):
    return shlex.join([sys.executable, "tiny.py", str(port)])


def alive(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_receiver_is_started_judged_and_stopped(folder, port):
    done = check(port, tiny(port), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 pass" in done.stdout
    assert not alive(int((folder / "pid").read_text()))


def test_what_it_printed_stands_beside_the_reports_without_secrets(folder, port):
    check(port, tiny(port), "-H", "X-Secret: hush-hush", "--report-dir", "out", cwd=folder)
    assert "***" in (folder / "out/receiver.log").read_text()
    assert "hush-hush" not in (folder / "out/receiver.log").read_text()


def test_readiness_may_be_another_place(folder, port):
    done = check(port, tiny(port), "--wait-for", f"http://127.0.0.1:{port}/health", cwd=folder)
    assert done.returncode == 0, done.stderr


def test_dry_run_starts_nothing(folder, port):
    done = check(port, tiny(port), "--dry-run", cwd=folder)
    assert (done.returncode, (folder / "pid").exists()) == (0, False)


def test_command_that_dies_is_one_message_with_its_last_words(folder, port):
    done = check(port, "sh -c 'echo no database; exit 5'", cwd=folder)
    assert done.returncode == 3
    assert "ended with exit code 5 before it answered" in done.stderr
    assert "| no database" in done.stderr
    assert "Traceback" not in done.stderr


def test_receiver_that_is_never_ready_is_exit_3_and_stopped(folder, port):
    done = check(port, "sh -c 'echo $$ > pid; exec sleep 60'", "--wait-timeout", "0.5", cwd=folder)
    assert (done.returncode, "within 0.5 s" in done.stderr) == (3, True)
    assert not alive(int((folder / "pid").read_text()))


def test_what_was_left_running_is_not_judged_in_its_place(folder, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = check(port, tiny(port), cwd=folder)
    assert (done.returncode, "before the command is started" in done.stderr) == (3, True)
    assert not (folder / "pid").exists()


@pytest.mark.slow
def test_death_during_the_run_is_said(folder, port):
    done = check(port, tiny(port), cwd=folder, DIES_AT="2")
    assert done.returncode == 1
    assert "ended with exit code 7 while it was judged, and was started again" in done.stderr
    assert "| out of memory" in done.stderr


def test_server_that_ended_is_started_again_and_its_last_words_are_kept():
    with starting.started(["sh", "-c", "echo here; exit 3"], "--start") as receiver:
        receiver.process.wait(10)
        receiver.start_again()
        receiver.process.wait(10)
        assert receiver.ends == [("ended with exit code 3", "\n    | here")]
        assert receiver.printed(99) == "here\nhere\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_no_process(folder, port, number):
    # The server is a child of the command, and a shell tells its children nothing.
    start = f"sh -c '{tiny(port)} & wait'"
    process = subprocess.Popen(
        [*PROGRAM, f"http://127.0.0.1:{port}/", "--start", start, "--rate", "1", "--rules", "ACK"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert "Judging" in process.stdout.readline()
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    print(said)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not alive(int((folder / "pid").read_text()))


def test_process_that_ignores_the_request_to_stop_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(starting, "_GRACE_S", 0.1)
    script = "trap '' TERM; echo ready; while true; do sleep 0.1; done"
    with starting.started(["sh", "-c", script], "--start") as receiver:
        while "ready" not in receiver.last_lines():
            time.sleep(0.01)
    assert receiver.ended() == "was ended by SIGKILL"


def test_last_words_cannot_move_the_cursor():
    with starting.started(["printf", r"\033[2J"], "--start") as receiver:
        receiver.process.wait()
        assert "\x1b" not in receiver.last_lines()


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        ("PORT=1 npm start", "env PORT=1 npm start"),
        ("npm ci && npm start", "sh -c 'npm ci && npm start'"),
        ("npm start | tee log", "sh -c"),
        ("npm ci; npm start", "sh -c"),
        ("npm 'start", "No closing quotation"),
        ("", "Give the command"),
    ],
)
def test_what_only_a_shell_can_do_is_refused(command, remedy):
    with pytest.raises(KitError) as caught:
        starting.command_words(command)
    assert remedy in str(caught.value)


def test_quotes_are_a_shell_s():
    assert starting.command_words("sh -c 'a && b' \"c d\"") == ["sh", "-c", "a && b", "c d"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:80", Place("127.0.0.1", 80)),
        ("[::1]:80", Place("::1", 80)),
        ("http://h/a?b", Place("h", 80, "/a?b")),
        ("https://h", Place("h", 443, "/", tls=True)),
    ],
)
def test_place_is_a_url_or_a_host_and_port(text, place):
    assert Place.of(text, "--wait-for") == place


@pytest.mark.parametrize("text", ["h", "ftp://h/", "h:port", "http://", ":80"])
def test_other_place_is_refused(text):
    with pytest.raises(KitError):
        Place.of(text, "--wait-for")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--start", "x"], "no URL"),
        (["http://h/", "--start", "x", "--app", "a:b"], "Give one of them"),
        (["http://h/", "--wait-for", "h:1"], "goes with --start"),
        (["http://h/", "--wait-for", "h:1", "--start", ""], "goes with --start"),
        (["http://127.0.0.1:1/", "--start", "no-such-command"], "cannot run 'no-such-command'"),
        (["h/", "--start", "x"], "not a complete http or https URL"),
    ],
)
def test_wrong_use_is_exit_2(arguments, said):
    done = run_program([*PROGRAM, *arguments], timeout=60)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
