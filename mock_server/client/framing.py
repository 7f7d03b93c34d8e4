"""Framing of a delivery: sends bodies in chunks or slowly, reads whole responses, and names failures."""

from __future__ import annotations

import contextlib
import errno
import http.client
import select
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from callback_contract.mock_server.wire.delivery import Response, printable
from callback_contract.openapi.documents.deadline import connected, left_s, within

__all__ = [
    "LIMIT_ANSWER_BYTES",
    "STALLED_S",
    "TellingConnection",
    "TellingTlsConnection",
    "TooBigError",
    "connection_in_use",
    "decoded",
    "died_before_answer",
    "failure_of",
    "in_chunks",
    "read_whole",
    "slowly",
    "when_continued",
]

LIMIT_ANSWER_BYTES = 1024 * 1024
_CHUNK = 65536
_PATIENCE_S = 1.0


class TooBigError(Exception):
    """A response is endless, or far larger than an acknowledgement needs."""


STALLED_S = 1.0


def read_whole(response: Any, patience_s: float) -> tuple[bytes, str]:
    """Return the body of a response, and how its length is wrong: a key of `WRONG_LENGTHS`, or nothing.

    A refusal whose end is not seen is complete without it: its head says all that a sender needs.

    Args:
        patience_s: Seconds without a byte after which the rest is not waited for.

    Raises:
        TooBigError: It has more than `LIMIT_ANSWER_BYTES`.
    """
    parts: list[bytes] = []
    size = 0
    told_s = time.monotonic()
    try:
        while part := _read_part(response, patience_s):
            told_s = time.monotonic()
            size += len(part)
            if size > LIMIT_ANSWER_BYTES:
                raise TooBigError
            parts.append(part)
    except (urllib3.exceptions.TimeoutError, TimeoutError):
        if response.status < 400 or time.monotonic() - told_s < STALLED_S * 0.9:
            raise
        return b"".join(parts), "unended"
    watched = getattr(response, "_original_response", None)
    return b"".join(parts), "surplus" if isinstance(watched, _WatchedResponse) and watched.has_surplus() else ""


def _read_part(response: Any, patience_s: float) -> bytes:
    with within(patience_s):
        part: bytes = response.read1(_CHUNK, decode_content=False)
        return part


class _WatchedResponse(http.client.HTTPResponse):
    """Response that sees whether more bytes came than its length says.

    Every interim one (102, 103) is passed over as 100 is (RFC 9110 section 15.2).
    """

    _surplus = False

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]  # nothing public comes before it
        return version, 100 if 102 <= status <= 199 else status, reason

    def has_surplus(self) -> bool:
        """Whether more came, as far as it is here by now."""
        self._look()
        return self._surplus

    def _close_conn(self) -> None:
        self._look()
        super()._close_conn()  # type: ignore[misc]  # nothing public comes before it

    def _look(self) -> None:
        buffered, sock = self.fp, connection_in_use.sock
        if buffered is None or buffered.closed or sock is None:
            return
        with contextlib.suppress(OSError, ValueError):
            before = sock.gettimeout()
            sock.settimeout(0)
            try:
                self._surplus = self._surplus or bool(buffered.peek(1))
            finally:
                sock.settimeout(before)


def in_chunks(body: bytes, sizes: tuple[int, ...]) -> Iterator[bytes]:
    """Yield a body in pieces of these sizes in turn; each becomes a chunk."""
    at = turn = 0
    while at < len(body):
        size = sizes[turn % len(sizes)]
        yield body[at : at + size]
        at, turn = at + size, turn + 1


