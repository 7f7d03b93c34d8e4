"""Test servers: a raw socket server that may break HTTP, and Python's own with a handler of the test."""

from __future__ import annotations

import contextlib
import http.server
import socket
import sys
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


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # with less, connections that come together wait a second for another try

    def handle_error(self, request, client_address):
        """Report what a handler raised, but not that a client hung up on an answer too long or too late for it."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def http_server(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve with a handler of Python's own http.server while the block runs; yield the URL without a path."""
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


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
