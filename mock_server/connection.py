"""Decides what a connection tells beyond ASGI, how long it may take over a request, and how many there are at once."""

from __future__ import annotations

import asyncio
import itertools

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.asgi import WIRE

__all__ = ["MOST_CONNECTIONS", "PATIENCE_S", "WireProtocol"]

PATIENCE_S = 60.0
"""Seconds for a request to arrive whole, from its first byte, or from the connection's beginning."""

MOST_CONNECTIONS = 10_000
"""At once; whoever comes then is answered 503 and let go, and none of those who are there is lost."""

_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n"
_FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_numbers = itertools.count(1)


def _parser(protocol: HttpToolsProtocol) -> httptools.HttpRequestParser:
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
    return parser


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
    _repeats_head = False  # to a parser that is to read a body: its events of the head are known
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
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _parse(self, data: bytes) -> None:
        """Feeds the parser. A request to switch protocols is ignored, RFC 9110 section 7.8.

        The parser stops behind the head of such a request, and would leave its body out. Another one is told of the
        head without the `Upgrade`, and reads on.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                head = [b"%b / HTTP/%b" % (self.parser.get_method(), self.parser.get_http_version().encode())]
                head += [b"%b: %b" % pair for pair in self.wire.raw_headers if pair[0].lower() in _FRAMING]
                self.parser = _parser(self)
                self._repeats_head = True
                self.parser.feed_data(b"\r\n".join([*head, b"", b""]))
                self._repeats_head = False
                data = data[stopped.args[0] :]
            else:
                return

    def begin_waiting(self) -> None:
        """Notes when a request that has to come to its end began."""
        if self._unfinished_since is None:
            self._unfinished_since = self.loop.time()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the body is yet to come
        self._unfinished_since = None
        super().on_message_complete()

    def _should_upgrade(self) -> bool:
        return False

    def _close_if_slow(self) -> None:
        begun, now = self._unfinished_since, self.loop.time()
        if begun is not None and now >= begun + PATIENCE_S:
            self.transport.close()
            return
        due = PATIENCE_S if begun is None else begun + PATIENCE_S - now
        self._watch = self.loop.call_later(due, self._close_if_slow)

    def on_message_begin(self) -> None:
        if self._repeats_head:
            return
        self.begin_waiting()  # the request before it may have ended in the same read
        super().on_message_begin()
        self.wire = _Wire(self)
        extensions: dict[str, object] = {WIRE: self.wire}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # ASGI leaves the values open

    def on_url(self, url: bytes) -> None:
        if not self._repeats_head:
            super().on_url(url)

    def on_headers_complete(self) -> None:
        if not self._repeats_head:
            super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._repeats_head:
            return
        self.wire.raw_headers.append((name, value))
        super().on_header(name, value)
