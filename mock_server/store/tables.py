"""Tables of deliveries: insert rows in large statements, and delete the oldest."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache

from callback_contract.mock_server.store.database import Database
from callback_contract.mock_server.store.rows import COLUMNS, CONTENT_COLUMNS, Row

__all__ = ["Tables"]

_ROWS_A_STATEMENT = 50  # SQLite releases Python's lock while it steps, so each step gets much work
_ROWS_A_PIECE = 500
_ROWS_A_DELETION = 4_000  # takes a third less than by 500: messages are scattered over their index, page by page

# One step finds which of the oldest are beyond the bounds; the newest delivery never is.
_PAST = """
SELECT max(id), count(*), sum(size) FROM (
  SELECT id, size, row_number() OVER (ORDER BY id) AS place, sum(size) OVER (ORDER BY id) AS upto
  FROM (SELECT id, size FROM deliveries ORDER BY id LIMIT ?)
) WHERE (place <= ? OR upto - size < ?) AND id <> ?
"""


class Tables:
    """The searchable deliveries; used by one thread at a time.

    Attributes:
        count: The number of deliveries.
        size: Their size in bytes, as the bounds count it.
        last: The newest delivery's id; 0 before the first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._forgotten = False  # of all of the content
        ((self.last, self.count, self.size),) = database.read(
            "SELECT coalesce(max(id), 0), count(*), coalesce(sum(size), 0) FROM deliveries"
        )

    def insert(self, rows: Sequence[Row], *, together: bool) -> None:
        """Insert the rows that are newer than the content.

        Args:
            together: Whether all or none are inserted; else readers may come between, and an error keeps a part.
        """
        self._put([row for row in rows if row.id > self.last], together=together)

    def take_up(self, rows: Sequence[Row]) -> None:
        """Insert the missing rows at any place, all of them or none."""
        if rows:
            between = "SELECT id FROM deliveries WHERE id BETWEEN ? AND ?"
            there = {identity for (identity,) in self._database.read(between, (rows[0].id, rows[-1].id))}
            self._put([row for row in rows if row.id not in there], together=True)

    def _put(self, rows: Sequence[Row], *, together: bool) -> None:
        step = len(rows) if together else _ROWS_A_PIECE
        for start in range(0, len(rows), step or 1):
            some = rows[start : start + step]
            with self._database.writing() as connection:
                if self._forgotten:
                    _clear(connection)
                for first in range(0, len(some), _ROWS_A_STATEMENT):
                    _insert(connection, some[first : first + _ROWS_A_STATEMENT])
            self._forgotten = False
            self.count, self.size = self.count + len(some), self.size + sum(row.size for row in some)
            self.last = max(self.last, some[-1].id)

    def trim(self, count: int, size: int, newest: int) -> None:
        """Delete the oldest deliveries beyond the bounds by a count or a size.

        Args:
            newest: The id of the newest delivery, which stays whatever its size.
        """
        if newest > self.last and (count >= self.count > 0 or size >= self.size > 0):
            # They are deleted with the next insertion, and shown until then, so that no reader finds an empty table.
            self._forgotten, self.count, self.size = True, 0, 0
            return
        while self.count and (count > 0 or size > 0):
            with self._database.writing() as connection:
                last, gone, gone_size = connection.execute(_PAST, (_ROWS_A_DELETION, count, size, newest)).fetchone()
                if not gone:
                    return
                for table in ("deliveries", "contents"):
                    connection.execute(f"DELETE FROM {table} WHERE id <= ?", (last,))  # noqa: S608  # constants
            self.count, self.size = self.count - gone, self.size - gone_size
            count, size = count - gone, size - gone_size

    def delete(self, chosen: str, values: Sequence[object]) -> int:
        """Delete the deliveries that a query of ids chooses; return how many these were."""
        with self._database.writing() as connection:
            if self._forgotten:
                _clear(connection)
            self._forgotten = False
            connection.execute(f"CREATE TEMP TABLE gone AS {chosen}", values)
            gone, gone_size = connection.execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM deliveries WHERE id IN gone"
            ).fetchone()
            for table in ("deliveries", "contents"):
                connection.execute(f"DELETE FROM {table} WHERE id IN gone")  # noqa: S608  # constants
            connection.execute("DROP TABLE gone")
        self.count, self.size = self.count - gone, self.size - gone_size
        return int(gone)


def _clear(connection: sqlite3.Connection) -> None:
    for table in ("deliveries", "contents"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  # constants; without WHERE it only frees the pages


def _insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    split = len(COLUMNS)
    values = [value for row in rows for value in row[:split]]
    connection.execute(_insertion("deliveries", split, len(rows)), values)
    values = [value for row in rows for value in (row.id, *row[split:])]
    connection.execute(_insertion("contents", len(CONTENT_COLUMNS), len(rows)), values)


@cache  # texts for each number of rows, as many as a statement may have
def _insertion(table: str, width: int, rows: int) -> str:
    marks = ",".join(["(" + ",".join("?" * width) + ")"] * rows)
    return f"INSERT INTO {table} VALUES {marks}"  # noqa: S608  # constants
