"""Deadline of an exchange: bounds connect, TLS handshake, request, head and body together.

A time-out of a socket begins anew with every byte. Here each wait of a thread's sockets lasts as long as is left until
the thread's deadline, so one mechanism serves every library that works on such a socket.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

__all__ = ["bounded", "bounded_tls", "connected", "left_s", "within"]

_Connection = TypeVar("_Connection", bound=http.client.HTTPConnection)


class _Thread(threading.local):
    deadline: float = math.inf  # of time.monotonic()


_thread = _Thread()


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound the work of this thread on sockets of `connected` within the block.

    An earlier deadline around the block stays in force.
    """
    before = _thread.deadline
    _thread.deadline = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _thread.deadline = before


def left_s() -> float:
    """Return the seconds until this thread's deadline; infinite without one.

    Raises:
        TimeoutError: The deadline has passed.
    """
    left = _thread.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Bounded(socket.socket):
    """Socket whose waits end at the deadline, or at its own time-out if sooner."""

    _own_s: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        self._own_s = value
        super().settimeout(value)

    def _bound(self) -> None:
        if self.gettimeout() != 0:  # a non-blocking socket stays so
            super().settimeout(_sooner(self._own_s, left_s()))

    def recv(self, *args: Any) -> bytes:
        self._bound()
        return super().recv(*args)

    def recv_into(self, *args: Any) -> int:
        self._bound()
        return super().recv_into(*args)

    def send(self, *args: Any, **more: Any) -> int:  # gevent's own names a time-out
        self._bound()
        return super().send(*args, **more)

    def sendall(self, *args: Any) -> None:
        self._bound()
        super().sendall(*args)  # one time-out for the whole buffer


class _BoundedTls(_Bounded, ssl.SSLSocket):
    """The same over TLS; the handshake, too, has one time-out as a whole."""

    def do_handshake(self, *block: bool) -> None:  # gevent's own has no argument
        self._bound()
        super().do_handshake(*block)


def bounded_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return the context; its sockets keep the deadline of their thread."""
    context.sslsocket_class = _BoundedTls
    return context


def bounded(connection: _Connection) -> _Connection:
    """Return the connection; it now opens sockets of `connected`.

    Its TLS context has to come from `bounded_tls`.
    """

    def create(address: tuple[str, int], timeout: object = None, *_: object) -> socket.socket:
        sock = connected(*address)
        if isinstance(timeout, int | float):
            sock.settimeout(timeout)
        return sock

    connection._create_connection = create  # type: ignore[attr-defined]  # since Python 2.7, and nothing public has it
    return connection


def connected(host: str, port: int, options: Sequence[tuple[int, int, int | bytes]] = ()) -> socket.socket:
    """Return a TCP connection to the first address of a host that accepts it.

    All attempts share this thread's deadline.

    Args:
        options: Arguments of `setsockopt`, applied before the connection is opened.

    Raises:
        OSError: No address accepts it; TimeoutError and socket.gaierror are subclasses.
    """
    addresses = _addresses(host.strip("[]"), port)
    trouble = OSError("the host has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        try:
            sock = _Bounded(family, kind, protocol)
            try:
                for option in options:
                    sock.setsockopt(*option)
                # A silent address leaves time for the next one.
                sock.settimeout(_sooner(None, left_s() / (len(addresses) - number)))
                sock.connect(address)
                sock.settimeout(_sooner(None, left_s()))
            except BaseException:
                sock.close()
                raise
            return sock
        except OSError as error:
            trouble = error
    raise trouble


def _addresses(host: str, port: int) -> list[Any]:
    with contextlib.suppress(socket.gaierror, UnicodeError):
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    answers: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(socket.gaierror(socket.EAI_NONAME, "this is no name of a host"))

    # A resolver has its own time-out, which cannot be set.
    threading.Thread(target=ask, name="name resolution", daemon=True).start()
    try:
        answer = answers.get(timeout=_sooner(None, left_s()))
    except queue.Empty:
        raise TimeoutError("the host's name was not resolved in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _sooner(own_s: float | None, left: float) -> float | None:
    if own_s is None:
        return None if left == math.inf else left
    return min(own_s, left)
