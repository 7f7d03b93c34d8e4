"""Hostile receivers: what each sends instead of a response, and the exit codes that `check` may have."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from callback_contract.contract_tests.meta.support.hostile import answer

Act = Callable[[socket.socket, bytes], None]

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_DRIP_S = 0.2
_LONGER_S = 120  # than any bound
_RESET = b"\1\0\0\0\0\0\0\0"  # struct linger: on, 0 s


@dataclass(frozen=True)
class Hostile:
    """A hostile behaviour; with `speaks_first` it does not read the request."""

    act: Act
    codes: frozenset[int] = frozenset({3})
    speaks_first: bool = False
    options: tuple[str, ...] = ()


def says(start: bytes = b"", again: bytes = b"", pause_s: float = 0.0, then: Callable | None = None) -> Act:
    """Send the start, then `again` without end; else close, or call `then`."""

    def act(connection: socket.socket, request: bytes) -> None:
        connection.sendall(start)
        for _ in itertools.repeat(None) if again else ():
            connection.sendall(again)
            time.sleep(pause_s)
        if then:
            then(connection)

    return act


def drips(start: bytes, piece: bytes = b"a") -> Act:
    return says(start, piece, _DRIP_S)


def holds(connection: socket.socket) -> None:
    connection.settimeout(_LONGER_S)
    while connection.recv(65536):
        pass


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def after(count: int, act: Act) -> Act:
    """Acknowledge `count` deliveries, and then behave as `act`."""
    seen = itertools.count()

    def late(connection: socket.socket, request: bytes) -> None:
        if next(seen) < count:
            connection.sendall(answer("200 OK", b"{}", "Content-Type: application/json"))
        else:
            act(connection, request)

    return late


def _compressed(times: int, body: bytes) -> bytes:
    for _ in range(times):
        body = gzip.compress(body)
    return body


_ANY = frozenset({0, 1, 3})
_FRAMED = _OK + b"Content-Length: "
_BOMB = answer("200 OK", gzip.compress(b"\0" * 2**26), "Content-Type: application/json", "Content-Encoding: gzip")
_NESTED = answer("200 OK", _compressed(50, b"{}"), f"Content-Encoding: {', '.join(['gzip'] * 50)}")

HOSTILE = {
    # heads
    "head that drips": Hostile(drips(_OK + b"X: ")),
    "status line that drips": Hostile(drips(b"HTTP/1.1 200 ")),
    "100 Continue without end": Hostile(says(again=_CONTINUE)),
    "100 Continue that drips": Hostile(drips(b"", _CONTINUE)),
    "100 Continue with a head that drips": Hostile(drips(b"HTTP/1.1 100 Continue\r\nX: ")),
    "head without end": Hostile(says(_OK, b"X: " + b"a" * 60_000 + b"\r\n")),
    "head of many lines": Hostile(says(_OK, b"X: a\r\n" * 5_000)),
    "status line without end": Hostile(says(b"HTTP/1.1 200 ", b"a" * 65_536)),
    "status line of rubbish": Hostile(says(b"\x00\xff\x1b[2J rubbish\r\n\r\n")),
    "no status line": Hostile(says(b"{}")),
    "status without a number": Hostile(says(b"HTTP/1.1 2e2 OK\r\nContent-Length: 0\r\n\r\n")),
    "status out of range": Hostile(says(b"HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n")),
    "silence": Hostile(says(then=holds)),
    # bodies
    "body that drips": Hostile(drips(_FRAMED + b"1000\r\n\r\n", b" ")),
    "body that never comes": Hostile(says(_FRAMED + b"1000\r\n\r\n", then=holds)),
    "body that stops": Hostile(says(_FRAMED + b"1000\r\n\r\n{")),
    "body without end": Hostile(says(_OK + b"\r\n", b" " * 65_536)),
    "body of chunks without end": Hostile(says(_CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n")),
    "body of 10 GiB": Hostile(says(_FRAMED + b"10737418240\r\n\r\n", b" " * 65_536)),
    "length too small": Hostile(says(_FRAMED + b"1\r\n\r\n{}"), _ANY),
    "length below zero": Hostile(says(_FRAMED + b"-1\r\n\r\n{}"), _ANY),
    "length of many digits": Hostile(says(_FRAMED + b"9" * 5_000 + b"\r\n\r\n{}"), _ANY),
    "two lengths": Hostile(says(_FRAMED + b"2\r\nContent-Length: 50\r\n\r\n{}"), _ANY),
    "length and chunks": Hostile(says(_FRAMED + b"2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), _ANY),
    "chunk of rubbish": Hostile(says(_CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n")),
    "chunk of 16 EiB": Hostile(says(_CHUNKED + b"f" * 16 + b"\r\n{}\r\n", then=holds)),
    "chunk below zero": Hostile(says(_CHUNKED + b"-2\r\n{}\r\n", then=holds)),
    "chunk size that drips": Hostile(drips(_CHUNKED, b"0")),
    "chunk extension that drips": Hostile(drips(_CHUNKED + b"2;")),
    "chunk extension without end": Hostile(says(_CHUNKED + b"2;", b"a" * 65_536)),
    "trailers that drip": Hostile(drips(_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: a\r\n")),
    "trailers without end": Hostile(says(_CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: a\r\n" * 5_000)),
    "second answer that nobody asked for": Hostile(
        says(answer() + b"HTTP/1.1 500 smuggled\r\nContent-Length: 0\r\n\r\n"), _ANY
    ),
    "gzip that explodes": Hostile(says(_BOMB), _ANY),
    "gzip within gzip": Hostile(says(_NESTED), _ANY),
    "gzip that is none": Hostile(says(answer("200 OK", b"none", "Content-Encoding: gzip")), _ANY),
    "JSON of a hundred thousand levels": Hostile(
        says(answer("400 Bad", b'{"a":' * 100_000 + b"1", "Content-Type: application/problem+json")), _ANY
    ),
    # ends
    "closed at once": Hostile(says(), speaks_first=True),
    "closed after the request": Hostile(says()),
    "closed within the head": Hostile(says(b"HTTP/1.1 20")),
    "reset at once": Hostile(says(then=resets), speaks_first=True),
    "reset after the request": Hostile(says(then=resets)),
    "reset within the head": Hostile(says(b"HTTP/1.1 20", then=resets)),
    "reset within the body": Hostile(says(_FRAMED + b"1000\r\n\r\n{", then=resets)),
    # come later, come elsewhere
    "redirects in a ring": Hostile(says(answer("307 Temporary Redirect", b"", "Location: /"))),
    "Retry-After of a year": Hostile(says(answer("503 Busy", b"", "Retry-After: 31536000"))),
    "Retry-After without end": Hostile(says(answer("429 Busy", b"", "Retry-After: 0"))),
    "Retry-After a second without end": Hostile(says(answer("503 Busy", b"", "Retry-After: 1"))),
    # TLS
    "TLS of rubbish": Hostile(says(bytes(range(256)) * 64), speaks_first=True),
    "TLS of silence": Hostile(says(then=holds), speaks_first=True),
    "TLS record that drips": Hostile(drips(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"), speaks_first=True),
    "TLS records without end": Hostile(says(again=b"\x16\x03\x03\x00\x01\x00"), speaks_first=True),
}
HTTPS = {name for name in HOSTILE if name.startswith("TLS")}

LATE = {
    name: Hostile(after(12, HOSTILE[name].act), _ANY)
    for name in (
        "head that drips",
        "100 Continue without end",
        "silence",
        "body that drips",
        "body of chunks without end",
        "body of 10 GiB",
        "reset within the head",
        "Retry-After a second without end",
    )
}


@contextlib.contextmanager
def never_accepting():
    """Yield the URL of a listener with a full queue, which never accepts."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
