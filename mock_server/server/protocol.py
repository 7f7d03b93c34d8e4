"""HTTP connection protocol of the mock: passes on whole requests, rejects malformed ones, and bounds both.

uvicorn gets a request when it is complete, so that an interrupted request is never taken for a delivery and trailers
are never taken for headers. A rejection is sent after the responses to earlier requests, and is recorded like them;
then the connection ends.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Coroutine
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callback_contract.mock_server.receiver.receiver import Response
from callback_contract.mock_server.receiver.request import MAX_BODY_BYTES, Head, Request
from callback_contract.mock_server.server.asgi import WIRE
from callback_contract.mock_server.server.request_framing import (
    INCOMPLETE,
    MOST_HEAD_BYTES,
    TOO_LARGE,
    TOO_SLOW,
    head_flaw,
    malformed,
    path_and_target,
)

__all__ = ["MOST_CONNECTIONS", "PATIENCE_S", "WireProtocol"]

PATIENCE_S = 60.0
"""Seconds for a whole request, from its first byte or the connection's start."""

MOST_CONNECTIONS = 10_000
"""At once; a further connection gets 503, and no existing one is lost."""

_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_numbers = itertools.count(1)


class _Stop(Exception):
    """Stops the parser: nothing after this place is read."""


class _Wire:
    """The connection of one request, for the application and for faults.

    Attributes:
        request: The whole request, or the received part of a rejected one.
        refusal: The rejection of a malformed request; else None.
    """

    def __init__(self, protocol: WireProtocol, request: Request, refusal: Response | None) -> None:
        self._protocol = protocol
        self.request, self.refusal = request, refusal

    def abort(self) -> None:
        self._protocol.transport.abort()

    def end_with(self, data: bytes) -> None:
        """Send bytes in the place of a response, and close."""
        self._protocol.transport.write(data)
        self._protocol.transport.close()

    @property
    def closing(self) -> bool:
        return self._protocol.transport.is_closing()

    @property
    def ending(self) -> bool:
        """Whether the server is stopping, which an endless response has to check."""
        return self._protocol.ending


