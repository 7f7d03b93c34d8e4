"""Inspector application: serves the page, its data and the event stream below the mock's prefix."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.inspector.compose import MOST_BYTES, Unsendable, composed, delivery_of, sent
from callback_contract.mock_server.inspector.delivery_view import contract_shown, detail, histogram, row
from callback_contract.mock_server.inspector.export import KINDS, exported
from callback_contract.mock_server.inspector.query import asked
from callback_contract.mock_server.inspector.resend import Forwarding, curl_of
from callback_contract.mock_server.receiver.guard import FOREIGN, Guard
from callback_contract.mock_server.receiver.receiver import Receiver, problem
from callback_contract.mock_server.server.asgi import WIRE
from callback_contract.mock_server.signing import DeliverySigner
from callback_contract.mock_server.store.reader import Reader
from callback_contract.mock_server.store.stored_delivery import Filter, StoredDelivery
from callback_contract.openapi.pages.design import shared_script, shared_style
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import words_of

__all__ = ["Inspector"]

_PAGE = Path(__file__).with_name("page")
_MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
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
# A page of the documentation says itself which scripts run: its own, by their digests, which can ask for nothing.
_DOCUMENT_SAFETY = (
    (b"content-security-policy", b"frame-ancestors 'none'"),
    *(pair for pair in _SAFETY if pair[0] != b"content-security-policy"),
)
_LOOKS_S = 0.25  # seconds between two checks for closed streams, and the least time between two messages of a stream
_SIGN_OF_LIFE_S = 10.0
_MOST_STREAMS = 100
_ONE = re.compile("deliveries/([0-9]{1,18})(|/body|/life|/send|/delete)")
_CHANGES = ("/send", "/delete")
_EXPORTED_AT_ONCE = 200  # deliveries

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Inspector:
    """ASGI application that shows the deliveries of a reader.

    Args:
        base_url: The mock's own URL without a path, for curl lines.
        guard: Who may look.
        forwarding: The receiver to which deliveries are sent again; None without one.
        docs: The files of a documentation that is shown beside it, by their names there.
    """

    def __init__(
        self,
        receiver: Receiver,
        reader: Reader,
        base_url: str,
        guard: Guard,
        forwarding: Forwarding | None = None,
        docs: Mapping[str, Path] | None = None,
    ) -> None:
        self._receiver, self._reader, self._base_url = receiver, reader, base_url
        self._guard, self._forwarding = guard, forwarding
        self._signer = DeliverySigner(*receiver.signature) if receiver.signature else None
        self._prefix = receiver.prefix
        self._docs = {f"{receiver.prefix}docs/{name}": file for name, file in (docs or {}).items()}
        self._api = receiver.prefix + "api/"
        self._turns = asyncio.Semaphore(2)  # a full search is work; the mock's responses come first
        self._sends = asyncio.Semaphore(1)
        self._streams = 0

    def takes(self, path: str) -> bool:
        """Return whether a path is one of the inspector's."""
        return path in self._files or path in self._docs or path.startswith(self._api) or path in self._moved

    @cached_property
    def _moved(self) -> dict[str, str]:
        """Paths that lead to another."""
        docs = {f"{self._prefix}docs{end}": f"{self._prefix}docs/index.html" for end in ("", "/") if self._docs}
        return {self._prefix[:-1]: self._prefix, **docs}

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
        changes = path.endswith(_CHANGES)
        if method not in ({"POST"} if changes else {"GET", "HEAD"}):
            allow = "POST" if changes else "GET, HEAD"
            await _problem(send, 405, f"This is looked at by {allow}.", ((b"allow", allow.encode()),))
        elif path in self._moved:
            await _respond(send, 308, b"", "", ((b"location", self._moved[path].encode()),))
        elif path in self._docs:
            file = self._docs[path]
            media_type = _MEDIA_TYPES.get(file.suffix, "text/plain") + "; charset=utf-8"
            content = await asyncio.to_thread(file.read_bytes)
            await _respond(send, 200, content, media_type, safety=_DOCUMENT_SAFETY, head=method == "HEAD")
        elif path in self._files:
            await _respond(send, 200, *self._files[path], head=method == "HEAD")
        elif refusal := self._guard.refusal(scope["headers"], changes=changes):
            if refusal == FOREIGN:
                await _problem(send, 403, "Only the inspector's own page may ask this.")
            else:
                await _problem(send, 401, "This needs the token.", ((b"www-authenticate", b"Bearer"),))
        elif path == self._api + "stream":
            await self._stream(scope, receive, send)
        elif path.startswith(self._api + "export/") and method == "GET":
            await self._export(path.removeprefix(self._api + "export/"), scope.get("query_string", b""), send)
        else:
            given = await _body(receive, MOST_BYTES) if changes else b""
            async with self._sends if changes else self._turns:
                status, body, media_type = await asyncio.to_thread(
                    self._answer, path.removeprefix(self._api), scope.get("query_string", b""), given
                )
            await _respond(send, status, body, media_type, head=method == "HEAD")

    def _answer(self, path: str, query: bytes, given: bytes = b"") -> tuple[int, bytes, str]:
        try:
            return self._changed(path, query, given) or self._shown(path, query)
        except KitError as error:
            return _refused(400, str(error.what))
        except Unsendable as error:
            return _refused(400, str(error))
        except sqlite3.OperationalError as error:
            return _refused(503, f"The store cannot be read ({error}); deliveries are taken all the same.")

    def _changed(self, path: str, query: bytes, given: bytes) -> tuple[int, bytes, str] | None:
        if path == "send":
            to, delivery = delivery_of(given, self._receiver.methods)
            return _json(sent(self._targets, to, delivery))
        if path == "delete":
            return self._filtered(query, lambda wanted: _json({"deleted": self._reader.delete(wanted)}))
        match = _ONE.fullmatch(path)
        if match and match[2] == "/delete":
            return _json({"deleted": self._reader.delete(identity=int(match[1]))})
        return None

    @cached_property
    def _targets(self) -> dict[str, Forwarding]:
        """The only places to which the page can send: the mock itself, and the URL of --forward-to."""
        # What the mock serves by HTTPS has a certificate of its own making.
        own = Forwarding(Access(self._own_url, insecure=True), self._signer)
        return {"mock": own} | ({"forward": self._forwarding} if self._forwarding else {})

    async def _export(self, kind: str, query: bytes, send: Send) -> None:
        try:
            wanted = asked(query).wanted
        except ValueError as error:
            await _problem(send, 400, f"The parameter {error} is not understood.")
            return
        if kind not in KINDS:
            await _problem(send, 404, "Nothing is known here.")
            return
        pieces = exported(kind, self._all(wanted), self._receiver.contract, self._base_url)
        await _start(send, 200, ((b"content-type", b"application/octet-stream"),))
        async with self._turns:
            while piece := await asyncio.to_thread(lambda: "".join(islice(pieces, 2 * _EXPORTED_AT_ONCE))):
                await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _all(self, wanted: Filter) -> Iterator[StoredDelivery]:
        last, end = 0, self._reader.last_id
        while found := self._reader.after(last, wanted, limit=_EXPORTED_AT_ONCE, whole=True):
            yield from (delivery for delivery in found if delivery.id <= end)
            last = found[-1].id
            if last >= end:
                return

    @property
    def _own_url(self) -> str:
        return self._base_url + (self._receiver.path or "/")

    def _filtered(self, query: bytes, act: Callable[[Filter], tuple[int, bytes, str]]) -> tuple[int, bytes, str]:
        try:
            return act(asked(query).wanted)
        except ValueError as error:
            return _refused(400, f"The parameter {error} is not understood.")

    def _shown(self, path: str, query: bytes) -> tuple[int, bytes, str]:
        if path == "about":
            forward = self._forwarding.access.shown_url if self._forwarding else None
            shown = contract_shown(self._receiver.contract)
            return _json({"contract": shown, "forward_to": forward, "own_url": self._own_url, "docs": bool(self._docs)})
        if path == "summary":
            counts, latencies = self._reader.counts(), histogram(self._reader.latencies())
            return _json({"counts": counts, "latencies": latencies, "damaged": self._reader.damaged})
        if path == "compose":
            given = dict(parse_qsl(query.decode("latin-1")))
            contract = self._receiver.contract
            return _json(composed(contract, given.get("callback", ""), given.get("example"), given.get("state")))
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


