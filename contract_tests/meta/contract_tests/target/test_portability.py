"""The kit without POSIX: with the names gone that Windows lacks, a receiver is started, judged and stopped."""

from __future__ import annotations

import ast
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.cli.main import cli
from callback_contract.contract_tests.meta.support import without_posix
from callback_contract.contract_tests.meta.support.processes import invoke, printed_url, run_program
from callback_contract.contract_tests.target import process_group
from callback_contract.contract_tests.target.process import command_words
from callback_contract.mock_server.cli import proxy_command
from callback_contract.mock_server.store import database
from callback_contract.openapi.text.errors import KitError

ROOT = Path(__file__).parents[4]
TOPS = ("openapi", "mock_server", "contract_tests")
# Each asks first whether the name is there, or has another way; the tests below run them without it.
GUARDED = {
    "openapi/cli/interruption.py": {"signal.SIGALRM", "signal.setitimer", "signal.ITIMER_REAL"},
    "contract_tests/target/process_group.py": {"os.killpg", "signal.SIGKILL"},
    "contract_tests/target/process.py": {"os.waitid", "os.P_PID", "os.WEXITED", "os.WNOHANG", "os.WNOWAIT"},
    "mock_server/load/worker.py": {"resource"},
    "mock_server/server/serving.py": {"resource"},
    "mock_server/store/database.py": {"fcntl"},
    "mock_server/proxy/proxy.py": {"uvloop"},
}


def posix_names(path):
    """What a module uses that Windows lacks."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in without_posix.GONE.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in without_posix.MODULES)
        elif isinstance(node, ast.ImportFrom):
            gone = without_posix.GONE.get(node.module or "", ())
            yield from (f"{node.module}.{each.name}" for each in node.names if each.name in gone)


def test_posix_name_is_used_only_where_it_may_be_missing():
    used = {}
    for path in (file for top in TOPS for file in (ROOT / top).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(("contract_tests/meta/", "contract_tests/receivers/")) and (
            found := set(posix_names(path))
        ):
            used[name] = found
    assert used == GUARDED


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (r"C:\venv\python.exe app.py --port 80", [r"C:\venv\python.exe", "app.py", "--port", "80"]),
        (r'"C:\Program Files\node.exe" "my app.js"', [r"C:\Program Files\node.exe", "my app.js"]),
    ],
)
def test_command_of_windows_keeps_its_backslashes(command, words):
    assert command_words(command, on_windows=True) == words


def test_command_of_windows_names_its_own_shell():
    with pytest.raises(KitError, match="cmd /c"):
        command_words("npm ci && npm start", on_windows=True)


def test_store_is_locked_on_windows(monkeypatch):
    calls = []
    monkeypatch.setattr(database.sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=lambda *given: calls.append(given)))
    database._lock(7)
    assert calls == [(7, 2, 1)]


def test_tree_of_windows_is_ended_by_its_system(monkeypatch):
    calls = []
    monkeypatch.setattr(process_group, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(process_group.subprocess, "run", lambda command, **_: calls.append(command))
    process_group.kill_group(SimpleNamespace(pid=7, poll=lambda: None, kill=lambda: calls.append("kill")))
    assert calls == [["taskkill", "/T", "/F", "/PID", "7"], "kill"]


def test_group_of_windows_without_a_console_is_no_error(monkeypatch):
    def send_signal(number):
        raise OSError(number)

    monkeypatch.setattr(process_group, "os", SimpleNamespace(name="nt"))
    process_group.terminate_group(SimpleNamespace(send_signal=send_signal))


def test_proxy_says_that_it_does_not_run_on_windows(monkeypatch):
    monkeypatch.setattr(proxy_command, "os", SimpleNamespace(name="nt"))
    ran = invoke(cli, ["proxy", "--to", "http://127.0.0.1:1", "--listen", "127.0.0.1:0"])
    assert "does not run on Windows" in str(ran.exception)


@pytest.fixture
def without(tmp_path):
    """Runs the program without POSIX's names, in a folder with a receiver and an app."""
    (tmp_path / "shim").mkdir()
    (tmp_path / "shim/sitecustomize.py").write_text(f"from {without_posix.__name__} import install; install()")
    for name in ("stdlib_receiver.py", "flask_receiver.py"):
        shutil.copy(ROOT / "contract_tests/receivers" / name, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "shim")}
    program = [sys.executable, "-P", "-m", "callback_contract.contract_tests"]

    def run(*words, **more):
        return run_program([*program, *words], cwd=tmp_path, env={**environment, **more}, timeout=120)

    run.program, run.environment = program, environment
    return run


@pytest.mark.slow
def test_shim_takes_the_names_away(without):
    code = "from callback_contract.contract_tests.target import process_group as p; print(hasattr(p.os, 'killpg'))"
    assert run_program([sys.executable, "-c", code], env=without.environment).stdout == "False\n"


@pytest.mark.slow
def test_receiver_is_started_and_judged_without_posix(without):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/callbacks/whatsapp"
    start = shlex.join([sys.executable, "stdlib_receiver.py"])
    done = without(
        "check", url, "--start", start, "--state-url", f"{url}/{{id}}", "--report-dir", "out", PORT=str(port)
    )
    assert (done.returncode, done.stdout.splitlines()[-2]) == (0, "conformant")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.slow
def test_app_is_judged_without_posix(without):
    done = without("check", "/callbacks/whatsapp", "--app", "flask_receiver:app", "--depth", "quick")
    assert done.returncode == 0


@pytest.mark.slow
def test_mock_takes_what_send_sends_without_posix(without):
    command = [*without.program, "mock", "--port", "0"]
    with subprocess.Popen(command, env=without.environment, stdout=subprocess.PIPE, text=True) as mock:
        try:
            assert "< 200 OK" in without("send", printed_url(mock)).stdout
        finally:
            mock.kill()
