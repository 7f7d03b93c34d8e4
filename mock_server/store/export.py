"""Export of a store: reads its deliveries in order of arrival without changing the file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from callback_contract.mock_server.store.database import APPLICATION_ID, IDENTITY_QUERY, is_locked
from callback_contract.mock_server.store.rows import Row
from callback_contract.mock_server.store.segment import LeftOut
from callback_contract.mock_server.store.stored_delivery import headers_of
from callback_contract.mock_server.store.write_ahead_log import (
    ForeignLog,
    damage_told,
    log_files,
    log_rows,
)
from callback_contract.mock_server.wire.delivery import Headers
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Stored", "stored_deliveries"]


class Stored(NamedTuple):
    """A delivery of a store, and its answer.

    Attributes:
        at: Seconds since 1970.
        status: 0 where no complete answer was sent.
        elapsed_s: Seconds until the answer, a deliberate delay included.
    """

    id: int
    callback: str
    method: str
    at: float
    status: int
    elapsed_s: float
    headers: Headers
    body: bytes


_QUERY = (
    "SELECT d.id, d.callback, d.method, d.target, d.at, d.status, d.wire, d.delay_s + d.elapsed_s, c.headers, c.body"
    " FROM deliveries d JOIN contents c ON c.id = d.id ORDER BY d.id"
)
_BUSY_S = 2.0
_HAS_IDENTITY = "SELECT 1 FROM sqlite_master WHERE name = 'store'"  # older stores have none, and no write-ahead log


def stored_deliveries(file: Path, trouble: Callable[[Path, Text], None] = lambda path, text: None) -> Iterator[Stored]:
    """Yield the deliveries in order of arrival; the body of one without a body is its query.

    A store in use may be read, too.

    Args:
        trouble: Receives a damaged file of its write-ahead log, and the reason.

    Raises:
        KitError: The file is a database of another program, or broken, or its write-ahead log cannot be read.
    """
    with contextlib.ExitStack() as stack:
        # Opened first: a delivery that leaves the log meanwhile is in the tables by then.
        log = [stack.enter_context(opened) for path in log_files(file) if (opened := _opened(path))]
        last = 0
        for selected in _selected(file, _QUERY):
            last = selected[0]
            yield _stored(*selected)
        if not (log and any(_selected(file, _HAS_IDENTITY))):
            return
        ((identity,),) = _selected(file, IDENTITY_QUERY)
        for part in log:
            for row in _rows(part, identity, trouble):
                if row.id > last:
                    took_s = row.delay_s + row.elapsed_s
                    told = (row.id, row.callback, row.method, row.target, row.at, row.status, row.wire, took_s)
                    yield _stored(*told, row.headers, row.body)


def _stored(
    number: int,
    callback: str,
    method: str,
    target: str,
    at: float,
    status: int,
    wire: str,
    took_s: float,
    *contents: bytes,
) -> Stored:
    headers, body = contents
    content = body or _query_of(callback, target)
    return Stored(number, callback, method, at, 0 if wire else status, took_s, headers_of(headers), content)


def _rows(part: BinaryIO, identity: bytes, trouble: Callable[[Path, Text], None]) -> list[Row]:
    path, left_out = Path(part.name), LeftOut()
    try:
        rows = log_rows(part.read(), identity, left_out)
    except ForeignLog:
        trouble(path, Text("mock.left-out", path=str(path)))
        return []
    if left_out.bytes:
        trouble(path, damage_told(path, left_out))
    return rows


def _query_of(callback: str, target: str) -> bytes:
    return target.partition("?")[2].encode("latin-1") if callback else b""


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:  # its deliveries were moved into the tables at this moment
        return None
    except OSError as error:
        raise KitError(
            Text("error-mock.path-unreadable", path=str(path), why=str(error.strerror)),
            remedy=Text("error-mock.allow-reading"),
        ) from None


def _selected(file: Path, query: str) -> Iterator[tuple[Any, ...]]:
    try:
        uri = f"{file.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, _BUSY_S, uri=True)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID:
                raise KitError(Text("error-mock.other-database", file=str(file)), remedy=Text("error-mock.give-store"))
            yield from connection.execute(query)
    except sqlite3.Error as error:
        remedy = Text("error-mock.give-store")
        if is_locked(error):
            remedy = Text("error-mock.held")
        raise KitError(Text("error-mock.file-unreadable", file=str(file), why=str(error)), remedy=remedy) from None
