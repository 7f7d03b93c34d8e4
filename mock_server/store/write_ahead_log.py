"""Journal of a store: files beside it, only appended to, that keep deliveries until its tables have them.

An append is with the operating system when it returns, so whoever kills this process loses nothing of it, and it costs
a tenth of a commit. A file is deleted once its deliveries are in the database's own file or forgotten; those that a
killed process left behind are read when the store is opened. Each frame begins with the store's identity: whoever
deletes or replaces a store may leave its journal behind, and the next one has nothing to do with that. A file that is
damaged is kept beside the store under another name.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path

from callback_contract.mock_server.store.database import IDENTITY_BYTES
from callback_contract.mock_server.store.rows import ROW_SIZE, Row
from callback_contract.mock_server.store.segment import LeftOut, frame, rows_in
from callback_contract.openapi.text.plural import counted

__all__ = ["ForeignLog", "LogFile", "WriteAheadLog", "damage_told", "log_files", "log_rows"]

_DIGITS = 8
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_MOST_BYTES, _MOST_ROWS = 8 * 1024 * 1024, 8_000


class ForeignLog(Exception):
    """A file belongs to the journal of another store, or nothing of it is left that tells to which one."""


class LogFile:
    """Deliveries that are in one file of the journal of a store with this identity.

    Attributes:
        left_out: What of it could not be read.
    """

    def __init__(self, path: Path, identity: bytes) -> None:
        self.path, self._identity = path, identity
        self.count = self.size = 0
        self.left_out = LeftOut()
        self._aside: Path | None = None

    def rows(self) -> Sequence[Row]:
        """Their rows, oldest first.

        Raises:
            ForeignJournal: They are of another store.
            OSError: They cannot be read.
        """
        self.left_out = LeftOut()
        rows = log_rows(self.path.read_bytes(), self._identity, self.left_out)
        if self.left_out.bytes and self.count:  # we wrote it
            self.left_out.deliveries = self.count - len(rows)
        return rows

    def damage(self) -> str:
        """What is said of a file of which something could not be read; empty when all of it could."""
        if not self.left_out.bytes:
            return ""
        self._aside = self._aside or _aside(self.path)
        return f"{damage_told(self.path, self.left_out)}; it is kept as {self._aside.name}"

    def drop(self) -> None:
        """Deletes the file; where somebody holds it open and that is refused, it is read once more and adds nothing.

        One that is damaged is kept: perhaps somebody can make more of it.
        """
        with contextlib.suppress(OSError):
            if self.left_out.bytes:
                self.path.rename(self._aside or _aside(self.path))
            else:
                self.path.unlink()


class WriteAheadLog:
    """Writes the files of one store's journal; used under the recorder's lock."""

    def __init__(self, store: Path, identity: bytes) -> None:
        self._store = store = store.absolute()  # whoever uses this may change its directory
        self._identity = identity
        self._handle: int | None = None
        self._file = LogFile(store, identity)
        self._bytes = 0
        left = log_files(store)
        self._next = int(left[-1].name[-_DIGITS:]) + 1 if left else 1

    def left(self) -> Iterator[LogFile]:
        """What a process that was killed left behind, oldest first."""
        for path in log_files(self._store):
            yield LogFile(path, self._identity)

    def append(self, rows: Sequence[Row]) -> bool:
        """Appends deliveries, all of them or none; returns whether another file should begin.

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
        self._file.size += sum([row[ROW_SIZE] for row in rows])
        return self._bytes >= _MOST_BYTES or self._file.count >= _MOST_ROWS

    def end(self) -> LogFile | None:
        """Lets another file begin with the next append; returns the one that ends, if there is one."""
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
        with contextlib.suppress(OSError):  # a file system that knows no modes
            # Whoever may read the store may read all of it.
            self._file.path.chmod(stat.S_IMODE(self._store.stat().st_mode))


def log_files(store: Path) -> list[Path]:
    """The files of a store's journal, oldest first."""
    return sorted(store.parent.glob(f"{escape(store.name)}-new-{'[0-9]' * _DIGITS}"))


def log_rows(data: bytes, identity: bytes, left_out: LeftOut | None = None) -> list[Row]:
    """The rows in the bytes of a file, oldest first.

    Args:
        left_out: Is told what could not be read.

    Raises:
        ForeignJournal: The file is of a store with another identity.
    """
    alike = sum(byte == wanted for byte, wanted in zip(data, identity, strict=False))
    if alike < min(len(data), IDENTITY_BYTES) / 2 and identity not in data:  # a few bytes of it may be damaged
        raise ForeignLog
    return list(rows_in(data, identity, left_out))


def damage_told(path: Path, left_out: LeftOut) -> str:
    """How much of a file is damaged."""
    size, found = counted(left_out.bytes, "byte", "bytes"), left_out.deliveries
    most = "" if found is None else f" ({counted(found, 'delivery', 'deliveries')} at most)"
    return f"{path} is damaged: {size} of it{most} could not be read"


def _aside(path: Path) -> Path:
    """A name that no reader of journals looks at and that no file has yet."""
    name, _, number = str(path).rpartition("-new-")
    aside, copies = Path(f"{name}-damaged-{number}"), 1
    while aside.exists():
        copies += 1
        aside = Path(f"{name}-damaged-{number}-{copies}")
    return aside


def _write(handle: int, start: int, data: bytes) -> None:
    os.lseek(handle, start, os.SEEK_SET)  # over what a full disk may have left of a frame that was not kept
    view = memoryview(data)
    try:
        while view:  # a full disk takes a part before it says so
            view = view[os.write(handle, view) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, start)  # else a reader would take that part for a damaged frame
        raise
