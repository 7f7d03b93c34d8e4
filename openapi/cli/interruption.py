"""Interruption handler: raises one exception in the main thread on a signal or when `--max-time` is over.

A process has one: signal handlers are the process's. Nothing heavy is imported here, so that it can listen before
anything else is loaded. The end of `--max-time` comes by a POSIX timer; on Windows it bounds only what is sent.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from callback_contract.openapi.text.message import Text

__all__ = ["INTERRUPTION", "Interruption", "OutOfTime", "flush_streams"]

_SAME_S = 1.0  # signals within this time count as one: a held key, or a supervisor that signals the process group
_AGAIN_S = 2.0  # after this time the exception is raised again, in case the interpreter swallowed it
_LOOK_S = 0.02
_MOST_HELD_S = 10.0
_MOST_ENDING_S = 30.0
_IMPORTING = "<frozen importlib._bootstrap>"


class OutOfTime(KeyboardInterrupt):
    """The time that `--max-time` allows is used up.

    It is a KeyboardInterrupt, so that code that handles an interruption handles it, too.
    """

    @property
    def text(self) -> Text:
        """What is used up."""
        from callback_contract.openapi.text.message import Text

        return Text("ended.out-of-time")

    def __str__(self) -> str:
        return str(self.text)


class Interruption:
    """Interruption handler of this process.

    Attributes:
        begun: `time.monotonic()` when the command began; `--max-time` counts from there.
        cause: What interrupted the command, once something did.
    """

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.cause: KeyboardInterrupt | None = None
        self._installed = False
        self._leaves_a_report = self._held = self._ending = False
        self._raised_at = self._pending_since = self._ending_since = 0.0

    def install(self) -> None:
        """Install the handlers of SIGINT, SIGTERM and SIGHUP for the life of the process.

        A signal is held back until `release` or `heard`: until the options are read, no folder for a report is known.
        """
        self.begun, self._held, self._installed = time.monotonic(), True, True
        self._take_handlers()
        # Registered as late as possible: after it, the interpreter itself handles signals, and one would change the
        # exit code.
        atexit.register(lambda: [signal.signal(number, signal.SIG_IGN) for number in self._signals()])
        shown = sys.unraisablehook

        def show(lost: sys.UnraisableHookArgs) -> None:
            if lost.exc_value is not self.cause:
                shown(lost)
            elif not self._ending:
                self._wake_in(_LOOK_S)  # it was raised where the interpreter lets nothing through

        sys.unraisablehook = show

    def release(self) -> None:
        """Deliver a signal that was held back; the command writes no report."""
        self._held = False
        if self.cause is not None and not self._raised_at:
            self._raise_or_wait(None)

    @contextlib.contextmanager
    def heard(self, max_time_s: float | None, *, leaves_a_report: bool = False) -> Iterator[None]:
        """Interrupt the block on a signal, and when the time is used up.

        Args:
            leaves_a_report: The block has to end by itself, with a report: it is interrupted once, and after `ends`
                not at all.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        if not self._installed:
            self.begun, self.cause, self._raised_at = time.monotonic(), None, 0.0
        before = self._take_handlers()
        self._leaves_a_report, self._ending = leaves_a_report, False
        try:
            self.release()
            if max_time_s is not None:
                self._wake_in(max(_LOOK_S, self.begun + max_time_s - time.monotonic()))
            yield
        finally:
            self._ending = self._installed  # a program that has done its work is on its way out
            self._wake_in(0)
            if not self._installed:
                self.cause = None
                for number, handler in before.items():
                    signal.signal(number, handler)

    def ends(self) -> None:
        """Ignore interruptions from here on, while the command writes its output."""
        self._ending, self._ending_since = True, time.monotonic()
        if threading.current_thread() is threading.main_thread():
            self._wake_in(0)

    def over(self, code: int) -> None:
        """All is done and said: a signal ends the process at once and without a word, with the code that it has."""
        flush_streams()
        for number in self._signals():
            signal.signal(number, lambda _number, _frame: os._exit(code))

    def _take_handlers(self) -> dict[int, Any]:
        before: dict[int, Any] = {}
        for number in self._signals():
            # An ignored signal stays ignored, as nohup wants it. SIGINT is ignored in every background job, and is
            # handled.
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, self._on_signal)
        if hasattr(signal, "SIGALRM"):
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._on_alarm)
        return before

    @staticmethod
    def _signals() -> list[signal.Signals]:
        return [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    @staticmethod
    def _wake_in(seconds: float) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._ending:
            if self._ending_since and now - self._ending_since > _MOST_ENDING_S:
                os._exit(130)
            return
        if self.cause is not None and (self._leaves_a_report or now - self._raised_at < _SAME_S):
            return
        self.cause = KeyboardInterrupt()
        self._pending_since = now
        self._raise_or_wait(frame)

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        if self._ending:
            return
        if self.cause is None:
            self.cause, self._pending_since = OutOfTime(), time.monotonic()
        self._raise_or_wait(frame)

    def _raise_or_wait(self, frame: FrameType | None) -> None:
        """Raise the cause, or check again soon while raising is unsafe.

        It is unsafe before the command is ready and while a module is half imported.
        """
        now = time.monotonic()
        assert self.cause is not None
        if (self._held or _is_importing(frame)) and now - self._pending_since < _MOST_HELD_S:
            self._wake_in(_LOOK_S)
            return
        self._raised_at = now
        self._wake_in(_AGAIN_S if self._leaves_a_report else 0)
        raise self.cause


def flush_streams() -> None:
    """Lets out what was printed; a stream that was closed before the start is not there, and one that ended is left."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


INTERRUPTION = Interruption()
"""The handler of this process."""
