"""Processes of a test: correct receivers on free ports, and programs whose output stands in the report of a failure."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from click import Command
from click.testing import CliRunner, Result

from callback_contract.contract_tests.cli.main import run_command
from callback_contract.contract_tests.receivers import CALLBACK_PATH, READ_BACK_PATH, Receiver

FOLDER = Path(__file__).parents[2] / "receivers"
_START_S = 60  # `go run` compiles first


def missing_means(receiver: Receiver) -> str:
    """What this machine lacks to start a receiver; empty when nothing is missing."""
    if receiver.tool and shutil.which(receiver.tool) is None:
        return f"{receiver.tool} is not installed"
    if receiver.language == "Python":
        lacking = [p for p in receiver.packages if not _importable(p)]
        if not lacking and receiver.tool == "postgres" and "DSN" not in os.environ:
            return "DSN names no database"
        return f"not installed: {', '.join(lacking)}" if lacking else ""
    if receiver.language == "JavaScript":
        folders = [Path(p) for p in os.environ.get("NODE_PATH", "").split(os.pathsep) if p]
        lacking = [p for p in receiver.packages if not any((folder / p).is_dir() for folder in folders)]
        return f"not in NODE_PATH: {', '.join(lacking)}" if lacking else ""
    if receiver.language == "Java" and "SPRING_CLASSPATH" not in os.environ:
        return "SPRING_CLASSPATH names no jars"
    return ""


def _importable(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package.partition("[")[0].replace("-", "_")) is not None


@contextlib.contextmanager
def running(receiver: Receiver, env: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Run a receiver while the block runs; yield its URL and its read-back template.

    Args:
        env: More environment variables; a receiver with TLS writes its authority to the file ``CA``.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        filled = {"python": sys.executable, "file": str(FOLDER / receiver.file), "port": str(port)}
        filled["classpath"] = os.environ.get("SPRING_CLASSPATH", "")
        store = folder if receiver.language == "PHP" else str(Path(folder) / "store.db")
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [part.format(**filled) for part in receiver.command],
                env={**os.environ, "PORT": str(port), "STORE": store, "CA": f"{folder}/ca.pem", **(env or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _await(port, process, log)
            base = f"http{'s' if receiver.tls else ''}://127.0.0.1:{port}"
            yield base + CALLBACK_PATH, base + READ_BACK_PATH
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)  # `go run` and `php -S` have children
            process.wait()


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the receiver did not start: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def awaiting_port(command: list[str], folder: Path) -> Iterator[int]:
    """Run another tool's server; ``{port}`` in its command line is filled in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(port, process, log)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


@contextlib.contextmanager
def mock_running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `callback-contract mock` on a free port; yield the process and its URL."""
    command = [sys.executable, "-m", "callback_contract.contract_tests", "mock", "--port", "0", *options]
    # Its errors are in its output: a pipe without a reader would block it.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process, printed_url(process)
        finally:
            process.kill()


def printed_url(mock: subprocess.Popen[str]) -> str:
    """The URL that `mock` prints in its first line after the notes on its contract, once it serves there."""
    assert mock.stdout is not None
    said = next((line for line in mock.stdout if not line.startswith(("note:", "  "))), "")
    if " at " not in said:
        raise RuntimeError(f"the mock did not start: {said}{mock.stdout.read()}")
    return said.partition(" at ")[2].split()[0]


def run_program(command: Sequence[Any], *, check: bool = False, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end as `subprocess.run` does, as text, with both streams captured and shown."""
    words = list(map(str, command))
    try:
        done = subprocess.run(words, check=False, **{"capture_output": True, "text": True, **options})
    except subprocess.TimeoutExpired as late:
        _show(shlex.join(words), f"no end in {late.timeout:g} s", late.stdout, late.stderr)
        raise
    _show(shlex.join(words), f"exit code {done.returncode}", done.stdout, done.stderr)
    if check:
        done.check_returncode()
    return done


def invoke(command: Command, arguments: Sequence[Any] = (), **options: Any) -> Result:
    """Runs a command in this process as click's `CliRunner` does, with its output shown."""
    ran = CliRunner().invoke(command, list(map(str, arguments)), **options)
    _show(shlex.join([command.name or "", *map(str, arguments)]), f"exit code {ran.exit_code}", ran.output)
    return ran


def run_here(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """Runs the program in this process, without the start of an interpreter and without signals."""
    words = [str(FOLDER.parent / "__main__.py"), *map(str, arguments)]
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    with patch.object(sys, "argv", words), patch.multiple(sys, stdout=streams[0], stderr=streams[1]):
        code = run_command()
        sys.stdout.flush()
        sys.stderr.flush()
    told = [stream.buffer.getvalue().decode() for stream in streams]  # type: ignore[attr-defined]
    _show(shlex.join(words), f"exit code {code}", *told)
    return subprocess.CompletedProcess(words, code, *told)


def _show(command: str, end: str, *streams: str | bytes | None) -> None:
    print(f"$ {command}\n[{end}]")
    for text in filter(None, streams):
        print(text.decode(errors="replace") if isinstance(text, bytes) else text)
