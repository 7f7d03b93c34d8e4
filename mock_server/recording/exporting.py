"""Decides how the deliveries of a store are read by somebody else: in order of arrival, without changing the file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mock_server.delivery import Headers
from mock_server.recording.arrival import headers_of
from mock_server.recording.database import APPLICATION_ID
from openapi.errors import KitError

__all__ = ["stored_deliveries"]

_QUERY = (
    "SELECT d.id, d.callback, d.method, c.headers, c.body"
    " FROM deliveries d JOIN contents c ON c.id = d.id ORDER BY d.id"
)


def stored_deliveries(file: Path) -> Iterator[tuple[int, str, str, Headers, bytes]]:
    """Number, callback, method, headers and body of each delivery; a store in use may be read, too.

    Raises:
        KitError: The file is a database of another program, or broken.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID:
                raise KitError(f"{file} is a database of another program", remedy="Give a store of `mock --store`.")
            for number, callback, method, headers, body in connection.execute(_QUERY):
                yield number, callback, method, headers_of(headers), body
    except sqlite3.Error as error:
        raise KitError(f"{file} cannot be read: {error}", remedy="Give a store of `mock --store`.") from None
