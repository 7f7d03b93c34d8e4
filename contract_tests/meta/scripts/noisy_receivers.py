"""Noise between the kit and a receiver: stops, a restart, lost connections, jitter, and a busy machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path

_START_S = 120.0  # on a busy machine
_BUSY = "while True: pass"


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Kept:
    """A receiver's process that can be stopped, killed and started again at the same port."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self.port = free_port()
        self._command, self._log = command, folder / "log"
        self._env = {**os.environ, "PORT": str(self.port), "STORE": str(folder / "store.db"), **env}
        self.process = self.start()
        self.await_up()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; it may take a moment until it listens."""
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(self._command, env=self._env, stdout=output, stderr=output)
        return self.process

    def await_up(self) -> None:
        """Wait until it takes connections."""
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"the receiver did not start: {self._log.read_text(errors='replace')[-2000:]}")

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def _beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Does the work in a thread until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=work, args=[over])
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def stops(receiver: Kept, seconds: float = 1.0) -> Iterator[None]:
    """Stops the process by SIGSTOP for a second, again and again, with two to four seconds in between."""

    def work(over: threading.Event) -> None:
        while not over.wait(random.uniform(2, 4)):
            receiver.process.send_signal(signal.SIGSTOP)
            over.wait(seconds)
            receiver.process.send_signal(signal.SIGCONT)

    with _beside(work):
        yield


@contextlib.contextmanager
def restart(receiver: Kept, seconds: float = 2.0) -> Iterator[None]:
    """Ends the process once, at any time of the first four seconds, and starts it again two seconds later."""

    def work(over: threading.Event) -> None:
        if not over.wait(random.uniform(0, 4)):
            receiver.kill()
            time.sleep(seconds)
            receiver.start()

    with _beside(work):
        yield


@contextlib.contextmanager
def supervised(receiver: Kept, seconds: float = 1.0) -> Iterator[None]:
    """Starts the process again a second after each end."""

    def work(over: threading.Event) -> None:
        while not over.wait(0.05):
            if receiver.process.poll() is not None and not over.wait(seconds):
                receiver.start()

    with _beside(work):
        yield


@contextlib.contextmanager
def load(processes: int = 8) -> Iterator[None]:
    """Keeps the machine busy with other work."""
    busy = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


_NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    limit_req_zone $request_method zone=deliveries:1m rate=20r/s;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 2m;
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            {limit}
        }}
    }}
}}
"""


_LIMIT = "limit_req zone=deliveries burst=5 nodelay;"


@contextlib.contextmanager
def nginx_before(receiver: Kept, limit: str = "") -> Iterator[int]:
    """Puts nginx before a receiver; yields its port."""
    with tempfile.TemporaryDirectory() as folder:
        port, file = free_port(), Path(folder) / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""  # its workers have to reach the folder
        file.write_text(_NGINX.format(user=user, folder=folder, port=port, behind=receiver.port, limit=limit))
        nginx = subprocess.Popen(["nginx", "-e", "stderr", "-p", folder, "-c", str(file)])
        try:
            time.sleep(1)
            yield port
        finally:
            nginx.terminate()
            nginx.wait()


def limiting_nginx(receiver: Kept) -> AbstractContextManager[int]:
    """Puts nginx before a receiver that limits the rate as its documentation shows it: 503 without Retry-After."""
    return nginx_before(receiver, _LIMIT)


@contextlib.contextmanager
def restart_behind_nginx(receiver: Kept) -> Iterator[int]:
    """A restart behind nginx, which answers 502 meanwhile; yields its port."""
    with nginx_before(receiver) as port, restart(receiver):
        yield port


@contextlib.contextmanager
def relay(port: int, *, resets: float = 0.0, jitter_s: float = 0.0) -> Iterator[int]:
    """Passes on what goes to a port and comes back; yields its own port.

    Args:
        resets: The share of requests at which it resets the connection, before or after the receiver has them.
        jitter_s: The longest time for which it holds back each piece.
    """
    ready: Future[int] = Future()

    def work(over: threading.Event) -> None:
        asyncio.run(_serve(port, resets, jitter_s, ready, over))

    with _beside(work):
        yield ready.result()


async def _serve(port: int, resets: float, jitter_s: float, ready: Future[int], over: threading.Event) -> None:
    async def met(near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            _reset(to_near)
            return
        is_new = asyncio.Event()
        is_new.set()  # whether the next piece from the kit begins a request

        async def there() -> None:
            while data := await near.read(65536):
                await asyncio.sleep(random.uniform(0, jitter_s))
                draw = random.random() if is_new.is_set() else 1.0
                is_new.clear()
                if draw >= resets / 2:
                    to_far.write(data)
                    await to_far.drain()
                if draw < resets:
                    _reset(to_near)
                    await asyncio.sleep(0.02)  # what was passed on is read
                    raise ConnectionResetError
            to_far.write_eof()

        async def back() -> None:
            while data := await far.read(65536):
                await asyncio.sleep(random.uniform(0, jitter_s))
                is_new.set()
                to_near.write(data)
                await to_near.drain()
            to_near.write_eof()

        try:
            await asyncio.gather(there(), back())
        except OSError:
            _reset(to_near)
        finally:
            to_near.close()
            to_far.close()

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # of connections that are under way at its end
    server = await asyncio.start_server(met, "127.0.0.1", 0, backlog=256)
    ready.set_result(server.sockets[0].getsockname()[1])
    while not over.is_set():
        await asyncio.sleep(0.05)
    server.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes a connection as a network does that loses it."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
