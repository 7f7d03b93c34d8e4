"""Decides what a connection tells beyond ASGI, how long it may take over a request, and how many there are at once."""

from __future__ import annotations

import asyncio
import itertools

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.asgi import WIRE

__all__ = ["MOST_CONNECTIONS", "PATIENCE_S", "WireProtocol"]

PATIENCE_S = 60.0
"""Seconds for a request to arrive whole, from its first byte, or from the connection's beginning."""

MOST_CONNECTIONS = 10_000
"""At once; whoever comes then is answered 503 and let go, and none of those who are there is lost."""

_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n"
_numbers = itertools.count(1)


class _Wire:
    """One request's connection as a fault may see it."""

    def __init__(self, protocol: WireProtocol) -> None:
        self._protocol = protocol
        self.connection = protocol.number
        self.raw_headers: list[tuple[bytes, bytes]] = []

    def abort(self) -> None:
        self._protocol.transport.abort()

    @property
    def closing(self) -> bool:
        return self._protocol.transport.is_closing()

    @property
    def ending(self) -> bool:
        """Whether the server wants to stop, which an answer without an end has to look for."""
        return self._protocol.ending


class WireProtocol(HttpToolsProtocol):
    """uvicorn's protocol, and what ASGI cannot say: letter case, the connection's history, a reset."""

    number = 0
    _unfinished_since: float | None = None
    _watch: asyncio.TimerHandle | None = None
    ending = False

    def shutdown(self) -> None:
        self.ending = True
        super().shutdown()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.number = next(_numbers)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._unfinished_since = self.loop.time()
        self._watch = self.loop.call_later(PATIENCE_S, self._close_if_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._watch is not None:
            self._watch.cancel()

    def data_received(self, data: bytes) -> None:
        # uvicorn's timer guards only idle connections between requests; who is slow within one has its end here.
        self.begin_waiting()
        super().data_received(data)

    def begin_waiting(self) -> None:
        """Notes when a request that has to come to its end began."""
        if self._unfinished_since is None:
            self._unfinished_since = self.loop.time()

    def on_message_complete(self) -> None:
        self._unfinished_since = None
        super().on_message_complete()

    def _close_if_slow(self) -> None:
        begun, now = self._unfinished_since, self.loop.time()
        if begun is not None and now >= begun + PATIENCE_S:
            self.transport.close()
            return
        due = PATIENCE_S if begun is None else begun + PATIENCE_S - now
        self._watch = self.loop.call_later(due, self._close_if_slow)

    def on_message_begin(self) -> None:
        self.begin_waiting()  # the request before it may have ended in the same read
        super().on_message_begin()
        self.wire = _Wire(self)
        extensions: dict[str, object] = {WIRE: self.wire}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # ASGI leaves the values open

    def on_header(self, name: bytes, value: bytes) -> None:
        self.wire.raw_headers.append((name, value))
        super().on_header(name, value)
