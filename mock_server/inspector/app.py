"""Inspector application: serves the page, its data and the event stream below the mock's prefix."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from callback_contract.mock_server.inspector.delivery_view import contract_shown, detail, histogram, row
from callback_contract.mock_server.inspector.query import asked
from callback_contract.mock_server.inspector.resend import Forwarding, curl_of
from callback_contract.mock_server.receiver.guard import FOREIGN, Guard
from callback_contract.mock_server.receiver.receiver import Receiver, problem
from callback_contract.mock_server.server.asgi import WIRE
from callback_contract.mock_server.store.reader import Reader
from callback_contract.mock_server.store.stored_delivery import StoredDelivery
from callback_contract.openapi.pages.design import shared_script, shared_style
from callback_contract.openapi.text.message import words_of

__all__ = ["Inspector"]

_PAGE = Path(__file__).with_name("page")
_MEDIA_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_SAFETY = tuple(
    (name.encode(), value.encode())
    for name, value in {
        # Only this page's own files run or are requested, and no text becomes markup.
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-store",
    }.items()
)
_LOOKS_S = 0.25  # seconds between two checks for closed streams, and the least time between two messages of a stream
_SIGN_OF_LIFE_S = 10.0
_MOST_STREAMS = 100
_ONE = re.compile("deliveries/([0-9]{1,18})(|/body|/life|/send)")

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Inspector:
    """ASGI application that shows the deliveries of a reader.

    Args:
        base_url: The mock's own URL without a path, for curl lines.
        guard: Who may look.
        forwarding: The receiver to which deliveries are sent again; None without one.
    """

    def __init__(
        self, receiver: Receiver, reader: Reader, base_url: str, guard: Guard, forwarding: Forwarding | None = None
    ) -> None:
        self._receiver, self._reader, self._base_url = receiver, reader, base_url
        self._guard, self._forwarding = guard, forwarding
        self._prefix = receiver.prefix
        self._api = receiver.prefix + "api/"
        self._turns = asyncio.Semaphore(2)  # a full search is work; the mock's responses come first
        self._sends = asyncio.Semaphore(1)
        self._streams = 0

    def takes(self, path: str) -> bool:
        """Return whether a path is one of the inspector's."""
        return path in self._files or path.startswith(self._api) or path == self._prefix[:-1]

    @cached_property
    def _files(self) -> dict[str, tuple[bytes, str]]:
        files = {
            f"{self._prefix}page/{file.name}": (file.read_bytes(), _MEDIA_TYPES[file.suffix] + "; charset=utf-8")
            for file in _PAGE.iterdir()
            if file.suffix in _MEDIA_TYPES
        }
        files[self._prefix] = files.pop(f"{self._prefix}page/index.html")
        files[f"{self._prefix}page/shared.css"] = (shared_style().encode(), "text/css; charset=utf-8")
        files[f"{self._prefix}page/theme.js"] = (shared_script().encode(), "text/javascript; charset=utf-8")
        files[f"{self._prefix}page/words.json"] = (json.dumps(words_of("inspector")).encode(), "application/json")
        return files

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Respond to one request."""
        path, method = scope["path"], scope["method"]
        changes = path.endswith("/send")
        if method not in ({"POST"} if changes else {"GET", "HEAD"}):
            allow = "POST" if changes else "GET, HEAD"
            await _problem(send, 405, f"This is looked at by {allow}.", ((b"allow", allow.encode()),))
        elif path == self._prefix[:-1]:
            await _respond(send, 308, b"", "", ((b"location", self._prefix.encode()),))
        elif path in self._files:
            await _respond(send, 200, *self._files[path], head=method == "HEAD")
        elif refusal := self._guard.refusal(scope["headers"], changes=changes):
            if refusal == FOREIGN:
                await _problem(send, 403, "Only the inspector's own page may ask this.")
            else:
                await _problem(send, 401, "This needs the token.", ((b"www-authenticate", b"Bearer"),))
        elif path == self._api + "stream":
            await self._stream(scope, receive, send)
        else:
            async with self._sends if changes else self._turns:
                status, body, media_type = await asyncio.to_thread(
                    self._answer, path.removeprefix(self._api), scope.get("query_string", b"")
                )
            await _respond(send, status, body, media_type, head=method == "HEAD")

    def _answer(self, path: str, query: bytes) -> tuple[int, bytes, str]:
        try:
            return self._shown(path, query)
        except sqlite3.OperationalError as error:
            return _refused(503, f"The store cannot be read ({error}); deliveries are taken all the same.")

    def _shown(self, path: str, query: bytes) -> tuple[int, bytes, str]:
        if path == "about":
            forward = self._forwarding.access.shown_url if self._forwarding else None
            return _json({"contract": contract_shown(self._receiver.contract), "forward_to": forward})
        if path == "summary":
            counts, latencies = self._reader.counts(), histogram(self._reader.latencies())
            return _json({"counts": counts, "latencies": latencies, "damaged": self._reader.damaged})
        if path == "deliveries":
            try:
                return self._listed(query)
            except ValueError as error:
                return _refused(400, f"The parameter {error} is not understood.")
        match = _ONE.fullmatch(path)
        arrival = self._reader.one(int(match[1])) if match else None
        if match is None or arrival is None:
            return _refused(404, "Nothing is known here.")
        if match[2] == "/body":
            return 200, arrival.body, "application/octet-stream"
        if match[2] == "/life":
            life = self._reader.message(arrival.message) if arrival.message else [arrival]
            return _json([row(one) for one in life])
        if match[2] == "/send":
            return self._sent_again(arrival)
        return _json(detail(arrival, curl_of(arrival, self._base_url + arrival.target)))

    def _listed(self, query: bytes) -> tuple[int, bytes, str]:
        ask = asked(query)
        # Read before the list, so that a delivery in between is asked for again and not missed.
        last = self._reader.last_id
        if ask.after is not None:
            found = self._reader.after(ask.after, ask.wanted, limit=ask.limit)
        else:
            found = self._reader.page(ask.wanted, before=ask.before, limit=ask.limit)
        return _json({"rows": [row(one) for one in found], "last": last, "more": len(found) == ask.limit})

    def _sent_again(self, arrival: StoredDelivery) -> tuple[int, bytes, str]:
        if self._forwarding is None:
            return _refused(409, "The mock was started without --forward-to.")
        if not arrival.whole or arrival.method not in self._receiver.methods:
            return _refused(409, "Only a delivery that was kept whole can be sent again.")
        return _json(self._forwarding.send(arrival))

    async def _stream(self, scope: Any, receive: Any, send: Send) -> None:
        """Send the newest id when it has changed, a few times a second at most."""
        if self._streams >= _MOST_STREAMS:
            await _problem(send, 503, "Too many pages are open.")
            return
        wire = scope.get("extensions", {}).get(WIRE)
        gone = asyncio.ensure_future(_disconnected(receive))
        self._streams += 1
        try:
            await _start(send, 200, ((b"content-type", b"text/event-stream"),))
            told, quiet_s = -1, 0.0
            while not gone.done() and not (wire is not None and wire.ending):
                last = await self._reader.arrived(told, _LOOKS_S)
                quiet_s += _LOOKS_S
                if last != told or quiet_s >= _SIGN_OF_LIFE_S:
                    await send({"type": "http.response.body", "body": b"data: %d\n\n" % last, "more_body": True})
                    quiet_s = 0.0
                await asyncio.sleep(_LOOKS_S if last != told else 0.01)  # a closed recorder makes no client wait
                told = last
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._streams -= 1
            gone.cancel()


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _json(value: Any) -> tuple[int, bytes, str]:
    return 200, json.dumps(value).encode(), "application/json"


def _refused(status: int, detail: str) -> tuple[int, bytes, str]:
    reply = problem(status, "Not done", detail)
    return reply.status, reply.body, reply.media_type


async def _problem(send: Send, status: int, detail: str, extra: Iterable[tuple[bytes, bytes]] = ()) -> None:
    await _respond(send, *_refused(status, detail), extra)


async def _start(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*_SAFETY, *headers]})


async def _respond(
    send: Send,
    status: int,
    body: bytes,
    media_type: str,
    extra: Iterable[tuple[bytes, bytes]] = (),
    *,
    head: bool = False,
) -> None:
    kind = ((b"content-type", media_type.encode()),) if media_type else ()
    await _start(send, status, (*kind, (b"content-length", b"%d" % len(body)), *extra))
    await send({"type": "http.response.body", "body": b"" if head else body})
