"""Search for the capacity of a receiver: raises the rate in steps, and names the last one that it kept up with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from callback_contract.mock_server.load.measures import Measures

__all__ = ["Pilot"]


class Pilot(Protocol):
    """Decides the rate of a campaign while it runs."""

    is_over: bool

    def look(self, now_s: float, measures: Measures, in_flight: int, cpu: float, recent: Iterable[int]) -> float | None:
        """Return the rate from now on; None for no limit."""
