"""Protocol self-check: runs a short conversation without a network, to verify the use of uvicorn's internals.

The mock's protocols subclass uvicorn's and use parts without a guarantee. A version that works differently is found
before the first request.
"""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from callback_contract.mock_server.receiver.receiver import Response
from callback_contract.mock_server.server.asgi import asgi_app
from callback_contract.mock_server.server.header_cache import HeaderCache
from callback_contract.mock_server.server.protocol import WireProtocol

__all__ = ["works"]

_TURNS = 20  # turns of the event loop for a response through ASGI
_PLAIN = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
_CONVERSATION = (
    (_PLAIN, b"204 "),
    (_PLAIN, b"204 "),  # its head is known
    (_PLAIN.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")[:-1], b"100 "),
    (b"}", b"204 "),
    (_PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n") + _PLAIN, b"204 "),
    (_PLAIN + b"rubbish", b"400 "),
)


class _Acknowledging:
    """The part of a receiver that a protocol uses."""

    prefix, pages, keeper = "/-", None, None

    def answer(self, request: Any) -> Response:
        return Response(204 if request.body == b"{}" else 422)

    def refuse(self, request: Any, refusal: Response) -> Response:
        return refusal


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...
    def close(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


@cache
def works(protocol: type[WireProtocol]) -> bool:
    """Return whether a protocol works with the installed uvicorn and httptools."""
    found: list[bool] = []

    def run() -> None:
        try:
            found.append(asyncio.run(_converse(protocol)))
        except Exception:  # whatever is missing in it
            found.append(False)

    thread = threading.Thread(target=run, name="self-check", daemon=True)  # this thread may already run a loop
    thread.start()
    thread.join()
    return found == [True]


async def _converse(protocol: type[WireProtocol]) -> bool:
    receiver: Any = _Acknowledging()
    own = {"receiver": receiver, "methods": frozenset({b"POST"}), "heads": HeaderCache()}
    config = uvicorn.Config(asgi_app(receiver), lifespan="off", ws="none", log_config=None)
    config.load()
    talking = type("_Checked", (protocol,), own)(config, ServerState(), {})
    transport = _Transport()
    talking.connection_made(transport)
    for said, answer in _CONVERSATION:
        transport.written = b""
        talking.data_received(said)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if b"HTTP/1.1 " + answer not in transport.written:
            return False
    talking.connection_lost(None)
    return True
