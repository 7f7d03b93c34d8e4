"""Database of a store: identifies and opens the SQLite file, and creates its tables.

In memory there is one connection behind one lock. A file is in WAL mode: one connection writes, another reads without
waiting for it, and a commit returns when the bytes are with the operating system (synchronous = NORMAL).
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from callback_contract.mock_server.store.rows import COLUMNS, CONTENT_COLUMNS
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["APPLICATION_ID", "IDENTITY_BYTES", "IDENTITY_QUERY", "Database", "is_locked", "unusable"]

APPLICATION_ID = 0xCA11BAC
IDENTITY_BYTES = 16
IDENTITY_QUERY = "SELECT identity FROM store"
_SCHEMA = 3  # 2: a write-ahead log of our own, which older programs ignore; 3: each of its frames begins with a mark
_BUSY_S = 0.2  # enough for the usual commit of another program; a longer one must not delay a reader
_LAYOUT = f"""
CREATE TABLE deliveries (id INTEGER PRIMARY KEY, {", ".join(COLUMNS[1:])});
CREATE TABLE contents (id INTEGER PRIMARY KEY, {", ".join(CONTENT_COLUMNS[1:])});
CREATE INDEX by_message ON deliveries (message, id) WHERE message <> '';
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {_SCHEMA};
"""
_IDENTITY = f"""
CREATE TABLE store (identity);
INSERT INTO store VALUES (randomblob({IDENTITY_BYTES}));
"""  # noqa: S608  # the text is a constant


class Database:
    """The tables of deliveries, in memory or in a file.

    Attributes:
        identity: Unique bytes of the file; empty in memory.

    Raises:
        KitError: The file is not a store, is of a newer program, is not writable, or is in use.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.identity = b""
        self._write_lock = threading.RLock()
        if file is None:
            self._writer = self._reader = self._connect(":memory:")
            self._read_lock = self._write_lock
            self._writer.executescript(_LAYOUT)
            return
        self._lock_file = _locked(file)
        try:
            self._writer = self._open(file)
            self._writer.execute(f"PRAGMA busy_timeout = {_BUSY_S * 1000:.0f}")
            self._reader = self._connect(f"{file.absolute().as_uri()}?mode=ro", _BUSY_S)
        except BaseException:
            os.close(self._lock_file)
            raise
        self._read_lock = threading.RLock()

    def _connect(self, name: str, busy_s: float = 5.0) -> sqlite3.Connection:
        # Not bound to a thread: the locks here serialise the use of a connection.
        return sqlite3.connect(
            name, busy_s, uri=name.startswith("file:"), check_same_thread=False, isolation_level=None
        )

    def _open(self, file: Path) -> sqlite3.Connection:
        with suppress(OSError):  # it exists, or SQLite reports the reason; the file has people's phone numbers
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        connection = self._connect(str(file))
        try:
            _laid_out(connection, file)
            ((self.identity,),) = connection.execute(IDENTITY_QUERY)
        except sqlite3.Error as error:
            connection.close()
            raise unusable(file, error) from None
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction; it is rolled back when the block raises."""
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def read(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._read_lock:
            return self._reader.execute(query, values).fetchall()

    def settle(self) -> bool:
        """Merge SQLite's log into the file; return whether the log is empty.

        An empty log cannot be damaged: SQLite silently ignores all content after a damaged byte of its log.
        """
        with self._write_lock:
            try:
                busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error:  # a full disk, or another program
                return False
            return not busy

    def close(self) -> None:
        """Close it; a file's log is merged into it."""
        if self.file is None:
            self._writer.close()
            return
        with self._read_lock, self._write_lock:
            self._reader.close()
            self._writer.close()
            os.close(self._lock_file)


def _laid_out(connection: sqlite3.Connection, file: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise KitError(
            Text("error-mock.other-database", file=str(file)),
            where="--store",
            remedy=Text("error-mock.other-or-new-file"),
        )
    if version > _SCHEMA:
        raise KitError(
            Text("error-mock.newer-store", file=str(file), version=version, known=_SCHEMA),
            where="--store",
            remedy=Text("error-mock.update-program"),
        )
    if not os.access(file, os.W_OK):
        raise KitError(
            Text("error-mock.read-only", file=str(file)), where="--store", remedy=Text("error-mock.allow-writing")
        )
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit is with the operating system when it returns, so a killed process loses nothing. FULL would wait for the
    # disk at each commit, which takes several times as long; a power cut may take the last moments, and breaks nothing.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # `settle` does it, so that a merged log does not stay behind
    connection.execute("PRAGMA journal_size_limit = 67108864")
    if not tables:
        connection.executescript(f"BEGIN; {_LAYOUT} COMMIT;")
    elif version < _SCHEMA:
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
    if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'store'").fetchone()[0]:
        connection.executescript(f"BEGIN; {_IDENTITY} COMMIT;")
        connection.execute("PRAGMA wal_checkpoint(FULL)")  # a power cut leaves no log whose store is unknown
    connection.execute("BEGIN IMMEDIATE")  # a store that is not writable is reported now and not at the first delivery
    connection.execute("ROLLBACK")


def unusable(file: Path | None, error: Exception) -> KitError:
    """Return the error for a store that cannot be used."""
    if _code(error) == sqlite3.SQLITE_NOTADB:
        return KitError(
            Text("error-mock.no-store", file=str(file)), where="--store", remedy=Text("error-mock.file-of-program")
        )
    return KitError(
        Text("error-mock.store-unwritable", file=str(file), why=str(error)),
        where="--store",
        remedy=Text("error-mock.writable-file"),
    )


def is_locked(error: Exception) -> bool:
    """Return whether another program holds the store."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _code(error: Exception) -> int | None:
    return error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else None  # without its details


def _lock(handle: int) -> None:
    """Lock a file for this process.

    Raises:
        OSError: Another process has locked it.
    """
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        return
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _locked(file: Path) -> int:
    """Lock the store for this process; the lock ends with the process."""
    if file.is_dir() or not file.parent.is_dir():
        what = Text("error-mock.is-directory") if file.is_dir() else Text("error-mock.no-directory")
        raise KitError(
            Text("error-mock.store-place", file=str(file), what=what),
            where="--store",
            remedy=Text("error-mock.file-in-directory"),
        )
    try:
        handle = os.open(f"{file}-lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise KitError(
            Text("error-mock.beside-unwritable", file=str(file), why=str(error.strerror)),
            where="--store",
            remedy=Text("error-mock.writable-file"),
        ) from None
    try:
        _lock(handle)
    except OSError:
        os.close(handle)
        raise KitError(
            Text("error-mock.in-use", file=str(file)), where="--store", remedy=Text("error-mock.stop-or-other-file")
        ) from None
    return handle
