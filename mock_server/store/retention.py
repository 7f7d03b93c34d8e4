"""Retention bounds: limit the number and the size of kept deliveries, with slack under load.

Deleting the oldest rows takes half as long as responding to the deliveries that replace them, and a quarter of that
when done in bulk. Under load the bounds may be exceeded by the slack; a reader always finds them kept.
"""

from __future__ import annotations

from callback_contract.mock_server.store.buffer import Buffer
from callback_contract.mock_server.store.tables import Tables

__all__ = ["KEEP", "KEEP_BYTES", "Bounds"]

KEEP = 100_000
KEEP_BYTES = 256 * 1024 * 1024

_SLACK_ON_DISK, _SLACK_IN_MEMORY = 1.0, 0.25  # share of the bounds; on disk the waiting deliveries alone fill them
_MOST_BEYOND, _MOST_BEYOND_BYTES = 16_000, 32 * 1024 * 1024  # beyond the slack: more than a segment at once


class Bounds:
    """The bounds of the deliveries in the tables and in the buffer.

    Args:
        keep: The number of deliveries to keep, the newest ones.
        keep_bytes: Their most bytes together.
        on_disk: Whether they are in a store.
    """

    def __init__(self, tables: Tables, waiting: Buffer, keep: int, keep_bytes: int, *, on_disk: bool) -> None:
        self._tables, self._waiting = tables, waiting
        self._keep, self._keep_bytes = keep, keep_bytes
        slack = _SLACK_ON_DISK if on_disk else _SLACK_IN_MEMORY
        self._slack, self._slack_bytes = int(slack * keep), int(slack * keep_bytes)

    def past(self) -> tuple[int, int]:
        """Return the excess in deliveries and bytes.

        The newest segment comes in addition.
        """
        tables, waiting = self._tables, self._waiting
        return tables.count + waiting.count - self._keep, tables.size + waiting.size - self._keep_bytes

    def past_slack(self) -> tuple[int, int]:
        """Return the excess over bounds and slack in deliveries and bytes."""
        past, past_bytes = self.past()
        return past - self._slack, past_bytes - self._slack_bytes

    def past_all(self) -> tuple[int, int]:
        """Return the excess at which responses wait for the tables."""
        past, past_bytes = self.past_slack()
        return past - _MOST_BEYOND, past_bytes - _MOST_BEYOND_BYTES
