"""Write-ahead log of a store: append-only files beside it that keep deliveries until its tables have them.

An append is with the operating system when it returns, so a killed process loses nothing, and it costs a tenth of a
commit. A file is deleted once its deliveries are in the database's own file or forgotten; files that a killed process
left are read when the store is opened. Each frame begins with the store's identity: after a store is deleted or
replaced, its log may stay behind, and the next store ignores it. A damaged file is kept beside the store under another
name.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path

from callback_contract.mock_server.store.database import IDENTITY_BYTES
from callback_contract.mock_server.store.rows import Row
from callback_contract.mock_server.store.segment import LeftOut, frame, rows_in
from callback_contract.openapi.text.message import Text

__all__ = ["ForeignLog", "LogFile", "WriteAheadLog", "damage_told", "log_files", "log_rows"]

_DIGITS = 8
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_MOST_BYTES, _MOST_ROWS = 8 * 1024 * 1024, 8_000


class ForeignLog(Exception):
    """A log file belongs to another store, or its identity is lost."""


class LogFile:
    """Deliveries in one file of the write-ahead log of a store.

    Attributes:
        left_out: The part that could not be read.
    """

    def __init__(self, path: Path, identity: bytes) -> None:
        self.path, self._identity = path, identity
        self.count = self.size = 0
        self.left_out = LeftOut()
        self._aside: Path | None = None

    def rows(self) -> Sequence[Row]:
        """Return their rows, oldest first.

        Raises:
            ForeignLog: They are of another store.
            OSError: They cannot be read.
        """
        self.left_out = LeftOut()
        rows = log_rows(self.path.read_bytes(), self._identity, self.left_out)
        if self.left_out.bytes and self.count:  # this process wrote it
            self.left_out.deliveries = self.count - len(rows)
        return rows

    def damage(self) -> Text | None:
        """Return a message on the unreadable part of the file; None if it is intact."""
        if not self.left_out.bytes:
            return None
        self._aside = self._aside or _aside(self.path)
        return Text("mock.damaged-file-kept", damage=damage_told(self.path, self.left_out), name=self._aside.name)

    def drop(self) -> None:
        """Delete the file; a damaged one is kept under another name.

        Where another program holds it open and the deletion fails, it is read once more and adds nothing.
        """
        with contextlib.suppress(OSError):
            if self.left_out.bytes:
                self.path.rename(self._aside or _aside(self.path))
            else:
                self.path.unlink()


class WriteAheadLog:
    """Writer of one store's log files; used under the recorder's lock."""

    def __init__(self, store: Path, identity: bytes) -> None:
        self._store = store = store.absolute()  # the calling program may change its directory
        self._identity = identity
        self._handle: int | None = None
        self._file = LogFile(store, identity)
        self._bytes = 0
        left = log_files(store)
        self._next = int(left[-1].name[-_DIGITS:]) + 1 if left else 1

    def left(self) -> Iterator[LogFile]:
        """Yield the files that a killed process left, oldest first."""
        for path in log_files(self._store):
            yield LogFile(path, self._identity)

    def append(self, rows: Sequence[Row]) -> bool:
        """Append deliveries, all or none; return whether a new file should begin.

        Raises:
            OSError: They cannot be written.
        """
        data = self._identity + frame(rows)
        if self._handle is None:
            self._begin()
        assert self._handle is not None
        _write(self._handle, self._bytes, data)
        self._bytes += len(data)
        self._file.count += len(rows)
        self._file.size += sum([row.size for row in rows])
        return self._bytes >= _MOST_BYTES or self._file.count >= _MOST_ROWS

    def end(self) -> LogFile | None:
        """Close the current file; return it, if there is one."""
        if self._handle is None:
            return None
        os.close(self._handle)
        self._handle = None
        if self._file.count:
            return self._file
        self._file.drop()
        return None

    def _begin(self) -> None:
        self._file = LogFile(Path(f"{self._store}-new-{self._next:0{_DIGITS}}"), self._identity)
        self._handle = os.open(self._file.path, _FLAGS, 0o600)
        self._next, self._bytes = self._next + 1, 0
        with contextlib.suppress(OSError):  # a file system without modes
            # Who may read the store may read its log.
            self._file.path.chmod(stat.S_IMODE(self._store.stat().st_mode))


def log_files(store: Path) -> list[Path]:
    """Return the files of a store's write-ahead log, oldest first."""
    return sorted(store.parent.glob(f"{escape(store.name)}-new-{'[0-9]' * _DIGITS}"))


def log_rows(data: bytes, identity: bytes, left_out: LeftOut | None = None) -> list[Row]:
    """Return the rows in the bytes of a file, oldest first.

    Args:
        left_out: Receives the unreadable parts.

    Raises:
        ForeignLog: The file is of a store with another identity.
    """
    alike = sum(byte == wanted for byte, wanted in zip(data, identity, strict=False))
    if alike < min(len(data), IDENTITY_BYTES) / 2 and identity not in data:  # a few bytes of it may be damaged
        raise ForeignLog
    return list(rows_in(data, identity, left_out))


def damage_told(path: Path, left_out: LeftOut) -> Text:
    """Return how much of a file is damaged."""
    most = "" if left_out.deliveries is None else Text("mock.deliveries-at-most", count=left_out.deliveries)
    return Text("mock.damaged", path=str(path), count=left_out.bytes, most=most)


def _aside(path: Path) -> Path:
    """Return an unused name that no reader of log files matches."""
    name, _, number = str(path).rpartition("-new-")
    aside, copies = Path(f"{name}-damaged-{number}"), 1
    while aside.exists():
        copies += 1
        aside = Path(f"{name}-damaged-{number}-{copies}")
    return aside


def _write(handle: int, start: int, data: bytes) -> None:
    os.lseek(handle, start, os.SEEK_SET)  # overwrites the remains of a frame that a full disk cut off
    view = memoryview(data)
    try:
        while view:  # a full disk writes a part before it raises
            view = view[os.write(handle, view) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, start)  # else a reader would take that part for a damaged frame
        raise
