"""Recording proxy: serves connections, runs the recorder beside them, and goes on without it when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from ssl import SSLContext
from typing import Any

from callback_contract.mock_server.proxy.passing import Target, accept
from callback_contract.mock_server.proxy.record import RecordPipe
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Outcome", "RecorderProcess", "run_proxy"]

_MODULE = "callback_contract.mock_server.proxy.recorder_process"
_ENDS_S = 10.0
_LOOKS_S = 0.5
_LINGERS_S = 1.0


@dataclass(frozen=True)
class Outcome:
    """What came of a run: exchanges handed to the recorder, and those of which there is no record."""

    recorded: int
    dropped: int


class RecorderProcess:
    """The recorder, started; it ends when its pipe is closed.

    Attributes:
        told: What it said when it started.

    Raises:
        KitError: It could not start; the store or a file cannot be used.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        # A session of its own: Ctrl-C is for the proxy, which then lets it write the rest.
        self.process = subprocess.Popen(  # noqa: S603  # this program
            [sys.executable, "-m", _MODULE, json.dumps(dict(options))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.told: dict[str, Any] = json.loads(line or b'{"error": ""}')
        if "error" in self.told:
            self.end()
            raise KitError(
                self.told["error"] or Text("error-proxy.no-recorder"), exit_code=self.told.get("exit_code", 3)
            )

    def end(self) -> None:
        """Wait until it has written everything; it is killed when that takes long."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_proxy(
    sock: socket.socket, tls: SSLContext | None, target: Target, recorder: RecorderProcess, lost: Callable[[], None]
) -> Outcome:
    """Pass connections until a signal ends it.

    Args:
        sock: Bound and listening.
        lost: Called once when the recorder is gone; connections go on.
    """
    serving = _serving(sock, tls, target, recorder, lost)
    try:
        import uvloop
    except ImportError:  # not on Windows
        return asyncio.run(serving)
    return uvloop.run(serving)


async def _watched(recorder: RecorderProcess, pipe: RecordPipe) -> None:
    """Notice the end of the recorder when nothing passes, too."""
    while recorder.process.poll() is None:
        await asyncio.sleep(_LOOKS_S)
    pipe.give_up()


async def _serving(
    sock: socket.socket, tls: SSLContext | None, target: Target, recorder: RecorderProcess, lost: Callable[[], None]
) -> Outcome:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    _, pipe = await loop.connect_write_pipe(lambda: RecordPipe(lost), recorder.process.stdin)
    server = await loop.create_server(partial(accept, target, pipe), sock=sock, ssl=tls)
    watching = loop.create_task(_watched(recorder, pipe))
    await ended.wait()
    watching.cancel()
    server.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGERS_S):
            await server.wait_closed()
    await pipe.close()
    return Outcome(pipe.recorded, pipe.dropped)
