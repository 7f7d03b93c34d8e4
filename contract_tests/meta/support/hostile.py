"""Hostile server: a raw socket server that breaks HTTP, for tests of bad input."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


def answer(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def _received(connection: socket.socket) -> bytes:
    """Return the next bytes; raise at the end, so that the thread ends."""
    if not (piece := connection.recv(65536)):
        raise ConnectionError("closed")
    return piece


@contextlib.contextmanager
def raw_server(act: Callable[[socket.socket, bytes], None], *, speaks_first: bool = False) -> Iterator[str]:
    """Serve each connection with `act(connection, request)`; yield the URL.

    If it speaks first, the request is empty.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if speaks_first:
                return act(connection, b"")
            request = b""
            while b"\r\n\r\n" not in request:
                request += _received(connection)
            head, _, body = request.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
            )
            while len(body) < length:
                body += _received(connection)
            return act(connection, head + b"\r\n\r\n" + body)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
