"""Listeners of the endpoints: one server for all of them, and one for each flaw of TLS."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from callback_contract.contract_tests.model.tries import Handshakes, Try
from callback_contract.contract_tests.runner.senders.endpoints import Endpoints
from callback_contract.contract_tests.runner.senders.scenarios import FLAWS
from callback_contract.mock_server.server.certificates import Tls, self_made_of_one
from callback_contract.mock_server.server.serving import bound_socket, served
from callback_contract.mock_server.wire.delivery import Delivery, Response

__all__ = ["Listening", "listening"]

_PATIENCE_S = 10.0
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Listening:
    """The endpoints while they are served.

    Attributes:
        base: The URL below which they are, without a slash at its end.
        ca: The authority that a sender has to trust; None without TLS.
        flawed: The URLs with a flawed certificate, by endpoint.
    """

    endpoints: Endpoints
    base: str
    ca: Path | None = None
    flawed: dict[str, str] = field(default_factory=dict)
    doors: dict[str, _Door] = field(default_factory=dict)

    @property
    def urls(self) -> dict[str, str]:
        """The URL of each endpoint that is asked for."""
        return {name: f"{self.base}/{name}" for name in self.endpoints.only} | self.flawed

    @property
    def handshakes(self) -> dict[str, Handshakes]:
        """What came to the endpoints with a flaw."""
        return {name: door.seen for name, door in self.doors.items()}

    def came(self, name: str) -> bool:
        """Whether anything came to an endpoint."""
        return bool(self.doors[name].seen.connections if name in self.doors else self.endpoints.count(name))


@contextlib.contextmanager
def listening(
    endpoints: Endpoints, host: str = "127.0.0.1", port: int = 0, *, tls: bool = False, flaws: tuple[str, ...] = ()
) -> Iterator[Listening]:
    """Serve the endpoints.

    Args:
        flaws: The endpoints with flawed TLS that are asked for.

    Raises:
        KitError: The port cannot be taken, or the package cryptography is not installed.
    """
    endpoints.receiver.assessor.warm_up()  # the first rejection would hold up all answers
    log = logging.getLogger("uvicorn.error")
    with contextlib.ExitStack() as stack:
        made: dict[str, Tls] = {}
        stack.callback(setattr, log, "disabled", log.disabled)
        if tls:
            made = stack.enter_context(self_made_of_one(host, ["", *(FLAWS[name] for name in flaws)]))
        doors = {name: stack.enter_context(_opened(name, host, made[FLAWS[name]])) for name in flaws if tls}
        base = stack.enter_context(
            served(endpoints.receiver, host, made.get(""), protocol=endpoints.protocol, port=port)
        )
        stack.callback(setattr, log, "disabled", True)  # what is held back at the end is cut off, and no error
        shown = base.rpartition(":")[0]
        flawed = {name: f"{shown}:{door.port}/{name}" for name, door in doors.items()}
        yield Listening(endpoints, base, made[""].authority if tls else None, flawed, doors)


class _Door:
    """A listener with flawed TLS: counts connections, and reads what comes over those that the sender accepts."""

    def __init__(self, name: str, sock: socket.socket, tls: Tls) -> None:
        self._name, self._sock, self._context = name, sock, tls.context()
        self.port: int = sock.getsockname()[1]
        self.seen = Handshakes()
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Take connections until the socket is closed."""
        while True:
            try:
                connection, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=(connection,), name="flawed TLS", daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        begun_s = time.perf_counter()
        connection.settimeout(_PATIENCE_S)
        data = b""
        with (
            contextlib.suppress(OSError, ValueError),  # a refused handshake is what is right
            connection,
            self._context.wrap_socket(connection, server_side=True) as secured,
        ):
            while b"\r\n\r\n" not in data and len(data) < 65536 and (part := secured.recv(65536)):
                data += part
            if data:
                secured.sendall(_ANSWER)
                self._note(data, begun_s)
                while secured.recv(65536):  # a socket that is closed with unread bytes resets the answer
                    pass
                return
        self._note(data, begun_s)

    def _note(self, data: bytes, begun_s: float) -> None:
        tries: tuple[Try, ...] = ()
        if data:
            method, _, rest = data.decode("latin-1").partition(" ")
            target = rest.partition(" ")[0]
            delivery = Delivery("", method[:20], (), b"", target=target)
            answer = Response(200, "OK", (), b"")
            tries = (Try(self._name, begun_s, time.time(), delivery, target, 0.0, answer, is_whole=False),)
        with self._lock:
            self.seen = Handshakes(self.seen.connections + 1, (*self.seen.tries, *tries))


@contextlib.contextmanager
def _opened(name: str, host: str, tls: Tls) -> Iterator[_Door]:
    sock = bound_socket(host, 0)
    try:
        door = _Door(name, sock, tls)
        threading.Thread(target=door.serve, name="flawed TLS", daemon=True).start()
        yield door
    finally:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()
