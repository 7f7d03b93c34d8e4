"""Check process of the pytest plugin: judges apart from the tests, and asks their read-back in their own thread."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import select
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.reporting.model.history import Folder
from callback_contract.contract_tests.reporting.model.report_file import read_report_file
from callback_contract.contract_tests.reporting.model.reproduction import REPORT_FILE

__all__ = ["Judged", "ReadBack", "judge"]

ReadBack = Callable[[str], Any]

_PLUGIN = Path(__file__).with_name("asking.py")
_LOG = "check.log"
_MOST_S = 2 * 3600
_ENDING_S = 20  # what one that was told to end has for its reports
_LOOK_S = 0.05
_EXCHANGE_S = 10.0
_MOST_BYTES = 65536


@dataclass(frozen=True)
class Judged:
    """The end of a `check`.

    Attributes:
        code: Its exit code.
        report: What it wrote to report.json; None where it wrote none.
        folder: Where its reports stand.
        printed: What it printed.
    """

    code: int
    report: dict[str, Any] | None
    folder: Path
    printed: str

    @property
    def rules(self) -> dict[str, dict[str, Any]]:
        """The rules of the report, by id."""
        return {rule["id"]: rule for rule in (self.report or {"rules": []})["rules"]}

    @property
    def is_incomplete(self) -> bool:
        """Whether something that was asked for was not judged."""
        return self.code not in {0, 1}

    @property
    def is_strict(self) -> bool:
        """Whether a broken SHOULD fails, too."""
        return bool(self.report and self.report["run"]["options"].get("strict"))

    def last_lines(self, most: int) -> list[str]:
        """The last lines that it printed."""
        return [line for line in self.printed.splitlines() if line.strip()][-most:]


def judge(arguments: Sequence[str], folder: Path, cwd: Path, read_back: ReadBack | None) -> Judged:
    """Judges by a process of its own, so that nothing of the tests' process can change a verdict.

    Args:
        arguments: What follows `check` on its command line.
        cwd: Where it looks for its configuration file, and for the module of an app.
        read_back: Called in this thread with the id of each message that it asks for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    Folder(folder).move_older()
    command = [sys.executable, "-P", "-m", "callback_contract.contract_tests", "check", *arguments]
    command += ["--report-dir", str(folder), "--annotations", "none"]
    with contextlib.ExitStack() as opened:
        asked = opened.enter_context(_Asked(read_back)) if read_back is not None else None
        log = opened.enter_context((folder / _LOG).open("w+b"))
        process = subprocess.Popen(  # noqa: S603  # the kit itself
            command if asked is None else [*command, "--plugin", str(_PLUGIN)],
            cwd=cwd,
            env={**os.environ, **(asked.environment if asked else {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches it through this process alone, once
        )
        opened.callback(_end, process)
        end = time.monotonic() + _MOST_S
        while process.poll() is None and time.monotonic() < end:
            if asked is None:
                time.sleep(_LOOK_S)
            else:
                asked.answer_within(_LOOK_S)
    printed = (folder / _LOG).read_text("utf-8", "replace")
    report = read_report_file(folder)[0] if (folder / REPORT_FILE).exists() else None
    return Judged(process.returncode, report, folder, printed)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Asked:
    """Answers what the check process asks of a read-back, on a loopback port, to whoever has the token."""

    def __init__(self, read_back: ReadBack) -> None:
        self._read_back, self._token = read_back, secrets.token_hex(16)
        self._server = socket.create_server(("127.0.0.1", 0))
        port = self._server.getsockname()[1]
        self.environment = {"CALLBACK_CONTRACT_READ_BACK": f"{port}:{self._token}"}

    def __enter__(self) -> _Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def answer_within(self, seconds: float) -> None:
        """Answers one question, if it comes within a time."""
        if not select.select([self._server], [], [], seconds)[0]:
            return
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # somebody else's, or it went away
            connection = self._server.accept()[0]
            connection.settimeout(_EXCHANGE_S)
            with connection, connection.makefile("rwb") as stream:
                asked = json.loads(stream.readline(_MOST_BYTES))
                if hmac.compare_digest(str(asked["token"]), self._token):
                    stream.write(self._answer(asked["id"]) + b"\n")

    def _answer(self, message_id: str) -> bytes:
        try:
            value = self._read_back(message_id)
            value = dict(value) if hasattr(value, "keys") else value  # a row of a database, too
            return json.dumps({"stored": value}).encode()
        except Exception as error:
            traceback.print_exc()  # pytest shows it with the test that asked first
            return json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
