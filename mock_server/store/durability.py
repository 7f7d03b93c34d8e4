"""Durability of deliveries: groups deliveries into batches, and reports to waiting responses when one is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from callback_contract.mock_server.store.rows import Row

__all__ = ["Batch", "Kept"]

Kept = Callable[[bool], None]
"""Receives whether a delivery is kept."""


@dataclass(eq=False)
class Batch:
    """Deliveries that are written together, and the responses that wait for it.

    Attributes:
        error: An error of the kit that prevents the writing of one of them.
        effects: Their effects, once they are kept.
        due: Whether its writing is scheduled.
        kept: Whether they are kept; None until that is known.
        waiting: The waiting callbacks by event loop.
    """

    rows: list[Row] = field(default_factory=list)
    error: Exception | None = None
    effects: list[Callable[[], None]] = field(default_factory=list)
    due: bool = False
    kept: bool | None = None
    waiting: dict[asyncio.AbstractEventLoop, list[Kept]] = field(default_factory=dict)

    def settle(self, kept: bool) -> None:
        """Call the waiting callbacks, each in its event loop."""
        if not self.waiting:
            return
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        for loop, calls in self.waiting.items():
            if loop is here:
                _call_all(calls, kept)
                continue
            try:
                loop.call_soon_threadsafe(partial(_call_all, calls, kept))
            except RuntimeError:  # the loop is closed: nothing waits any more
                continue


def _call_all(calls: Sequence[Kept], kept: bool) -> None:
    for call in calls:
        call(kept)
