"""HTTP server of the mock: runs uvicorn in this process, with access to the connection for faults."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callback_contract.mock_server.receiver.guard import Guard, names_loopback
from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.server import protocol as connection
from callback_contract.mock_server.server.asgi import asgi_app
from callback_contract.mock_server.server.certificates import Tls
from callback_contract.mock_server.server.fast_path import protocol_for
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["bound_socket", "serve", "served"]

_BACKLOG = 2048
_HANDSHAKE_LOOKS, _HANDSHAKE_LOOK_S = 20, 0.05
_OTHER_FILES = 100  # the store, and libraries that are loaded late


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to a port, 0 for any free one.

    Raises:
        KitError: The port is in use or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    if os.name != "nt":  # there it would let two servers have one port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(_BACKLOG)  # a client that reads the URL may connect before the server accepts
    except OSError as error:
        sock.close()
        raise KitError(
            Text("error-mock.cannot-listen", host=host, port=port, why=str(error.strerror)),
            where="--port",
            remedy=Text("error-mock.other-port"),
        ) from None
    return sock


class _Server(uvicorn.Server):
    """Server that ends the connections whose TLS handshake is under way, too, before its loop is closed."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A closed server does not wait for what it accepted: so the waiting begins before.
        waiting = {asyncio.ensure_future(server.wait_closed()) for server in self.servers}
        await asyncio.sleep(0)
        await super().shutdown(sockets)
        for _ in range(_HANDSHAKE_LOOKS):
            for each in list(self.server_state.connections):
                each.transport.abort()
            _, waiting = await asyncio.wait(waiting, timeout=_HANDSHAKE_LOOK_S)
            if not waiting:
                return


def _server(
    receiver: Receiver, sock: socket.socket, tls: Tls | None, protocol: type[HttpToolsProtocol] | None = None
) -> _Server:
    receiver.by_tls = tls is not None
    receiver.guard = receiver.guard or Guard(names_loopback(sock.getsockname()[0]))
    config = uvicorn.Config(
        asgi_app(receiver),
        http=protocol or protocol_for(receiver),
        loop="auto",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=1,
        backlog=_BACKLOG,
    )
    config.load()
    config.ssl = tls.context() if tls else None  # uvicorn has no option for the oldest version
    return _Server(config)


def serve(
    receiver: Receiver,
    sock: socket.socket,
    tls: Tls | None = None,
    ending: Callable[[Callable[[], None]], AbstractContextManager[None]] | None = None,
) -> None:
    """Serve until the process is stopped.

    Args:
        ending: A context that gets a function to stop the server (from any thread); held open while it serves.
    """
    # Existing objects are permanent. Deliveries form no cycles, but many wait at once to be written, and scanning each
    # of them again and again took a third of the time of recording.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    _allow_connections()
    server = _server(receiver, sock, tls)

    def stop() -> None:
        server.should_exit = True

    # openapi-core takes half a second to import, which the first rejection should not wait for.
    threading.Thread(target=receiver.assessor.warm_up, name="warming up", daemon=True).start()
    # uvicorn raises a signal again once it has stopped; a process that ended by it would leave a store's log and the
    # file of a self-made authority behind.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with ending(stop) if ending else contextlib.nullcontext():
        server.run(sockets=[sock])


def _allow_connections() -> None:
    """Raise the limit of open files, one for each connection.

    Where it stays low, fewer connections are accepted.
    """
    try:
        import resource
    except ImportError:  # on Windows sockets are not files
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connection.MOST_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        connection.MOST_CONNECTIONS = min(connection.MOST_CONNECTIONS, max(1, soft - _OTHER_FILES))


@contextlib.contextmanager
def served(
    receiver: Receiver,
    host: str = "127.0.0.1",
    tls: Tls | None = None,
    protocol: type[HttpToolsProtocol] | None = None,
    port: int = 0,
) -> Iterator[str]:
    """Serve a receiver on a free loopback port, or a given one; yield its URL without a path.

    Args:
        protocol: Another than that of `protocol_for`; `WireProtocol` has no fast path.
    """
    sock = bound_socket(host, port)
    server = _server(receiver, sock, tls, protocol)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="mock receiver", daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            threading.Event().wait(0.005)
        yield f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        sock.close()
