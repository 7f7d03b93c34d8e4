"""Recorder of exchanges: writes each one before its response is sent, and moves them into tables later.

The serving thread makes the rows, while their sources are at hand. They wait in memory, or, with a store, in a
write-ahead log: all requests of one turn of the event loop are appended together before they get their responses. A
second thread moves them into the tables when a reader asks, or when few arrive; a delivery that retention forgets
meanwhile never costs a database write. This thread also notifies the listeners.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from callback_contract.mock_server.receiver.receiver import Response
from callback_contract.mock_server.receiver.request import Request
from callback_contract.mock_server.store.buffer import Buffer, BufferedRows, Segment
from callback_contract.mock_server.store.database import Database, is_locked, unusable
from callback_contract.mock_server.store.durability import Batch, Kept
from callback_contract.mock_server.store.history import Lives
from callback_contract.mock_server.store.reader import Reader
from callback_contract.mock_server.store.retention import KEEP, KEEP_BYTES, Bounds
from callback_contract.mock_server.store.rows import Row, Rows
from callback_contract.mock_server.store.tables import Tables
from callback_contract.mock_server.store.write_ahead_log import ForeignLog, LogFile, WriteAheadLog
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.text.message import Text

__all__ = ["KEEP", "KEEP_BYTES", "Recorder"]

_LOOKS_S = 0.02  # delay until listeners are notified of a delivery
_MUCH = 20  # deliveries between two checks; moving each takes longer than its response, so they wait
_MOST_TOGETHER = 100
_MOST_SETTLING, _MOST_SETTLING_BYTES = 50, 8 * 1024 * 1024  # of segments in SQLite's log and not yet in its file
_MOST_ASIDE = 16  # segments that an error of the kit keeps out of the tables


class Recorder:
    """Recorder of a receiver's exchanges; `observe` is its observer.

    Args:
        store: A file that outlives the process; None for memory.
        keep: The number of deliveries to keep, the newest ones.
        keep_bytes: Their most bytes together; the newest is kept whatever its size.
        redact: Whether the values of headers and query parameters that carry credentials are left out.
        trouble: Receives a message when writing fails, when it works again, and for each loss.

    Attributes:
        reader: The read side.
        found: The number of deliveries already in the store.

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
        trouble: Callable[[Text], None] = lambda text: None,
    ) -> None:
        self._database = Database(store)
        self._trouble = trouble
        self._rows = Rows(contract, redact=redact, revocable=store is not None)
        self._tables, self._waiting = Tables(self._database), Buffer()
        self._bounds = Bounds(self._tables, self._waiting, keep, keep_bytes, on_disk=store is not None)
        self._log = None if store is None else WriteAheadLog(store, self._database.identity)
        self._lock = threading.RLock()  # guards the waiting rows
        self._turn = threading.RLock()  # guards the tables; a thread that needs both locks takes it first
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._rows_here, self._moving = BufferedRows(), False
        self._aside: deque[Segment] = deque()
        self._settling: list[Segment] = []
        self._batch, self._latest = Batch(), Batch(kept=True)  # before the first delivery nothing has to be kept
        self._closing = self._troubled = self._stuck = self._is_awake = False
        self._number = self._kept = self._tables.last
        self.reader = Reader(self._database, self.flush, contract, self.delete)
        try:
            self._take_up()
        except (sqlite3.Error, OSError) as error:
            self._database.close()
            raise unusable(store, error) from None
        self.found = self._tables.count
        self.reader.wrote(self._kept)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def observe(
        self, received: Request, assessment: Assessment | None, reply: Response, at: float | None = None
    ) -> None:
        """Record an exchange; wait only when the tables are far behind.

        This bounds memory.

        Args:
            at: Seconds since 1970 when it came; None for now.
        """
        elapsed_s = time.perf_counter() - received.arrived
        with self._lock:
            self._number = number = self._number + 1
            batch = self._latest = self._batch
            try:
                row = self._rows.of(number, at or time.time(), received, assessment, reply, elapsed_s)
            except Exception as error:  # the response is sent, whatever the error
                batch.error = error
            else:
                batch.rows.append(row)
                if assessment is not None and assessment.effect is not None:
                    batch.effects.append(assessment.effect)
        if len(batch.rows) >= _MOST_TOGETHER or batch.error is not None:
            self._write()
        if not self._is_awake:
            self._is_awake = True
            self._wake.set()

    @property
    def keeper(self) -> Recorder | None:
        """The object that a response waits for; None in memory."""
        return None if self._log is None else self

    def when_kept(self, loop: asyncio.AbstractEventLoop, call: Kept) -> None:
        """Call back in the running loop once the last exchange is kept or lost.

        The argument is whether it is kept.
        """
        with self._lock:
            batch = self._latest
            if batch.kept is None:
                batch.waiting.setdefault(loop, []).append(call)
                if not batch.due:
                    batch.due = True
                    loop.call_soon(self._write, batch)
                return
        loop.call_soon(call, batch.kept)

    def flush(self) -> None:
        """Wait until all earlier deliveries are in the tables, or cannot be moved there."""
        noted = self._number
        with self._turn:
            while self._tables.last < noted and self._move():
                pass
            self._trim()
        self.reader.wrote(self._kept)

    def delete(self, chosen: str, values: Sequence[object]) -> int:
        """Delete the deliveries that a query of ids chooses; what the receiver knows of them stays.

        Log files are deleted first: the next server takes up what is in them and not in the tables.
        """
        with self._turn:
            self.flush()
            self._settle()
            return self._tables.delete(chosen, values)

    def close(self) -> None:
        """Move the rest into the tables and close the store."""
        self._closing = True
        self._wake.set()
        self._hurry.set()
        self._thread.join()
        self.flush()
        self._settle()
        self.reader.close()
        self._database.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _take_up(self) -> None:
        """Take over the deliveries of the store's last server."""
        newest = 0
        for left in self._log.left() if self._log else ():
            try:
                rows = left.rows()
                newest = max([newest, *[row.id for row in rows]])
                self._tables.take_up(rows)
            except (sqlite3.Error, OSError, MemoryError):
                raise
            except ForeignLog:
                self._tell_foreign(left)
            except Exception as error:  # an error of the kit
                self._trouble(Text("mock.left-in", path=str(left.path), why=repr(error)))
            else:
                self._settling.append(left)
                self._tell_damage(left)
        self._settle()
        self._number = self._kept = max(self._tables.last, newest)
        self._trim()
        orders = {callback.name: callback.delivery.order for callback in self._rows.contract.callbacks}
        known = "SELECT callback, message, event, state, status, wire FROM deliveries WHERE event IS NOT NULL"
        for callback, message, event, state, status, wire in self._database.read(f"{known} ORDER BY id"):
            acknowledged = 200 <= status <= 299 and not wire
            self._rows.lives.met((callback, message), event, state, orders.get(callback), acknowledged)
        self._rows.lives.undo()  # final: it is in the store

    def _work(self) -> None:
        while not self._closing:
            self._wake.wait()
            seen = self._number
            self._hurry.wait(_LOOKS_S)
            self._wake.clear()
            self._hurry.clear()
            self._is_awake = False
            self._write()
            is_busy = self._number - seen > _MUCH
            if is_busy or self._move():
                self._wake.set()  # there is more
            if not is_busy or max(self._bounds.past_slack()) > 0:
                self._trim()
            self.reader.wrote(self._kept)
            self.reader.tell()

    def _write(self, batch: Batch | None = None) -> None:
        """Write the batch to the log or the buffer, once, whichever thread comes first.

        Called without the lock: a thread with the lock must not wait for a turn.
        """
        with self._lock:
            taken = self._batch
            if not (taken.rows or taken.error) or (batch is not None and batch is not taken):
                return
            self._batch = Batch()
            undo = self._rows.lives.undo()
            try:
                if taken.error is not None:
                    raise taken.error
                self._wait(taken.rows)
            except Exception as error:  # usually a full disk; whatever it is, the server continues and reports it
                Lives.take_back(undo)
                taken.kept, reason = False, str(error) if isinstance(error, OSError) else repr(error)
            else:
                taken.kept, reason, self._kept = True, "", taken.rows[-1].id
                for effect in taken.effects:
                    effect()
        if max(self._bounds.past_all()) > 0:  # the tables are far behind
            if self._stuck:  # a response must not wait for another program's transaction
                self._forget_waiting()
            else:
                self._trim()
        if bool(reason) != self._troubled:
            self._troubled = bool(reason)
            kept = Text("mock.kept-again")
            self._trouble(Text("mock.cannot-be-kept", why=reason) if reason else kept)
        taken.settle(taken.kept)

    def _wait(self, rows: Sequence[Row]) -> None:
        if (self._log or self._rows_here).append(rows):
            self._end_segment()

    def _end_segment(self) -> None:
        """Complete the current segment, so that it can be moved or forgotten."""
        ended: Segment | None
        if self._log is not None:
            ended = self._log.end()
        else:
            ended, self._rows_here = self._rows_here, BufferedRows()
        if ended is not None and ended.count:
            self._waiting.add(ended)
        if not self._tables.count and not self._moving:
            self._waiting.forget(*self._bounds.past())

    def _trim(self) -> bool:
        """Forget the oldest deliveries beyond the bounds; return whether it succeeded."""
        with self._turn:
            try:
                self._tables.trim(*self._bounds.past(), newest=self._kept)
            except sqlite3.Error as error:
                self._get_stuck(error)
                self._forget_waiting()
                return False
            return True

    def _forget_waiting(self) -> None:
        """Bound memory and disk by the waiting deliveries, whatever the tables do."""
        with self._lock:
            self._waiting.forget(*self._bounds.past_all())

    def _move(self) -> bool:
        """Move the oldest segment into the tables; return whether another try is useful."""
        with self._turn:
            self._write()
            with self._lock:
                self._end_segment()
            # In one piece where it is the whole content, which is no longer the case once this segment is in.
            if not self._trim():
                return False
            with self._lock:
                if not self._tables.count:
                    self._waiting.forget(*self._bounds.past())
                if not self._waiting.segments:
                    return False
                segment, self._moving = self._waiting.segments[0], True
            try:
                self._tables.insert(segment.rows(), together=self._log is not None)
            except FileNotFoundError as error:
                self._trouble(Text("mock.lost", count=segment.count, file=str(error.filename)))
                self._leave(segment)
            except ForeignLog:  # this process wrote it, so the file was replaced or nothing of it is left
                self._tell_foreign(segment)
                self._leave_aside(segment)
            except (sqlite3.DatabaseError, OSError, MemoryError) as error:  # usually a full disk: the deliveries wait
                self._get_stuck(error)
                if not isinstance(error, (sqlite3.ProgrammingError, sqlite3.DataError)):
                    return False
                self._leave_aside(segment)
            except Exception as error:  # an error of the kit must not hide the deliveries that follow
                self._get_stuck(error)
                self._leave_aside(segment)
            else:
                self._stuck = False
                self._tell_damage(segment)
                self._leave(segment)
            finally:
                self._moving = False
            return True

    def _leave(self, segment: Segment) -> None:
        with self._lock:
            self._waiting.leave(segment, drop=self._log is None)
        if self._log is None:
            return
        self._settling.append(segment)
        size = sum(one.size for one in self._settling)
        if segment.left_out.bytes or len(self._settling) >= _MOST_SETTLING or size >= _MOST_SETTLING_BYTES:
            self._settle()

    def _settle(self) -> None:
        """Delete log files whose deliveries are in SQLite's file itself."""
        with self._turn:
            if not (self._settling and self._database.settle()):
                return
            settled, self._settling = self._settling, []
            for segment in settled:
                segment.drop()

    def _tell_damage(self, segment: Segment) -> None:
        if isinstance(segment, LogFile) and (damage := segment.damage()):
            self._trouble(damage)
            left_out = segment.left_out
            told = {"file": segment.path.name, "bytes": left_out.bytes, "deliveries": left_out.deliveries}
            self.reader.damaged.append(told)

    def _tell_foreign(self, segment: Segment) -> None:
        if isinstance(segment, LogFile):
            self._trouble(Text("mock.left-in", path=str(segment.path), why=Text("mock.of-another-store")))

    def _leave_aside(self, segment: Segment) -> None:
        """Set a segment aside for the next start, up to a limit.

        A newer program may be able to read it.
        """
        with self._lock:
            self._waiting.leave(segment, drop=self._log is None)
            self._aside.append(segment)
            if len(self._aside) > _MOST_ASIDE:
                self._aside.popleft().drop()

    def _get_stuck(self, error: Exception) -> None:
        if not self._stuck:
            self._stuck = True
            reason = str(error) if isinstance(error, sqlite3.Error | OSError) else repr(error)
            if is_locked(error):
                reason = Text("mock.store-held", why=reason)
            self._trouble(Text("mock.cannot-be-shown", why=reason))
