"""Decides how many deliveries are kept, and by how much they may be more while many come.

Deleting the oldest from the tables takes half as long as answering those that take their place, and all at once a
quarter of that. So while much comes the bounds may be exceeded by a slack, and whoever looks finds them kept.
"""

from __future__ import annotations

from callback_contract.mock_server.store.buffer import Buffer
from callback_contract.mock_server.store.tables import Tables

__all__ = ["KEEP", "KEEP_BYTES", "Bounds"]

KEEP = 100_000
KEEP_BYTES = 256 * 1024 * 1024

_SLACK_ON_DISK, _SLACK_IN_MEMORY = 1.0, 0.25  # of the bounds; on disk so much that what waits fills them alone
_MOST_BEYOND, _MOST_BEYOND_BYTES = 16_000, 32 * 1024 * 1024  # the slack: more than a stretch, which comes at once


class Bounds:
    """The bounds of what is in these tables and waits for them.

    Args:
        keep: How many deliveries are kept, the newest.
        keep_bytes: How many bytes they have together.
        on_disk: Whether they are in a store.
    """

    def __init__(self, tables: Tables, waiting: Buffer, keep: int, keep_bytes: int, *, on_disk: bool) -> None:
        self._tables, self._waiting = tables, waiting
        self._keep, self._keep_bytes = keep, keep_bytes
        slack = _SLACK_ON_DISK if on_disk else _SLACK_IN_MEMORY
        self._slack, self._slack_bytes = int(slack * keep), int(slack * keep_bytes)

    def past(self) -> tuple[int, int]:
        """By how many deliveries and bytes they are exceeded; what the newest stretch has comes on top."""
        tables, waiting = self._tables, self._waiting
        return tables.count + waiting.count - self._keep, tables.size + waiting.size - self._keep_bytes

    def past_slack(self) -> tuple[int, int]:
        """By how many deliveries and bytes they and the slack are exceeded."""
        past, past_bytes = self.past()
        return past - self._slack, past_bytes - self._slack_bytes

    def past_all(self) -> tuple[int, int]:
        """By how many more there are than may be before answers wait for the tables."""
        past, past_bytes = self.past_slack()
        return past - _MOST_BEYOND, past_bytes - _MOST_BEYOND_BYTES
