"""Decides when what came is written: in batches, and into the file before it is acknowledged.

Rows are made by the thread that serves, while what they are made of is at hand, and the same thread writes them when
there is company enough: handing them to another one costs as much as writing them. In memory that is every few dozen
deliveries, and an answer does not wait; with a file it is once for all the requests that were read in one turn of the
event loop, whose answers go out then. A second thread writes what is left over after a moment, or when somebody wants
to look at it or holds the database, and tells those who listen.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mock_server.assessing import Assessment
from mock_server.receiver import Received, Reply
from mock_server.recording.batches import Batch, Kept
from mock_server.recording.database import Database
from mock_server.recording.lives import Lives
from mock_server.recording.reading import Reader
from mock_server.recording.rows import Rows
from openapi.model import Contract

__all__ = ["KEEP", "KEEP_BYTES", "Recorder"]

KEEP = 100_000
KEEP_BYTES = 256 * 1024 * 1024

_GATHER_S = 0.02  # what lacks company waits no longer
_ROWS_A_PIECE = 500
_COMPANY = 200  # rows cost less together: pages are changed and journalled once for all of them
_MOST_WAITING, _MOST_WAITING_BYTES = 2_000, 32 * 1024 * 1024


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
        self._turn = threading.Lock()  # who holds it writes
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._batch = self._latest = Batch()
        self._closing = self._troubled = self._due = False
        self._number = self._count = self._bytes = 0
        self._take_up()
        self.reader = Reader(self._database, self.flush, contract)
        self.reader.wrote(self._number)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def observe(self, received: Received, assessment: Assessment | None, reply: Reply) -> None:
        """Notes an exchange. Waits only when the writer is far behind: memory is bounded, too."""
        elapsed_s = time.perf_counter() - received.arrived
        with self._lock:
            batch = self._latest = self._batch
            self._number = batch.last = number = self._number + 1
            try:
                row, content = self._rows.of(number, time.time(), received, assessment, reply, elapsed_s)
            except Exception as error:  # the answer goes out, whatever it is; the writer says it
                batch.error = error
            else:
                batch.rows += row
                batch.contents += content
                batch.body_bytes += len(received.body)
            batch.count += 1
            if not self._wake.is_set():
                self._wake.set()
        if batch.count >= _COMPANY and not self._durable:
            self._write_here()
        if batch.count >= _MOST_WAITING or batch.body_bytes >= _MOST_WAITING_BYTES:
            self._wait_for(batch)

    @property
    def keeper(self) -> Recorder | None:
        """What an answer has to ask before it goes out; None in memory, where answers do not wait."""
        return self if self._durable else None

    def when_kept(self, loop: asyncio.AbstractEventLoop, call: Kept) -> None:
        """Calls back in the loop, which runs, once what was noted last is kept (True) or could not be (False)."""
        with self._lock:
            latest = self._latest
            if latest.kept is None and latest.count:
                latest.waiting.append((loop, call))
                if self._due:
                    return
                self._due = True
        if latest.kept is None and latest.count:
            loop.call_soon(self._write_here, loop)
        else:
            loop.call_soon(call, latest.kept is not False)

    def flush(self) -> None:
        """Returns once everything that was noted before is written, or could not be."""
        # A listener runs in the recorder's own thread, after what it is told of was written.
        if threading.current_thread() is not self._thread and self._latest.count:
            self._wait_for(self._latest)

    def _wait_for(self, batch: Batch) -> None:
        with self._lock:
            while batch.kept is None and self._thread.is_alive():
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
            self._rows.lives.undo()  # final: it is in the store

    def _work(self) -> None:
        while True:
            self._wake.wait()
            closing = self._closing
            if not closing:
                self._hurry.wait(_GATHER_S)
            self._hurry.clear()
            self._wake.clear()
            with self._turn:
                self._write(self._taken())
            self.reader.tell()
            if closing:
                return

    def _write_here(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Writes what came in the thread that serves, in whose loop this runs; left to the other one if it is busy."""
        self._due = False
        if not self._turn.acquire(blocking=False):
            self._hurry.set()
            return
        try:
            if self._database.is_free():
                self._write(self._taken(), loop)
            else:
                self._hurry.set()
        finally:
            self._turn.release()

    def _taken(self) -> Batch:
        with self._lock:
            batch, self._batch = self._batch, Batch()
            batch.undo = self._rows.lives.undo()
        return batch

    def _write(self, batch: Batch, here: asyncio.AbstractEventLoop | None = None) -> None:
        if not batch.count:
            return
        try:
            if batch.error is not None:
                raise batch.error
            self._insert(batch)
            kept = True
        except Exception as error:  # a full disk above all; whatever it is, the server lives on and says it
            kept = False
            reason = str(error) if isinstance(error, sqlite3.Error | OSError) else repr(error)
        if kept:
            self.reader.wrote(batch.last)
        with self._lock:
            if not kept:
                Lives.take_back(batch.undo)
            batch.kept = kept
            self._lock.notify_all()
        for loop in {loop for loop, _ in batch.waiting}:
            calls = [call for its, call in batch.waiting if its is loop]
            if loop is here:
                _call_all(calls, kept)
                continue
            try:
                loop.call_soon_threadsafe(partial(_call_all, calls, kept))
            except RuntimeError:  # the loop is closed: nobody waits any more
                continue
        if kept == self._troubled:
            self._troubled = not kept
            self._trouble("deliveries are kept again" if kept else f"deliveries cannot be kept: {reason}")

    def _insert(self, batch: Batch) -> None:
        # The database's lock is held for a piece at a time; where nobody waits for a commit, readers come between.
        step = batch.count if self._durable else _ROWS_A_PIECE
        for start in range(0, batch.count, step):
            count = min(step, batch.count - start)
            size = batch.size_of(start, count)
            with self._database.writing() as connection:
                batch.insert(connection, start, count)
                gone, gone_bytes = self._forget(connection, self._count + count, self._bytes + size)
            self._count, self._bytes = self._count + count - gone, self._bytes + size - gone_bytes

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
