"""Connection of one Locust user: sends prepared requests one after another, cooperatively, each within a deadline.

Imported in processes of Locust alone: gevent waits here, and not the thread.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import gevent
from gevent import socket
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPSocketResponse

from callback_contract.mock_server.client.access import Access
from callback_contract.mock_server.client.framing import LIMIT_ANSWER_BYTES
from callback_contract.mock_server.wire.delivery import Response

__all__ = ["Answer", "Connection"]


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
                response = self._answer(request, method)
            status = response.get_code()
            wait_s = _wait_of(response, status)
        except (_OutOfTime, OSError, HTTPParseError) as error:
            failure = _failure_of(error)
            self.close()
        return Answer(status, failure, time.perf_counter() - begun, wait_s)

    def close(self) -> None:
        """Close it; the next request opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _answer(self, request: bytes, method: str) -> HTTPSocketResponse:
        if self._socket is not None:
            try:
                return self._exchanged(request, method)
            except (HTTPConnectionClosed, ConnectionError, BrokenPipeError):
                self.close()  # a kept connection may die between two deliveries (RFC 9112 section 9.3)
        return self._exchanged(request, method)

    def _exchanged(self, request: bytes, method: str) -> HTTPSocketResponse:
        sock = self._socket = self._socket or self._opened()
        sock.sendall(request)
        response = HTTPSocketResponse(sock, method=method)
        if not response.message_complete and len(response.read(LIMIT_ANSWER_BYTES)) == LIMIT_ANSWER_BYTES:
            self.close()
            raise _EndlessError
        if response.should_close():
            self.close()
        return response

    def _opened(self) -> socket.socket:
        sock = socket.create_connection((self._host, self._port), timeout=self._timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=self._host)


class _EndlessError(OSError):
    """The answer is longer than any answer may be."""


def _wait_of(response: HTTPSocketResponse, status: int) -> float | None:
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
