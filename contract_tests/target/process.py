"""Process of a receiver: starts the receiver's own server as a process group, watches it and stops it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from callback_contract.contract_tests.target.process_group import is_alive, kill_group, popen_group, terminate_group
from callback_contract.contract_tests.target.readiness import Place
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import shell_word

__all__ = ["Started", "await_answer", "command_words", "refuse_taken", "started"]

_GRACE_S = 5.0  # between TERM and KILL: uvicorn, gunicorn and node end within it when they are idle
_TAIL_BYTES = 16 * 1024
_TAIL_LINES = 12
_SHELL_WORDS = {"&&", "||", "|", ";", "&", "<", ">", ">>", "2>", "2>&1"}


@dataclass
class Started:
    """A process group that the kit started.

    Attributes:
        shown: The option and its value, as messages name them.
        output: What it prints, to be read.
        start: Starts it with the same words and the same output.
        ends: How it ended before it was started again, each time with its last lines.
    """

    shown: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    start: Callable[[], subprocess.Popen[bytes]]
    ends: list[tuple[str, str]] = field(default_factory=list)

    def start_again(self) -> None:
        """End what is left of it, and start it anew."""
        if told := self.ended():
            self.ends.append((told, self.last_lines()))
        _stop(self.process)
        self.process = self.start()

    def ended(self) -> str:
        """Return how its first process ended; empty while it lives."""
        code = _exit_code(self.process)
        if code is None:
            return ""
        if code >= 0:
            return Text("error-receiver.ended-with-code", code=code)
        with contextlib.suppress(ValueError):
            return Text("error-receiver.ended-by", signal=signal.Signals(-code).name)
        return Text("error-receiver.ended-by-number", number=-code)

    def printed(self, most: int) -> str:
        """Return the last bytes of its output."""
        self.output.seek(max(0, os.fstat(self.output.fileno()).st_size - most))
        return self.output.read(most).decode("utf-8", "replace")

    def last_lines(self) -> str:
        """Return its last output as printable lines for a message."""
        text = self.printed(_TAIL_BYTES)
        lines = [printable(line.rstrip())[:400] for line in text.splitlines() if line.strip()][-_TAIL_LINES:]
        return Text("error-receiver.output", lines="\n    | ".join(lines) or Text("error-receiver.printed-nothing"))


def command_words(command: str, *, on_windows: bool = os.name == "nt") -> list[str]:
    """Split a command as a POSIX shell does, or as one of Windows; reject syntax that needs a shell.

    Raises:
        KitError: It is empty, ends inside a quote, or needs a shell.
    """
    try:
        words = _windows_words(command) if on_windows else shlex.split(command)
    except ValueError as error:
        raise KitError(
            Text("error-receiver.command-unsplit", command=command, why=str(error)), where="--start"
        ) from None
    if not words:
        raise KitError(
            Text("error-receiver.no-start-command"), where="--start", remedy=Text("error-receiver.give-start-command")
        )
    if re.match(r"[A-Za-z_][A-Za-z0-9_]*=", words[0]):
        raise KitError(
            Text("error-receiver.begins-with-variable"),
            where="--start",
            remedy=Text("error-receiver.write-cmd" if on_windows else "error-receiver.write-env", command=command),
        )
    shell_words = [word for word in words if word in _SHELL_WORDS or (word.endswith(";") and word != words[-1])]
    if shell_words:
        raise KitError(
            Text("error-receiver.needs-shell", word=shell_words[0]),
            where="--start",
            remedy=Text("error-receiver.write-cmd", command=command)
            if on_windows
            else Text("error-receiver.write-sh", command=shell_word(command)),
        )
    return words


def _windows_words(command: str) -> list[str]:
    """Words of Windows: a backslash is itself, and a program such as npm.cmd is found by its name alone."""
    words = [word.strip('"') for word in shlex.split(command, posix=False)]
    return [shutil.which(words[0]) or words[0], *words[1:]] if words else []


@contextlib.contextmanager
def started(words: Sequence[str], shown: str) -> Iterator[Started]:
    """Run a command in its own process group; end the whole group after the block.

    Ctrl-C reaches only the kit, which then stops the group. TERM and HUP, as a cancelled pipeline sends them, are
    handled as Ctrl-C, so that they leave no process, either.

    Raises:
        KitError: There is no such command.
    """
    with _output() as (written, read), _ended_as_interrupted():

        def start() -> subprocess.Popen[bytes]:
            return popen_group(words, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT)

        try:
            receiver = Started(shown, start(), read, start)
        except OSError as error:
            raise KitError(
                Text("error-receiver.cannot-run", word=words[0], why=str(error.strerror)),
                where=shown,
                remedy=Text("error-receiver.as-typed"),
            ) from None
        try:
            yield receiver
        finally:
            _stop(receiver.process)


@contextlib.contextmanager
def _output() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A file to write to and to read from, each at its own position; it does not outlive a killed kit."""
    handle, name = tempfile.mkstemp(prefix="callback-contract-")
    with os.fdopen(handle, "wb") as written, Path(name).open("rb") as read:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        yield written, read
    with contextlib.suppress(OSError):  # Windows removes no open file
        Path(name).unlink()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, and kill it after a while or at a second Ctrl-C."""
    try:
        terminate_group(process)
        end = time.monotonic() + _GRACE_S
        while _exit_code(process) is None and time.monotonic() < end:
            time.sleep(0.02)
        # It may end before its children, as a shell does.
        process.poll()
        while is_alive(process) and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        kill_group(process)
        process.wait()


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """Return how a process ended, negative for a signal; leave it a zombie.

    Otherwise another process could get its group's number.
    """
    if process.returncode is not None or not hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
        return process.poll()
    seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if seen is None:
        return None
    return seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status


@contextlib.contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        on_interrupt = signal.getsignal(signal.SIGINT)
        if callable(on_interrupt):
            on_interrupt(signal.SIGINT, frame)
        raise KeyboardInterrupt

    # An ignored signal stays ignored, as nohup wants it. Signals with a handler already interrupt.
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heard = [n for n in numbers if signal.getsignal(n) == signal.SIG_DFL]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_taken(place: Place) -> None:
    """Reject a place that already responds: that receiver would be judged instead."""
    if place.answers():
        raise KitError(
            Text("error-receiver.answers-already", place=str(place)),
            where="--start",
            remedy=Text("error-receiver.stop-it"),
            exit_code=3,
        )


def await_answer(receiver: Started, place: Place, timeout_s: float) -> None:
    """Wait until the receiver responds.

    Raises:
        KitError: With exit code 3: it ended, or was not ready in time.
    """
    end = time.monotonic() + timeout_s
    while not place.answers():
        if told := receiver.ended():
            raise KitError(
                Text("error-receiver.ended-before", ended=told, place=str(place)),
                where=receiver.shown,
                remedy=Text("error-receiver.stay-in-foreground", last_lines=receiver.last_lines()),
                exit_code=3,
            )
        if time.monotonic() > end:
            raise KitError(
                Text("error-receiver.not-answered-in-time", place=str(place), timeout_s=timeout_s),
                where=receiver.shown,
                remedy=Text("error-receiver.wait-elsewhere", last_lines=receiver.last_lines()),
                exit_code=3,
            )
        time.sleep(0.05)
