"""Exit of the program: flushes its output and ends the process, although a thread of the run still waits.

The interpreter would wait for each thread of a pool: one that reads from a receiver ends at its exchange's deadline,
and one inside a plugin or a driver when it likes.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import time
from collections.abc import Callable

__all__ = ["leaving_threads"]

_GRACE_S = 1.0  # what has nothing to do any more ends within it


def leaving_threads(main: Callable[[], None]) -> Callable[[], None]:
    """Gives a program's entry point, which ends by `sys.exit`, an end that waits for no thread that it started."""

    @functools.wraps(main)
    def left() -> None:
        before = set(threading.enumerate())
        try:
            main()
        except SystemExit as leave:
            if _lingers(before):
                for stream in (sys.stdout, sys.stderr):
                    with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
                        stream.flush()
                os._exit(leave.code if isinstance(leave.code, int) else 0)
            raise

    return left


def _lingers(before: set[threading.Thread]) -> bool:
    """Whether a thread that is not among those before, and that the interpreter waits for, goes on after a moment."""
    threads = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    end = time.monotonic() + _GRACE_S
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return any(thread.is_alive() for thread in threads)
