"""Decides when what came is written: in batches, by one thread, and on the disk before it is acknowledged.

In memory an answer does not wait, and batches are gathered for a moment. With a file the answer waits for the commit
of its batch: everything that comes while one batch is being committed is the next one, so that many deliveries share
one wait for the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from mock_server.assessing import Assessment
from mock_server.receiver import Received, Reply
from mock_server.recording.database import Database
from mock_server.recording.reading import Reader
from mock_server.recording.rows import COLUMNS, CONTENT_COLUMNS, Noted, Rows
from openapi.model import Contract

__all__ = ["KEEP", "KEEP_BYTES", "Recorder"]

KEEP = 100_000
KEEP_BYTES = 256 * 1024 * 1024

_GATHER_S = 0.02  # in memory: a row costs less in company
_ROWS_A_STATEMENT = 50  # SQLite works without Python's lock while it steps, so each step has much to do
_MOST_WAITING, _MOST_WAITING_BYTES = 2_000, 32 * 1024 * 1024

Kept = Callable[[bool], None]


@dataclass(eq=False)
class _Batch:
    """What is written together, and who waits for it."""

    noted: list[Noted] = field(default_factory=list)
    body_bytes: int = 0
    waiting: list[tuple[asyncio.AbstractEventLoop, Kept]] = field(default_factory=list)
    kept: bool | None = None


class Recorder:
    """Writes every exchange of a receiver; `observe` is its observer.

    Args:
        store: A file that outlives the process; None for memory.
        keep: How many deliveries are kept, the newest.
        keep_bytes: How many bytes they have together; the newest is kept whatever its size.
        redact: Whether the values of headers that carry credentials are left out.
        trouble: Told once when nothing can be written any more, and once when it can again.

    Attributes:
        reader: The read side, see there.

    Raises:
        KitError: The store cannot be used.
    """

    def __init__(
        self,
        contract: Contract,
        store: Path | None = None,
        *,
        keep: int = KEEP,
        keep_bytes: int = KEEP_BYTES,
        redact: bool = True,
        trouble: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._database = Database(store)
        self._durable = store is not None
        self._keep, self._keep_bytes, self._trouble = keep, keep_bytes, trouble
        self._rows = Rows(contract, redact=redact)
        self._lock = threading.Condition()
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._batch = self._latest = _Batch()
        self._closing = self._troubled = False
        self._number = self._count = self._bytes = 0
        self._take_up()
        self.reader = Reader(self._database, self.flush, contract)
        self.reader.came(self._number)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def observe(self, received: Received, assessment: Assessment | None, reply: Reply) -> None:
        """Notes an exchange. Waits only when the writer is far behind: memory is bounded, too."""
        elapsed_s = time.perf_counter() - received.arrived
        noted = Noted(time.time(), received, assessment, reply, elapsed_s)
        with self._lock:
            batch = self._latest = self._batch
            batch.noted.append(noted)
            batch.body_bytes += len(received.body)
            if len(batch.noted) == 1:
                self._wake.set()
            while (
                len(self._batch.noted) >= _MOST_WAITING or self._batch.body_bytes >= _MOST_WAITING_BYTES
            ) and self._thread.is_alive():
                self._hurry.set()
                self._lock.wait(1.0)

    @property
    def keeper(self) -> Recorder | None:
        """What an answer has to ask before it goes out; None in memory, where answers do not wait."""
        return self if self._durable else None

    def when_kept(self, loop: asyncio.AbstractEventLoop, call: Kept) -> None:
        """Calls back in the loop, once what was noted last is on the disk (True) or could not be written (False)."""
        with self._lock:
            if self._latest.kept is None and self._latest.noted:
                self._latest.waiting.append((loop, call))
                return
            kept = self._latest.kept is not False
        loop.call_soon(call, kept)

    def flush(self) -> None:
        """Returns once everything that was noted before is written, or could not be."""
        # A listener runs in the writer's own thread, after what it is told of was written.
        if threading.current_thread() is self._thread:
            return
        with self._lock:
            latest = self._latest
            while latest.noted and latest.kept is None and self._thread.is_alive():
                self._hurry.set()
                self._lock.wait(1.0)

    def close(self) -> None:
        """Writes what is left and closes the store."""
        self._closing = True
        self._wake.set()
        self._hurry.set()
        self._thread.join()
        self.reader.close()
        self._database.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _take_up(self) -> None:
        """Goes on where the store's last server stopped."""
        ((number, count, size),) = self._database.read(
            "SELECT coalesce(max(id), 0), count(*), coalesce(sum(size), 0) FROM deliveries"
        )
        self._number, self._count, self._bytes = number, count, size
        orders = {callback.name: callback.delivery.order for callback in self._rows.contract.callbacks}
        known = "SELECT callback, message, event, state, status, wire FROM deliveries WHERE event IS NOT NULL"
        for callback, message, event, state, status, wire in self._database.read(f"{known} ORDER BY id"):
            acknowledged = 200 <= status <= 299 and not wire
            order = orders.get(callback)
            self._rows.lives.met((callback, message), event, state, order, acknowledged)
            self._rows.lives.settle(kept=True)

    def _work(self) -> None:
        while True:
            self._wake.wait()
            if not self._durable and not self._closing:
                self._hurry.wait(_GATHER_S)
            self._hurry.clear()
            with self._lock:
                batch, self._batch = self._batch, _Batch()
                self._wake.clear()
                self._lock.notify_all()
            if batch.noted:
                self._write(batch)
            elif self._closing:
                return
            if self._closing:
                self._wake.set()

    def _write(self, batch: _Batch) -> None:
        try:
            self._insert(batch.noted)
            kept = True
        except Exception as error:  # a full disk above all; whatever it is, the server lives on and says it
            kept = False
            reason = str(error) if isinstance(error, sqlite3.Error | OSError) else repr(error)
        self._rows.lives.settle(kept=kept)
        with self._lock:
            batch.kept = kept
            waiting, batch.waiting = batch.waiting, []
            self._lock.notify_all()
        for loop in {loop for loop, _ in waiting}:
            calls = [call for its, call in waiting if its is loop]
            try:
                loop.call_soon_threadsafe(partial(_call_all, calls, kept))
            except RuntimeError:  # the loop is closed: nobody waits any more
                continue
        if kept:
            self.reader.came(self._number)
        if kept == self._troubled:
            self._troubled = not kept
            self._trouble("deliveries are kept again" if kept else f"deliveries cannot be kept: {reason}")

    def _insert(self, noted: Sequence[Noted]) -> None:
        # The database's lock is held for a piece at a time; where nothing waits for a commit, readers come between.
        pieces = [noted] if self._durable else _pieces(noted, 10 * _ROWS_A_STATEMENT)
        for piece in pieces:
            pairs = [self._rows.of(number, one) for number, one in enumerate(piece, self._number + 1)]
            count, size = self._count + len(pairs), self._bytes + sum(row[-1] for row, _ in pairs)
            with self._database.writing() as connection:
                for some in _pieces(pairs, _ROWS_A_STATEMENT):
                    _insert_rows(connection, "deliveries", COLUMNS, [row for row, _ in some])
                    _insert_rows(connection, "contents", CONTENT_COLUMNS, [content for _, content in some])
                gone, gone_bytes = self._forget(connection, count, size)
            self._number += len(pairs)
            self._count, self._bytes = count - gone, size - gone_bytes

    def _forget(self, connection: sqlite3.Connection, count: int, size: int) -> tuple[int, int]:
        """Deletes the oldest past the bounds; returns how many deliveries and bytes went."""
        gone = gone_bytes = last = 0
        if count <= self._keep and size <= self._keep_bytes:
            return 0, 0
        for identity, its_size in connection.execute("SELECT id, size FROM deliveries ORDER BY id"):
            if count - gone <= 1 or (count - gone <= self._keep and size - gone_bytes <= self._keep_bytes):
                break
            gone, gone_bytes, last = gone + 1, gone_bytes + its_size, identity
        for table in ("deliveries", "contents"):
            connection.execute(f"DELETE FROM {table} WHERE id <= ?", (last,))  # noqa: S608  # ours
        return gone, gone_bytes


def _call_all(calls: Sequence[Kept], kept: bool) -> None:
    for call in calls:
        call(kept)


def _pieces(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece


def _insert_rows(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    marks = ",".join(["(" + ",".join("?" * len(columns)) + ")"] * len(rows))
    values = [value for row in rows for value in row]
    connection.execute(f"INSERT INTO {table} VALUES {marks}", values)  # noqa: S608  # names and marks, no text