def slowly(body: bytes, parts: int, pause_s: float) -> Iterator[bytes]:
    """Yield a body in equal parts with pauses between them."""
    size = max(1, -(-len(body) // parts))
    for at in range(0, len(body), size):
        if at:
            time.sleep(pause_s)
        yield body[at : at + size]


_ZLIB, _GZIP = 15, 31  # what zlib calls `wbits`


def decoded(response: Response) -> Response:
    """Return a response without the content codings of its body, where all of them are known.

    Raises:
        TooBigError: It has more than `LIMIT_ANSWER_BYTES`.
        urllib3.exceptions.DecodeError: It is not coded so.
    """
    body = response.body
    for name in () if response.is_coded or not body else reversed(response.codings):
        try:
            body = _inflated(body, _ZLIB if name == "deflate" else _GZIP)
        except zlib.error:
            raise urllib3.exceptions.DecodeError(f"the body is not {name}") from None
    return response if body is response.body else replace(response, body=body)


def _inflated(body: bytes, wbits: int) -> bytes:
    try:
        stream = zlib.decompressobj(wbits)
        whole = stream.decompress(body, LIMIT_ANSWER_BYTES + 1)
    except zlib.error:
        if wbits != _ZLIB:
            raise
        stream = zlib.decompressobj(-wbits)  # some senders leave out the zlib format around it
        whole = stream.decompress(body, LIMIT_ANSWER_BYTES + 1)
    if len(whole) > LIMIT_ANSWER_BYTES:
        raise TooBigError
    if not stream.eof:
        raise zlib.error("it is cut off")
    return whole


class _InUse(threading.local):
    """The connection of this thread's delivery."""

    sock: Any = None  # also that of the response that is read
    reused: bool = False


connection_in_use = _InUse()


class TellingConnection(HTTPConnection):
    """Connection that reports its socket, and its reuse, to the sending thread.

    Its sockets keep the deadline of the sending thread.
    """

    used = False
    response_class = _WatchedResponse

    def _new_conn(self) -> socket.socket:
        try:
            return connected(self._dns_host, self.port, self.socket_options or ())
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, f"no connection: {error}") from error

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        connection_in_use.reused = self.used and self.sock is not None
        self.used = True
        super().endheaders(message_body, encode_chunked=encode_chunked)
        connection_in_use.sock = self.sock


class TellingTlsConnection(TellingConnection, HTTPSConnection):
    """The same over TLS."""

    def send(self, data: Any) -> None:
        """Send bytes; a connection that the receiver closed is told as it is without TLS, so an early answer is read.

        Raises:
            BrokenPipeError: The receiver closed the connection.
        """
        try:
            super().send(data)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise BrokenPipeError(errno.EPIPE, str(error)) from error


def when_continued(body: bytes) -> Iterator[bytes]:
    """Yield the body once the receiver sends an interim response, as `100 Continue`, or after a second.

    Like curl, it does not wait longer for a silent receiver (RFC 9110, section 10.1.1, allows it).
    """
    readable, _, _ = select.select([connection_in_use.sock], [], [], min(_PATIENCE_S, left_s()))
    if readable and not hasattr(connection_in_use.sock, "pending"):
        start = connection_in_use.sock.recv(12, socket.MSG_PEEK)
        if start.startswith(b"HTTP/1.") and start[8:10] != b" 1":
            return  # a final response: the body is not wanted
    yield body


def died_before_answer(error: Exception) -> bool:
    """Return whether a connection was closed before the first byte of a response."""
    return isinstance(_cause(error), (ConnectionResetError, BrokenPipeError))


_LATE = (urllib3.exceptions.TimeoutError, urllib3.exceptions.EmptyPoolError, TimeoutError)
_CLOSED = (ConnectionError, urllib3.exceptions.IncompleteRead)


def failure_of(error: Exception) -> tuple[str, str]:
    """Return one of `WHY_NO_ANSWER`, and the text of the system or library where that key does not say it all."""
    cause = _cause(error)
    match error:
        case urllib3.exceptions.ProxyError():
            return "proxy", _text(cause)
        case urllib3.exceptions.NameResolutionError():
            return "name", ""
        case urllib3.exceptions.SSLError() | ssl.SSLError():
            return "tls", _text(cause)
        case urllib3.exceptions.NewConnectionError():
            return "refused", "" if isinstance(cause, ConnectionRefusedError) else _text(cause)
    if isinstance(error, _LATE) or isinstance(cause, _LATE):
        return "timeout", ""
    if isinstance(cause, _CLOSED):
        return "reset", ""
    return "broken", _text(cause)


def _cause(error: BaseException) -> BaseException:
    """Return the error of the system or of http.client inside those that urllib3 puts around it."""
    match error:
        case urllib3.exceptions.ProxyError(original_error=cause):
            return _cause(cause)
        case urllib3.exceptions.NewConnectionError(__cause__=BaseException() as cause):
            return cause
        case urllib3.exceptions.ProtocolError(args=(_, Exception() as cause)):
            return cause
    return error


def _text(error: BaseException) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return printable(" ".join(text.split())[:200])