class _Lingering:
    """Transport that closes only for writing.

    A sender that still sends can read the rejection. The timer of idle connections closes the rest, unless the sender
    does (RFC 9112 section 9.6).
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.write, self.is_closing = transport.write, transport.is_closing

    def close(self) -> None:
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        else:
            self._transport.close()


class WireProtocol(HttpToolsProtocol):
    """uvicorn's protocol, extended by letter case, connection history and reset."""

    number = 0
    ending = False
    _unfinished_since: float | None = None
    _watch: asyncio.TimerHandle | None = None
    _between = True  # between requests: the parser waits for a first byte
    _deaf = False  # ignores bytes after the last request of the connection
    _repeats_head = False  # the parser that is to read a body gets its head again, without events
    _expects = _owes_continue = False
    _flaw: Response | None = None
    _read_bytes = 0  # of the current read
    _unbroken = 0  # of reads since the last part of a body: all of them are of a head, or of trailers

    def shutdown(self) -> None:
        self.ending = True
        super().shutdown()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.number = next(_numbers)
        if len(self.connections) > MOST_CONNECTIONS:
            self._deaf, self._between = True, False
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._unfinished_since = self.loop.time()
        self._watch = self.loop.call_later(PATIENCE_S, self._close_if_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._between:
            self._refuse(INCOMPLETE)
        super().connection_lost(exc)
        if self._watch is not None:
            self._watch.cancel()
        while self.pipeline:  # the responses reach nobody, but complete requests count
            cycle, app = self.pipeline.pop()
            cycle.disconnected = True
            self._start(cycle.run_asgi(app))

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn always closes
        """Stay open for the responses to whole requests.

        A sender may close its side first.
        """
        if not self._between:
            self._refuse(INCOMPLETE)
        if self.cycle is None or self.cycle.response_complete or self.cycle.response_started:
            return False
        self.cycle.keep_alive = False
        return self.scheme == "http"  # TLS has no half-open connection

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        # uvicorn's timer covers only idle connections between requests; this one covers slow requests.
        self.begin_waiting()
        self._unset_keepalive_if_required()
        self._read_bytes = len(data)
        self._unbroken += self._read_bytes
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            self._refuse(self._flaw or malformed(f"The request is not HTTP/1.1 (RFC 9112): {error}."))
        else:
            if not self._between:
                self._unset_keepalive_if_required()  # a response to an earlier request of the same read has set it
            if self._expects and self._has_head:  # the body, or the rest of it, is still to come
                self._expects, self._owes_continue = False, True
                self._send_continue()
            if self._unbroken > MOST_HEAD_BYTES and not self._between:
                self._refuse(TOO_LARGE)

    def _parse(self, data: bytes) -> None:
        """Feed the parser; ignore a request to switch protocols (RFC 9110 section 7.8).

        The parser stops after the head of such a request and would skip its body. A new parser gets the head without
        `Upgrade`, and reads on.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                head = [b"%b / HTTP/%b" % (self.parser.get_method(), self.parser.get_http_version().encode())]
                head += [b"%b: %b" % pair for pair in self._raw_headers if pair[0].lower() in _FRAMING]
                self.parser = _parser(self)
                self._repeats_head = True
                self.parser.feed_data(b"\r\n".join([*head, b"", b""]))
                self._repeats_head = False
                data = data[stopped.args[0] :]
            else:
                return

    def begin_waiting(self) -> None:
        """Set the time at which an unfinished request began."""
        if self._unfinished_since is None:
            self._unfinished_since = self.loop.time()

    def on_message_begin(self) -> None:
        if self._repeats_head:
            return
        self.begin_waiting()  # the previous request may have ended in the same read
        self._between = self._has_head = self._expects = False
        self._url, self._unbroken, self._begun_bytes, self._trailer_bytes = b"", 0, self._read_bytes, 0
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        if not self._repeats_head:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_head:  # trailers are not headers (RFC 9110 section 6.5)
            self._trailer_bytes += _bytes_of(name, value)
        elif not self._repeats_head:
            self._raw_headers.append((name, value.rstrip(b" \t")))  # a blank behind it is none of it (RFC 9112, 5.1)
            if len(name) == 6 and name.lower() == b"expect":
                self._expects = True

    def on_headers_complete(self) -> None:
        if self._repeats_head:
            self._has_head = True
            return
        parser = self.parser
        self._method, version = parser.get_method(), parser.get_http_version()
        is_large = self._begun_bytes + self._unbroken > MOST_HEAD_BYTES and self._size() > MOST_HEAD_BYTES
        self._stop_for(TOO_LARGE if is_large else head_flaw(self._method, version, self._url, self._raw_headers))
        self._path, self._target = path_and_target(self._url)
        self._is_last = version == "1.0" or not parser.should_keep_alive()
        self._has_head, self._head_at = True, time.perf_counter()
        self._asks = self._expects or parser.should_upgrade()
        if self._asks:
            self._expects = self._expects and version == "1.1"
            self._has_head = not parser.should_upgrade()  # else the head is parsed again

    def _size(self) -> int:
        return len(self._url) + sum(_bytes_of(*pair) for pair in self._raw_headers)

    def on_body(self, body: bytes) -> None:
        self._unbroken = 0
        if self._body_bytes <= MAX_BODY_BYTES:  # beyond the limit the rest is read, so that the sender gets a response
            self._parts.append(body)
            self._body_bytes += len(body)

    def on_message_complete(self) -> None:
        if not self._has_head:
            return  # the parser skips the body of a request with Upgrade; a new parser reads it
        if self._trailer_bytes:
            self._is_last |= not self.parser.should_keep_alive()  # it reads on behind no `Connection: close`
            self._stop_for(TOO_LARGE if self._size() + self._trailer_bytes > MOST_HEAD_BYTES else None)
        self._expects = False
        self._unfinished_since = None
        self._between = not self._is_last
        head = Head(self._method.decode("ascii"), self._path, self._raw_headers, self._target)
        self._take(head, b"".join(self._parts)[: MAX_BODY_BYTES + 1])
        if self._is_last:
            self._deaf = True
            raise _Stop

    def _take(self, head: Head, body: bytes) -> None:
        """Pass on a whole request."""
        request = Request.with_head(head, body, self.number)
        request.body_s = request.arrived - self._head_at
        self._pass_on(request)

    def _stop_for(self, flaw: Response | None) -> None:
        if flaw is not None:
            self._flaw = flaw
            raise _Stop

    def _refuse(self, refusal: Response) -> None:
        """Reject the received part of a request in its turn, and end the connection."""
        if self._deaf:
            return
        head, body = Head("", "", [], b""), b""
        if not self._between and self._url:
            path = self._path if self._has_head else self._url.decode("latin-1")
            head = Head(self.parser.get_method().decode("ascii"), path, self._raw_headers, self._url)
            body = b"".join(self._parts)[: MAX_BODY_BYTES + 1]
        self._deaf, self._between, self._owes_continue, self._unfinished_since = True, False, False, None
        self._pass_on(Request.with_head(head, body, self.number), refusal)

    def _pass_on(self, request: Request, refusal: Response | None = None) -> None:
        """Pass a request to uvicorn, as if the parser had just read it whole."""
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self.url = request.head.raw_target if refusal is None else b"/"
        self.headers += [(name.lower(), value) for name, value in request.raw_headers]
        # Where responses to earlier requests are due, it is sent in its turn.
        self.expect_100_continue, self._owes_continue = self._owes_continue, False
        extensions: dict[str, object] = {WIRE: _Wire(self, request, refusal)}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # ASGI leaves the values open
        super().on_headers_complete()
        self.scope["method"] = request.method or "GET"  # the parser may still have that of the request before
        self.cycle.body += request.body
        super().on_message_complete()
        self.cycle.keep_alive = refusal is None and not self._is_last
        if refusal is not None:
            self.cycle.transport = _Lingering(self.transport)  # type: ignore[assignment]  # as much as a cycle uses

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._owes_continue:
            self._send_continue()

    def _send_continue(self) -> None:
        """Send `100 Continue` once the responses to earlier requests are sent."""
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self._owes_continue = False
            self.transport.write(_CONTINUE)

    def _should_upgrade(self) -> bool:
        return False

    def _close_if_slow(self) -> None:
        begun, now = self._unfinished_since, self.loop.time()
        if begun is not None and now >= begun + PATIENCE_S:
            if self._between or (self.cycle is not None and not self.cycle.response_complete):
                self.transport.close()
            else:
                self._refuse(TOO_SLOW)
            return
        due = PATIENCE_S if begun is None else begun + PATIENCE_S - now
        self._watch = self.loop.call_later(due, self._close_if_slow)


def _bytes_of(name: bytes, value: bytes) -> int:
    return len(name) + len(value) + 4  # ": " and the line end


def _parser(protocol: WireProtocol) -> httptools.HttpRequestParser:
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
    return parser
