"""CPU contention: measures by which factor a busy machine slows the suite, to correct measured times."""

from __future__ import annotations

import threading
import time

__all__ = ["MOST_STRETCH", "Withheld", "slowdown_factor"]

_WORK_S = 0.03  # several turns of a scheduler, so that a busy machine shows
_NOISE = 1.3  # below this it is the scheduler's grain, not other work
MOST_STRETCH = 3.0
"""Beyond this, times are no longer excused: a receiver that is slower than this would be slow anywhere."""


def slowdown_factor() -> float:
    """How many times longer work takes now than on an idle machine: from 1 to `MOST_STRETCH`.

    A CI runner shares its cores. What a receiver on it takes, and what the kit takes to notice, grows by this factor.
    """
    begun, spent = time.perf_counter(), time.thread_time()
    while time.thread_time() - spent < _WORK_S:
        pass
    times = (time.perf_counter() - begun) / _WORK_S
    return 1.0 if times < _NOISE else min(MOST_STRETCH, times)


class Withheld:
    """For how long at a time this process was not let run while the block ran: a machine may stand still for a while.

    What a receiver takes is measured by this process' clock, which counts such a time as the receiver's.

    Attributes:
        longest_s: The longest of these times, in seconds.
    """

    _TICK_S = 0.005

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="withheld", daemon=True)

    def __enter__(self) -> Withheld:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        before, has_ended = time.perf_counter(), False
        while not has_ended:
            has_ended = self._ended.wait(self._TICK_S)
            now = time.perf_counter()
            self.longest_s = max(self.longest_s, now - before - self._TICK_S)
            before = now
