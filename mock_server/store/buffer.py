"""Decides where deliveries are kept until they come into the tables: in memory, as rows.

Retention is bounded, and under load most deliveries are forgotten before anybody looks. What is forgotten while it
waits never costs what a database costs. Deliveries wait in stretches, of which one is moved or forgotten at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from callback_contract.mock_server.store.rows import ROW_SIZE, Row
from callback_contract.mock_server.store.segment import LeftOut

__all__ = ["Buffer", "BufferedRows", "Segment"]

_MOST_ROWS, _MOST_BYTES = 500, 4 * 1024 * 1024


class Segment(Protocol):
    """Deliveries that arrived one after the other.

    Attributes:
        count: How many there are.
        size: The bytes they have, as the bounds count them.
        left_out: What of them could not be read.
    """

    count: int
    size: int
    left_out: LeftOut

    def rows(self) -> Sequence[Row]:
        """Their rows, oldest first."""

    def drop(self) -> None:
        """Forgets them."""


class Buffer:
    """Stretches of deliveries, oldest first; used under the recorder's lock."""

    def __init__(self) -> None:
        self.stretches: deque[Segment] = deque()
        self.count = self.size = 0

    def add(self, stretch: Segment) -> None:
        """Adds one that grows no more."""
        self.stretches.append(stretch)
        self.count, self.size = self.count + stretch.count, self.size + stretch.size

    def leave(self, stretch: Segment, *, drop: bool = True) -> None:
        """Lets go of the oldest one, if it still waits.

        Args:
            drop: Whether it is forgotten; else its file stays where it is.
        """
        if self.stretches and self.stretches[0] is stretch:
            self.stretches.popleft()
            self.count, self.size = self.count - stretch.count, self.size - stretch.size
            if drop:
                stretch.drop()

    def forget(self, count: int, size: int) -> None:
        """Forgets the oldest stretches that are past the bounds by so many deliveries or bytes, as a whole."""
        while self.stretches and (count >= self.stretches[0].count or size >= self.stretches[0].size):
            oldest = self.stretches[0]
            count, size = count - oldest.count, size - oldest.size
            self.leave(oldest)


class BufferedRows:
    """A stretch in memory."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self.count = self.size = 0
        self.left_out = LeftOut()

    def append(self, rows: Sequence[Row]) -> bool:
        """Adds deliveries; returns whether another stretch should begin."""
        self._rows += rows
        self.count += len(rows)
        for row in rows:
            self.size += row[ROW_SIZE]
        return self.count >= _MOST_ROWS or self.size >= _MOST_BYTES

    def rows(self) -> Sequence[Row]:
        """Their rows, oldest first."""
        return self._rows

    def drop(self) -> None:
        """Forgets them."""
        self._rows = []
