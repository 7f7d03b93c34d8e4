"""Connection of one Locust user: sends prepared requests one after another, cooperatively, each within a deadline.

Imported in processes of Locust alone: gevent waits here, and not the thread.
"""

from __future__ import annotations

import re
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import gevent
from gevent import socket
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPResponse

from callback_contract.mock_server.client.access import Access
from callback_contract.mock_server.client.framing import LIMIT_ANSWER_BYTES
from callback_contract.mock_server.wire.delivery import Response

__all__ = ["Answer", "Connection"]

_BLOCK_BYTES = 65536
_LIMIT_HEAD_BYTES = 65536
_PLAIN = re.compile(rb"HTTP/1\.1 (?P<status>[2-5]\d\d) [^\r\n]*(?P<head>(?:\r\n[^\r\n]+)+)\r\n\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n|$)")
_ODD = re.compile(rb"\r\n(?:transfer-encoding|retry-after|connection:[ \t]*close|content-length:[^\r]*,)")


class _OutOfTime(gevent.Timeout):
    """The exchange took longer than its deadline."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    Attributes:
        status: 0 without an answer.
        failure: Why there is none, one of `WHY_NO_ANSWER`; else empty.
        wait_s: Seconds that the receiver asks to wait; None where it does not.
    """

    status: int
    failure: str
    elapsed_s: float
    wait_s: float | None = None


class Connection:
    """One kept connection to a receiver, opened anew when it is lost.

    Args:
        tls: The client's side of TLS; None for plain HTTP.
    """

    def __init__(self, access: Access, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(access.url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls, self._timeout_s = tls, access.timeout_s
        self._socket: socket.socket | None = None

    def send(self, request: bytes, method: str) -> Answer:
        """Send a request and read its answer."""
        begun, status, failure, wait_s = time.perf_counter(), 0, "", None
        try:
            with _OutOfTime(self._timeout_s):
                status, wait_s = self._answer(request, method)
        except (_OutOfTime, OSError, HTTPParseError) as error:
            failure = _failure_of(error)
            self.close()
        return Answer(status, failure, time.perf_counter() - begun, wait_s)

    def close(self) -> None:
        """Close it; the next request opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, request: bytes, method: str) -> tuple[int, float | None]:
        if self._socket is not None:
            try:
                return self._exchanged(request, method)
            except (HTTPConnectionClosed, ConnectionError):
                self.close()  # a kept connection may die between two deliveries (RFC 9112 section 9.3)
        return self._exchanged(request, method)

    def _exchanged(self, request: bytes, method: str) -> tuple[int, float | None]:
        sock = self._socket = self._socket or self._opened()
        if (sent := sock.send(request)) < len(request):
            sock.sendall(request[sent:])
        first = sock.recv(_BLOCK_BYTES)
        if not first:
            raise HTTPConnectionClosed
        if status := _status_of_plain(first):
            return status, None
        response = _read(sock, first, method)
        if response.should_close():
            self.close()
        return response.get_code(), _wait_of(response)

    def _opened(self) -> socket.socket:
        sock = socket.create_connection((self._host, self._port), timeout=self._timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            sock = self._tls.wrap_socket(sock, server_hostname=self._host)
        sock.settimeout(None)  # the deadline of the exchange bounds each wait
        return sock


class _EndlessError(OSError):
    """The answer is longer than any answer may be."""


def _read(sock: socket.socket, first: bytes, method: str) -> HTTPResponse:
    """Read an answer to its end; each byte counts, so that neither a head nor the end of a chunk is endless."""
    response, block, read_bytes = HTTPResponse(method), first, 0
    while True:
        response.feed(block)
        read_bytes += len(block)
        is_final = response.headers_complete and response.get_code() >= 200
        if is_final and response.message_complete:
            return response
        if not block:
            raise HTTPParseError("the answer ends too early")
        if read_bytes >= (LIMIT_ANSWER_BYTES if is_final else _LIMIT_HEAD_BYTES):
            raise _EndlessError
        gevent.sleep(0)  # a socket that has bytes does not wait, and then no deadline would be looked at
        block = sock.recv(_BLOCK_BYTES)


def _status_of_plain(answer: bytes) -> int:
    """Return the status of an answer that is whole, of known length, and keeps its connection; 0 of any other.

    Most are so, and a parser that reads each field takes longer than everything else that is done for a delivery.
    """
    found = _PLAIN.match(answer)
    if found is None:
        return 0
    head, body_bytes = found["head"].lower(), len(answer) - found.end()
    lengths = _LENGTH.findall(head)
    return int(found["status"]) if lengths == [b"%d" % body_bytes] and not _ODD.search(head) else 0


def _wait_of(response: HTTPResponse) -> float | None:
    status = response.get_code()
    if status not in {429, 503}:
        return None
    headers = tuple((name, str(value)) for name, value in response.items())
    return Response(status, "", headers, b"").retry_after_s()


def _failure_of(error: BaseException) -> str:
    match error:
        case _OutOfTime() | TimeoutError():
            return "timeout"
        case _EndlessError():
            return "endless"
        case socket.gaierror():
            return "name"
        case ssl.SSLError():
            return "tls"
        case ConnectionRefusedError():
            return "refused"
        case HTTPConnectionClosed() | ConnectionError():
            return "reset"
    return "broken"
