"""Buffer of recorded deliveries: keeps them as rows in memory until they are moved into the tables.

Retention is bounded, and under load most deliveries are forgotten before anybody reads them. A delivery that is
forgotten while it waits never costs a database write. Deliveries wait in segments, which are moved or forgotten one at
a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from callback_contract.mock_server.store.rows import Row
from callback_contract.mock_server.store.segment import LeftOut

__all__ = ["Buffer", "BufferedRows", "Segment"]

_MOST_ROWS, _MOST_BYTES = 500, 4 * 1024 * 1024


class Segment(Protocol):
    """Consecutive deliveries.

    Attributes:
        count: The number of deliveries.
        size: Their size in bytes, as the bounds count it.
        left_out: The part that could not be read.
    """

    count: int
    size: int
    left_out: LeftOut

    def rows(self) -> Sequence[Row]:
        """Return their rows, oldest first."""

    def drop(self) -> None:
        """Forget them."""


class Buffer:
    """Segments of deliveries, oldest first; used under the recorder's lock."""

    def __init__(self) -> None:
        self.segments: deque[Segment] = deque()
        self.count = self.size = 0

    def add(self, segment: Segment) -> None:
        """Add a segment that is complete."""
        self.segments.append(segment)
        self.count, self.size = self.count + segment.count, self.size + segment.size

    def leave(self, segment: Segment, *, drop: bool = True) -> None:
        """Remove the oldest segment, if it still waits.

        Args:
            drop: Whether it is forgotten; else its file stays.
        """
        if self.segments and self.segments[0] is segment:
            self.segments.popleft()
            self.count, self.size = self.count - segment.count, self.size - segment.size
            if drop:
                segment.drop()

    def forget(self, count: int, size: int) -> None:
        """Forget the oldest whole segments beyond the bounds by a count or a size."""
        while self.segments and (count >= self.segments[0].count or size >= self.segments[0].size):
            oldest = self.segments[0]
            count, size = count - oldest.count, size - oldest.size
            self.leave(oldest)


class BufferedRows:
    """A segment in memory."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self.count = self.size = 0
        self.left_out = LeftOut()

    def append(self, rows: Sequence[Row]) -> bool:
        """Add deliveries; return whether a new segment should begin."""
        self._rows += rows
        self.count += len(rows)
        for row in rows:
            self.size += row.size
        return self.count >= _MOST_ROWS or self.size >= _MOST_BYTES

    def rows(self) -> Sequence[Row]:
        """Return their rows, oldest first."""
        return self._rows

    def drop(self) -> None:
        """Forget them."""
        self._rows = []
