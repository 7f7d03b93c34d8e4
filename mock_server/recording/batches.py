"""Decides how rows wait for being written, and by which statements they are."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from mock_server.recording.lives import Undo
from mock_server.recording.rows import COLUMNS, CONTENT_COLUMNS

__all__ = ["Batch", "Kept"]

_ROWS_A_STATEMENT = 50  # SQLite works without Python's lock while it steps, so each step has much to do
_WIDTH, _SIZE = len(COLUMNS), COLUMNS.index("size")

Kept = Callable[[bool], None]
"""Is told whether a delivery is kept."""


@dataclass(eq=False)
class Batch:
    """What is written together, and who waits for it.

    Attributes:
        rows: The values of all rows one after the other, as a statement binds them; `contents` likewise.
        body_bytes: Bytes of bodies, which take the memory while they wait.
        last: The newest delivery's id.
        undo: Takes back that they were acknowledged.
        error: Why one of them cannot be written, which is an error of our own.
    """

    rows: list[Any] = field(default_factory=list)
    contents: list[Any] = field(default_factory=list)
    count: int = 0
    body_bytes: int = 0
    last: int = 0
    undo: list[Undo] = field(default_factory=list)
    error: Exception | None = None
    waiting: list[tuple[asyncio.AbstractEventLoop, Kept]] = field(default_factory=list)
    kept: bool | None = None

    def size_of(self, start: int, count: int) -> int:
        """Bytes of some of the rows, as the bounds count them."""
        return sum(self.rows[_SIZE + start * _WIDTH : (start + count) * _WIDTH : _WIDTH])

    def insert(self, connection: sqlite3.Connection, start: int, count: int) -> None:
        """Inserts some of the rows."""
        _insert_rows(connection, "deliveries", _WIDTH, self.rows, start, count)
        _insert_rows(connection, "contents", len(CONTENT_COLUMNS), self.contents, start, count)


def _insert_rows(
    connection: sqlite3.Connection, table: str, width: int, values: list[Any], start: int, count: int
) -> None:
    for first in range(start, start + count, _ROWS_A_STATEMENT):
        rows = min(_ROWS_A_STATEMENT, start + count - first)
        connection.execute(_insertion(table, width, rows), values[first * width : (first + rows) * width])


@cache  # texts for each number of rows, as many as a statement may have
def _insertion(table: str, width: int, rows: int) -> str:
    marks = ",".join(["(" + ",".join("?" * width) + ")"] * rows)
    return f"INSERT INTO {table} VALUES {marks}"  # noqa: S608  # ours
