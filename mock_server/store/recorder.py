"""Recorder of what came: written before its answer goes out, and into the tables when there is time or a reader.

Rows are made by the thread that serves, while what they are made of is at hand. They wait in memory, or, with a store,
in a journal beside it, to which all the requests that were read in one turn of the event loop are appended at once
before they are answered. From there they come into the tables when somebody looks, or when little comes, by a second
thread; what retention forgets meanwhile never costs what a database costs. That thread also tells those who listen.
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
from callback_contract.mock_server.store.database import Database, unusable
from callback_contract.mock_server.store.durability import Batch, Kept
from callback_contract.mock_server.store.history import Lives
from callback_contract.mock_server.store.reader import Reader
from callback_contract.mock_server.store.retention import KEEP, KEEP_BYTES, Bounds
from callback_contract.mock_server.store.rows import Row, Rows
from callback_contract.mock_server.store.tables import Tables
from callback_contract.mock_server.store.write_ahead_log import ForeignLog, LogFile, WriteAheadLog
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.text.plural import counted

__all__ = ["KEEP", "KEEP_BYTES", "Recorder"]

_LOOKS_S = 0.02  # how soon those who listen hear of a delivery
_MUCH = 20  # deliveries between two looks, of which each takes longer to move than to answer: they wait
_MOST_TOGETHER = 100
_MOST_SETTLING, _MOST_SETTLING_BYTES = 50, 8 * 1024 * 1024  # of stretches that SQLite's log has and its file lacks
_MOST_ASIDE = 16  # stretches that an error of our own keeps out of the tables


class Recorder:
    """Writes every exchange of a receiver; `observe` is its observer.

    Args:
        store: A file that outlives the process; None for memory.
        keep: How many deliveries are kept, the newest.
        keep_bytes: How many bytes they have together; the newest is kept whatever its size.
        redact: Whether the values of headers and query parameters that carry credentials are left out.
        trouble: Told once when nothing can be written any more, and once when it can again; and of what is lost.

    Attributes:
        reader: The read side, see there.
        found: How many deliveries the store already held.

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
        self._trouble = trouble
        self._rows = Rows(contract, redact=redact, revocable=store is not None)
        self._tables, self._waiting = Tables(self._database), Buffer()
        self._bounds = Bounds(self._tables, self._waiting, keep, keep_bytes, on_disk=store is not None)
        self._journal = None if store is None else WriteAheadLog(store, self._database.identity)
        self._lock = threading.RLock()  # over what waits
        self._turn = threading.RLock()  # over the tables; who needs both takes it first
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._rows_here, self._moving = BufferedRows(), False
        self._aside: deque[Segment] = deque()
        self._settling: list[Segment] = []
        self._batch, self._latest = Batch(), Batch(kept=True)  # before the first delivery nothing has to be kept
        self._closing = self._troubled = self._stuck = self._is_awake = False
        self._number = self._kept = self._tables.last
        self.reader = Reader(self._database, self.flush, contract)
        try:
            self._take_up()
        except (sqlite3.Error, OSError) as error:
            self._database.close()
            raise unusable(store, error) from None
        self.found = self._tables.count
        self.reader.wrote(self._kept)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def observe(self, received: Request, assessment: Assessment | None, reply: Response) -> None:
        """Notes an exchange. Waits only when the tables are far behind: memory is bounded, too."""
        elapsed_s = time.perf_counter() - received.arrived
        with self._lock:
            self._number = number = self._number + 1
            batch = self._latest = self._batch
            try:
                row = self._rows.of(number, time.time(), received, assessment, reply, elapsed_s)
            except Exception as error:  # the answer goes out, whatever it is
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
        """What an answer has to ask before it goes out; None in memory, where answers do not wait."""
        return None if self._journal is None else self

    def when_kept(self, loop: asyncio.AbstractEventLoop, call: Kept) -> None:
        """Calls back in the loop, which runs, once what was noted last is kept (True) or could not be (False)."""
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
        """Returns once everything that was noted before is in the tables, or could not be brought there."""
        noted = self._number
        with self._turn:
            while self._tables.last < noted and self._move():
                pass
            self._trim()
        self.reader.wrote(self._kept)

    def close(self) -> None:
        """Brings what is left into the tables and closes the store."""
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
        """Goes on where the store's last server stopped."""
        newest = 0
        for left in self._journal.left() if self._journal else ():
            try:
                rows = left.rows()
                newest = max([newest, *[row[0] for row in rows]])
                self._tables.take_up(rows)
            except (sqlite3.Error, OSError, MemoryError):
                raise
            except ForeignLog:
                self._tell_foreign(left)
            except Exception as error:  # of our own
                self._trouble(f"deliveries are left in {left.path}: {error!r}")
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
        """Has what came wait for the tables, in the journal if there is one; once, whoever comes first.

        Called without the lock: who holds it may not wait for a turn.
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
            except Exception as error:  # a full disk above all; whatever it is, the server lives on and says it
                Lives.take_back(undo)
                taken.kept, reason = False, str(error) if isinstance(error, OSError) else repr(error)
            else:
                taken.kept, reason, self._kept = True, "", taken.rows[-1][0]
                for effect in taken.effects:
                    effect()
        if max(self._bounds.past_all()) > 0:  # the tables are far behind
            if self._stuck:  # an answer must not wait for another program's transaction
                self._forget_waiting()
            else:
                self._trim()
        if bool(reason) != self._troubled:
            self._troubled = bool(reason)
            self._trouble(f"deliveries cannot be kept: {reason}" if reason else "deliveries are kept again")
        taken.settle(taken.kept)

    def _wait(self, rows: Sequence[Row]) -> None:
        if (self._journal or self._rows_here).append(rows):
            self._end_stretch()

    def _end_stretch(self) -> None:
        """Lets another stretch begin, so that the one before can be moved or forgotten."""
        ended: Segment | None
        if self._journal is not None:
            ended = self._journal.end()
        else:
            ended, self._rows_here = self._rows_here, BufferedRows()
        if ended is not None and ended.count:
            self._waiting.add(ended)
        if not self._tables.count and not self._moving:
            self._waiting.forget(*self._bounds.past())

    def _trim(self) -> bool:
        """Forgets what is past the bounds, the oldest first; returns whether that can be done."""
        with self._turn:
            try:
                self._tables.trim(*self._bounds.past(), newest=self._kept)
            except sqlite3.Error as error:
                self._get_stuck(error)
                self._forget_waiting()
                return False
            return True

    def _forget_waiting(self) -> None:
        """Bounds memory and disk by what waits, whatever becomes of the tables."""
        with self._lock:
            self._waiting.forget(*self._bounds.past_all())

    def _move(self) -> bool:
        """Moves the oldest stretch into the tables; returns whether it may be worth while to come again."""
        with self._turn:
            self._write()
            with self._lock:
                self._end_stretch()
            # At once where it is all that is there, which it is not any more once this stretch is.
            if not self._trim():
                return False
            with self._lock:
                if not self._tables.count:
                    self._waiting.forget(*self._bounds.past())
                if not self._waiting.stretches:
                    return False
                stretch, self._moving = self._waiting.stretches[0], True
            try:
                self._tables.insert(stretch.rows(), together=self._journal is not None)
            except FileNotFoundError as error:
                lost = counted(stretch.count, "delivery is", "deliveries are")
                self._trouble(f"{lost} lost: somebody deleted {error.filename}")
                self._leave(stretch)
            except ForeignLog:  # we wrote it, so somebody replaced it or nothing of it is left
                self._tell_foreign(stretch)
                self._leave_aside(stretch)
            except (sqlite3.DatabaseError, OSError, MemoryError) as error:  # a full disk above all: they wait on
                self._get_stuck(error)
                if not isinstance(error, (sqlite3.ProgrammingError, sqlite3.DataError)):
                    return False
                self._leave_aside(stretch)
            except Exception as error:  # an error of our own must not keep those that follow from being seen
                self._get_stuck(error)
                self._leave_aside(stretch)
            else:
                self._stuck = False
                self._tell_damage(stretch)
                self._leave(stretch)
            finally:
                self._moving = False
            return True

    def _leave(self, stretch: Segment) -> None:
        with self._lock:
            self._waiting.leave(stretch, drop=self._journal is None)
        if self._journal is None:
            return
        self._settling.append(stretch)
        size = sum(one.size for one in self._settling)
        if stretch.left_out.bytes or len(self._settling) >= _MOST_SETTLING or size >= _MOST_SETTLING_BYTES:
            self._settle()

    def _settle(self) -> None:
        """Lets go of the files whose deliveries are in the tables once SQLite's own log is not needed for that."""
        with self._turn:
            if not (self._settling and self._database.settle()):
                return
            settled, self._settling = self._settling, []
            for stretch in settled:
                stretch.drop()

    def _tell_damage(self, stretch: Segment) -> None:
        if isinstance(stretch, LogFile) and (damage := stretch.damage()):
            self._trouble(damage)
            left_out = stretch.left_out
            told = {"file": stretch.path.name, "bytes": left_out.bytes, "deliveries": left_out.deliveries}
            self.reader.damaged.append(told)

    def _tell_foreign(self, stretch: Segment) -> None:
        if isinstance(stretch, LogFile):
            self._trouble(f"deliveries are left in {stretch.path}: they are of another store")

    def _leave_aside(self, stretch: Segment) -> None:
        """Lets the next start try it again, perhaps with a better program; not without bounds."""
        with self._lock:
            self._waiting.leave(stretch, drop=self._journal is None)
            self._aside.append(stretch)
            if len(self._aside) > _MOST_ASIDE:
                self._aside.popleft().drop()

    def _get_stuck(self, error: Exception) -> None:
        if not self._stuck:
            self._stuck = True
            reason = str(error) if isinstance(error, sqlite3.Error | OSError) else repr(error)
            if "locked" in reason:
                reason = f"another program holds the store ({reason})"
            self._trouble(f"deliveries are kept and cannot be shown: {reason}")
