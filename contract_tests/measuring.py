"""Decides how far a measured time is to be trusted on a machine that has other work to do."""

from __future__ import annotations

import time

__all__ = ["MOST_STRETCH", "stretch"]

_WORK_S = 0.03  # several turns of a scheduler, so that a busy machine shows
_NOISE = 1.3  # below this it is the scheduler's grain, not other work
MOST_STRETCH = 3.0
"""Beyond this, times are no longer excused: a receiver that is slower than this would be slow anywhere."""


def stretch() -> float:
    """How many times longer work takes now than on an idle machine: from 1 to `MOST_STRETCH`.

    A CI runner shares its cores. What a receiver on it takes, and what the kit takes to notice, grows by this factor.
    """
    begun, spent = time.perf_counter(), time.thread_time()
    while time.thread_time() - spent < _WORK_S:
        pass
    times = (time.perf_counter() - begun) / _WORK_S
    return 1.0 if times < _NOISE else min(MOST_STRETCH, times)
