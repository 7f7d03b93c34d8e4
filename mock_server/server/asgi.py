"""ASGI application of a receiver, with access to the connection for responses that ASGI cannot express."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from callback_contract.mock_server.receiver.receiver import (
    MAX_BODY_BYTES,
    NOT_KEPT,
    Durability,
    Receiver,
    Request,
    Response,
)
from callback_contract.mock_server.server.request_framing import INCOMPLETE

__all__ = ["WIRE", "ASGIApp", "asgi_app", "target_of"]

Message = MutableMapping[str, Any]
ASGIApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_DRIP_S = 0.05
WIRE = "callback_contract.wire"
"""Key under which the server hands over the connection, see `serving.py`."""


def asgi_app(receiver: Receiver) -> ASGIApp:
    """Return a receiver as an ASGI 3 application."""

    async def app(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        wire = scope.get("extensions", {}).get(WIRE)
        refusal = wire.refusal if wire is not None else None
        if refusal is None and receiver.pages is not None and receiver.pages.takes(scope["path"]):
            await receiver.pages(scope, receive, send)
            return
        if wire is not None:
            await receive()  # which lets uvicorn read on; the body is complete
            request = wire.request
        else:
            request, refusal = await _received(scope, receive)
        reply = receiver.answer(request) if refusal is None else receiver.refuse(request, refusal)
        is_own = refusal is None and scope["path"].startswith(receiver.prefix)  # not kept, needs no store
        if receiver.keeper is not None and not is_own and not await _kept(receiver.keeper):
            reply = NOT_KEPT
        if reply.delay_s and reply.wire != "trickle":
            await _delayed(reply.delay_s, receive)
        if reply.wire == "reset" and wire is not None:
            wire.abort()
            await receive()  # until the server knows; else it complains of a missing response
            return
        if reply.wire == "surplus" and wire is not None:
            wire.end_with(_too_short(reply))
            await asyncio.sleep(0)  # until the connection is lost, uvicorn misses an answer
            return
        await _send(reply, send, wire)
        if reply.wire == "trickle" and wire is not None:
            wire.abort()
            await receive()

    return app


def _too_short(reply: Response) -> bytes:
    """Return a response whose length is that of half its body."""
    lines = [b"HTTP/1.1 %d Response" % reply.status, b"content-length: %d" % (len(reply.body) // 2)]
    return b"\r\n".join([*lines, b"connection: close", b"", reply.body])


async def _delayed(seconds: float, receive: Callable[[], Awaitable[Message]]) -> None:
    """Wait for some time, or until the sender has gone."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(receive(), seconds)


async def _kept(keeper: Durability) -> bool:
    loop = asyncio.get_running_loop()
    kept: asyncio.Future[bool] = loop.create_future()
    keeper.when_kept(loop, lambda is_kept: None if kept.done() else kept.set_result(is_kept))
    return await kept


def target_of(scope: MutableMapping[str, Any]) -> bytes:
    """Return path and query as they were sent."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return raw + b"?" + query if query else raw


async def _received(
    scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Message]]
) -> tuple[Request, Response | None]:
    """Return a request of another server, and its rejection when it was cut off."""
    parts: list[bytes] = []
    size = 0
    refusal = None
    begun, more = time.perf_counter(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            refusal = INCOMPLETE
            break
        # Beyond the limit the rest is read and discarded, so that the sender gets the rejection.
        if size <= MAX_BODY_BYTES:
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        more = bool(message.get("more_body"))
    request = Request(
        method=scope["method"],
        path=scope["path"],
        raw_headers=tuple(scope["headers"]),
        body=b"".join(parts)[: MAX_BODY_BYTES + 1],
        raw_target=target_of(scope),
        body_s=time.perf_counter() - begun,
    )
    return request, refusal


async def _send(reply: Response, send: Callable[[Message], Awaitable[None]], wire: Any) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.raw_headers})
    if reply.wire == "endless":
        while wire is None or not wire.closing:
            await send({"type": "http.response.body", "body": b" " * 65536, "more_body": True})
        return
    if reply.wire == "trickle":
        await _trickled(reply.delay_s, send, wire)
        return
    await send({"type": "http.response.body", "body": reply.body})


async def _trickled(seconds: float, send: Callable[[Message], Awaitable[None]], wire: Any) -> None:
    """Send a byte now and then, until the sender has gone or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (wire is not None and (wire.closing or wire.ending)):
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.sleep(_DRIP_S)
