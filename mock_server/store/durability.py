"""Decides what is kept together, and how those who wait for it hear whether it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from callback_contract.mock_server.store.rows import Row

__all__ = ["Batch", "Kept"]

Kept = Callable[[bool], None]
"""Is told whether a delivery is kept."""


@dataclass(eq=False)
class Batch:
    """Deliveries that are written at once, and who waits for that.

    Attributes:
        error: Why one of them cannot be written, which is an error of our own.
        effects: What they change, as soon as they are kept.
        due: Whether its writing is on its way.
        kept: Whether they are kept; None until that is known.
        waiting: Who waits in each event loop.
    """

    rows: list[Row] = field(default_factory=list)
    error: Exception | None = None
    effects: list[Callable[[], None]] = field(default_factory=list)
    due: bool = False
    kept: bool | None = None
    waiting: dict[asyncio.AbstractEventLoop, list[Kept]] = field(default_factory=dict)

    def settle(self, kept: bool) -> None:
        """Tells those who wait, each in its event loop."""
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
            except RuntimeError:  # the loop is closed: nobody waits any more
                continue


def _call_all(calls: Sequence[Kept], kept: bool) -> None:
    for call in calls:
        call(kept)
