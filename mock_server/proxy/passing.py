"""Passing of connections: gives each sender's connection one to the receiver, and passes bytes as they come.

The bytes of answers are not touched. Of a request only the `Host` line is another, as the receiver needs it, and none
is with `keep_host`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from callback_contract.mock_server.proxy.framing import Framer, Message
from callback_contract.mock_server.proxy.record import Passed

__all__ = ["Target", "accept"]

_HOST = re.compile(rb"\r\nhost:[^\r\n]*", re.IGNORECASE)
_CONNECT_S = 30.0


class Recording(Protocol):
    """Whoever takes records."""

    def record(self, passed: Passed) -> None:
        """Take one exchange, without waiting."""


@dataclass(frozen=True)
class Target:
    """The receiver behind the proxy.

    Attributes:
        authority: Host and port as `Host` has them.
        tls: None for plain HTTP.
        forwarded: Whether requests get a `Forwarded` line (RFC 7239).
        by_tls: Whether senders come by HTTPS.
    """

    host: str
    port: int
    authority: str
    tls: ssl.SSLContext | None = None
    keep_host: bool = False
    forwarded: bool = False
    by_tls: bool = False

    @property
    def is_unchanged(self) -> bool:
        """Whether requests pass byte for byte."""
        return self.keep_host and not self.forwarded


def accept(target: Target, recording: Recording) -> asyncio.Protocol:
    """Return the protocol of a new connection of a sender."""
    return _Sender(target, recording)


class _Exchange:
    __slots__ = ("answer", "at", "done_s", "request")

    def __init__(self, request: Message) -> None:
        self.request = request
        self.answer: Message | None = None
        self.at, self.done_s = time.time(), time.perf_counter()


class _Sender(asyncio.Protocol):
    """A sender's connection; where it cannot be written to, the receiver's is not read, and the other way round."""

    transport: asyncio.Transport | None = None
    other: _Receiver | None = None

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def __init__(self, target: Target, recording: Recording) -> None:
        self._target, self._recording = target, recording
        self._loop = asyncio.get_running_loop()
        self._open: deque[_Exchange] = deque()
        self._methods: deque[bytes] = deque()
        self._requests = Framer(self._request_begun, self._request_ended)
        self.answers = Framer(self._answer_begun, self._answer_ended, self._methods)
        self._early: list[bytes] = []  # what came before the receiver's connection was there
        self._has_ended = False
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are of another class
        self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        target = self._target
        assert self.transport is not None
        try:
            async with asyncio.timeout(_CONNECT_S):
                _, receiver = await self._loop.create_connection(
                    partial(_Receiver, self),
                    target.host,
                    target.port,
                    ssl=target.tls,
                    server_hostname=target.host if target.tls else None,
                )
        except (OSError, TimeoutError):
            self.transport.abort()  # a sender without the proxy would get no connection either
            return
        self.other = receiver
        assert receiver.transport is not None
        if self.transport.is_closing():
            receiver.transport.close()
            return
        early, self._early = self._early, []
        receiver.transport.writelines(early)
        if self._has_ended:
            self._end_requests()

    def data_received(self, data: bytes) -> None:
        for part in self._passed(data):
            if self.other is not None and self.other.transport is not None:
                self.other.transport.write(part)
            else:
                self._early.append(part)

    def _passed(self, data: bytes) -> list[bytes]:
        parts = self._requests.feed(data)
        if self._requests.is_lost:
            self._open.clear()
        return [data] if self._target.is_unchanged else parts

    def eof_received(self) -> bool:
        self._has_ended = True
        if self.other is not None:
            self._end_requests()
        return not self._target.by_tls  # TLS has no half-open connection

    def _end_requests(self) -> None:
        receiver = self.other.transport if self.other else None
        if receiver is not None and receiver.can_write_eof() and not receiver.is_closing():
            receiver.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()
        elif self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
        self.unanswered()

    def unanswered(self) -> None:
        """Record the requests that got no whole answer."""
        while self._open:
            self._record(self._open.popleft(), 0)

    def _request_begun(self, message: Message) -> bytes:
        self._open.append(_Exchange(message))
        self._methods.append(message.what)
        if self._target.is_unchanged:
            return message.head
        head = message.head
        if not self._target.keep_host:
            head = _HOST.sub(b"\r\nHost: " + self._target.authority.encode(), head, count=1)
        return head[:-2] + self._forwarded(message) + b"\r\n" if self._target.forwarded else head

    def _forwarded(self, message: Message) -> bytes:
        assert self.transport is not None
        peer = str((self.transport.get_extra_info("peername") or ["unknown"])[0])
        peer = f'"[{peer}]"' if ":" in peer else peer
        host = _HOST.search(message.head)
        named = host[0].partition(b":")[2].strip().decode("latin-1") if host else ""
        quoted = named.replace("\\", "").replace('"', "")
        return f'Forwarded: for={peer};host="{quoted}";proto={"https" if self._target.by_tls else "http"}\r\n'.encode()

    def _request_ended(self, message: Message) -> None:
        exchange = self._open[-1] if self._open else None
        if exchange is not None and exchange.request is message:
            exchange.at, exchange.done_s = time.time(), time.perf_counter()

    def _answer_begun(self, message: Message) -> bytes:
        return b""

    def _answer_ended(self, message: Message) -> None:
        if message.what[:1] == b"1":  # the answer is still to come
            return
        if self._methods:
            self._methods.popleft()
        if self._open:
            exchange = self._open.popleft()
            exchange.answer = message
            self._record(exchange, int(message.what))

    def _record(self, exchange: _Exchange, status: int) -> None:
        request, answer = exchange.request, exchange.answer
        elapsed_s = max(0.0, time.perf_counter() - exchange.done_s)
        answered = (answer.head, answer.body) if answer else (b"", b"")
        self._recording.record(
            Passed(exchange.at, elapsed_s, status, request.body_bytes, request.head, request.body, *answered)
        )


class _Receiver(asyncio.Protocol):
    transport: asyncio.Transport | None = None

    def __init__(self, sender: _Sender) -> None:
        self.other = sender

    def pause_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are of another class

    def data_received(self, data: bytes) -> None:
        if self.other.transport is not None:
            self.other.transport.write(data)
        self.other.answers.feed(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self.other.answers.close()
        if self.other.transport is not None:
            if exc is None:
                self.other.transport.close()
            else:
                self.other.transport.abort()
        self.other.unanswered()