async def _body(receive: Any, most: int) -> bytes:
    """Return a request's body; what is longer is cut, and then no delivery."""
    body, more = b"", True
    while more and len(body) <= most:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body[:most]


def _json(value: Any) -> tuple[int, bytes, str]:
    return 200, json.dumps(value).encode(), "application/json"


def _refused(status: int, detail: str) -> tuple[int, bytes, str]:
    reply = problem(status, "Not done", detail)
    return reply.status, reply.body, reply.media_type


async def _problem(send: Send, status: int, detail: str, extra: Iterable[tuple[bytes, bytes]] = ()) -> None:
    await _respond(send, *_refused(status, detail), extra)


async def _start(
    send: Send,
    status: int,
    headers: Iterable[tuple[bytes, bytes]],
    safety: Iterable[tuple[bytes, bytes]] = _SAFETY,
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*safety, *headers]})


async def _respond(
    send: Send,
    status: int,
    body: bytes,
    media_type: str,
    extra: Iterable[tuple[bytes, bytes]] = (),
    *,
    head: bool = False,
    safety: Iterable[tuple[bytes, bytes]] = _SAFETY,
) -> None:
    kind = ((b"content-type", media_type.encode()),) if media_type else ()
    await _start(send, status, (*kind, (b"content-length", b"%d" % len(body)), *extra), safety)
    await send({"type": "http.response.body", "body": b"" if head else body})
