"""In-process provider: calls an ASGI or WSGI application with callbacks, without a network.

    >>> from callback_contract.mock_server import Provider
    >>> def app(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "application/json")])
    ...     return [b"{}"]
    >>> provider = Provider()
    >>> provider(app, state="read", set={"variables.name": "Li"}).status
    200
    >>> all(exchange.acknowledged for exchange in provider.life(app))
    True

The application's exceptions are not caught. An ASGI application's lifespan is started before its first
callback and ended by `close`, or at the end of `with Provider() as provider`.
"""

from __future__ import annotations

import asyncio
import inspect
import random
import time
import weakref
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from callback_contract.mock_server.client.sender import Signer
from callback_contract.mock_server.provider.composer import Composer
from callback_contract.mock_server.provider.lifecycles import Mix, life
from callback_contract.mock_server.provider.lifespan import Apps
from callback_contract.mock_server.wire.bodies import decode_body, encode_body
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Headers, Response, replaced_by
from callback_contract.mock_server.wire.identity import Identity, Run
from callback_contract.openapi.contract.loading import CONTRACT_FILE, load_contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Provider"]

Interface = Literal["asgi", "wsgi"]


class Provider:
    """The provider as a callable: sends callbacks to an application.

    It returns the application's responses.

    Args:
        callback: Name of the callback; the contract's first by default.
        target: Path and query at which the application takes callbacks.
        headers: Sent with every callback, credentials for instance.
        signer: Signs what is sent, as in `signing.DeliverySigner`.
        interface: "asgi" or "wsgi"; None detects it from the application.
        seed: Seed of contents and lives; identities are always fresh.
        contract: Another contract than the built-in one.
    """

    def __init__(
        self,
        callback: str | None = None,
        *,
        target: str = "/",
        headers: Headers = (),
        signer: Signer | None = None,
        interface: Interface | None = None,
        seed: int = 0,
        contract: str | Path | None = None,
    ) -> None:
        read = load_contract(contract or CONTRACT_FILE)
        self.callback = read.callback(callback) if callback else read.callbacks[0]
        self.run = Run.fresh()
        self._composer = Composer(self.callback)
        self._target, self._headers, self._signer = target, headers, signer
        self._interface, self._seed = interface, seed
        self._messages = 0
        self._apps = Apps()
        # A call of `close` is optional: applications end with the provider, or at the interpreter's end.
        weakref.finalize(self, self._apps.close)

    def close(self) -> None:
        """End the lifespan of every started application.

        Raises:
            KitError: An application reports a failed shutdown.
        """
        self._apps.close()

    def __enter__(self) -> Provider:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __call__(
        self, app: Any, state: str | None = None, set: Mapping[str, Json] | None = None, *, message: int | None = None
    ) -> Response:
        """Send one callback to an application, see `delivery`."""
        return self.put(app, self.delivery(state, set, message=message))

    def delivery(
        self, state: str | None = None, set: Mapping[str, Json] | None = None, *, message: int | None = None
    ) -> Delivery:
        """Return a callback; sent twice with `put`, the second one is a redelivery.

        Args:
            state: The state in the body; None for a random one.
            set: Values by JSON pointer or names with dots, written after the stamping.
            message: Number of the message; None for a new message.

        Raises:
            KitError: A value has no place in the body.
        """
        number = self._fresh() if message is None else message
        identity = Identity(self.run, number)
        content = self._composer.content(random.Random(f"{self._seed}/{number}"), state)
        made = self._composer.delivery(content, identity)
        if not set:
            return made
        value = decode_body(self.callback, made.body)
        for place, wanted in set.items():
            pointer = place if place.startswith("/") else jp.join(place.split("."))
            try:
                value = jp.replaced(value, pointer, wanted)
            except (LookupError, ValueError):
                raise KitError(
                    Text("error-send.nothing-set-at", place=place), where="set", remedy=Text("error-send.name-member")
                ) from None
        return replace(made, body=encode_body(self.callback, value))

    def put(self, app: Any, delivery: Delivery) -> Response:
        """Send a callback to an application unchanged.

        Raises:
            KitError: The application does not start, or does not respond.
        """
        target = delivery.target_from(self._target)
        signed: Headers = ()
        if self._signer is not None:
            signed, body = self._signer(delivery, f"http://localhost{target}")
            delivery = delivery if delivery.by_query else replace(delivery, body=body)
        headers = replaced_by(delivery.headers, signed, self._headers)
        interface = self._interface or _interface_of(app)
        if interface == "wsgi":
            return _by_wsgi(app, delivery, target, headers)
        return self._apps.run(app, lambda told: _by_asgi(app, delivery, target, headers, told))

    def life(
        self,
        app: Any,
        *,
        failing: bool = False,
        duplicates: float = 0.0,
        reordered: bool = False,
        message: int | None = None,
    ) -> list[Exchange]:
        """Send a message's whole life to an application.

        Each callback waits for the response to the previous one.

        Args:
            failing: Whether the life ends in a terminal state.
            duplicates: Share of events that are sent a second time.
            reordered: Whether one event is sent after its successor.

        Raises:
            KitError: The contract has no life cycle for the callback.
        """
        order = self.callback.delivery.order
        if order is None:
            raise KitError(
                Text("error-send.no-life-cycle", name=self.callback.name),
                where=self.callback.pointer,
                remedy=Text("error-send.one-callback"),
            )
        number = self._fresh() if message is None else message
        mix = Mix(float(failing), duplicates, 0.0, float(reordered))
        made: dict[str, Delivery] = {}
        exchanges = []
        for step in life(order, random.Random(f"{self._seed}/{number}"), mix):
            delivery = made.setdefault(step.state, self.delivery(step.state, message=number))
            begun = time.perf_counter()
            answer = self.put(app, delivery)
            exchanges.append(Exchange(delivery, answer, "", "", time.perf_counter() - begun))
        return exchanges

    def _fresh(self) -> int:
        self._messages += 1
        return self._messages


def _interface_of(app: Any) -> Interface:
    call = app if inspect.isfunction(app) or inspect.ismethod(app) else getattr(app, "__call__", app)  # noqa: B004
    if inspect.iscoroutinefunction(call):
        return "asgi"
    try:
        count = len(inspect.signature(call).parameters)
    except (TypeError, ValueError):
        return "wsgi"
    return "asgi" if count == 3 else "wsgi"


def _by_wsgi(app: Any, delivery: Delivery, target: str, headers: Headers) -> Response:
    from werkzeug.test import EnvironBuilder, run_wsgi_app

    path, _, query = target.partition("?")
    builder = EnvironBuilder(
        path=path, query_string=query, method=delivery.method, headers=list(headers), data=delivery.content
    )
    try:
        parts, status, answered = run_wsgi_app(app, builder.get_environ(), buffered=True)
    finally:
        builder.close()
    code, _, reason = status.partition(" ")
    return Response(int(code), reason, tuple(answered.to_wsgi_list()), b"".join(parts))


async def _by_asgi(app: Any, delivery: Delivery, target: str, headers: Headers, told: dict[str, Any]) -> Response:
    path, _, query = target.partition("?")
    length = (("content-length", str(len(delivery.content))), ("host", "localhost"))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": delivery.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (*headers, *length)],
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 80),
    } | told
    started: dict[str, Any] = {}
    parts: list[bytes] = []
    asked, done = False, asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await done.wait()  # an application that waits for the disconnect gets it after its response
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": delivery.content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        elif message["type"] == "http.response.body":
            parts.append(bytes(message.get("body", b"")))
            if not message.get("more_body"):
                done.set()

    await app(scope, receive, send)
    if not started:
        raise KitError(Text("error-send.app-did-not-answer"), where="app", remedy=Text("error-send.give-app"))
    answered = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in started.get("headers", ()))
    status = int(started["status"])
    reason = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    return Response(status, reason, answered, b"".join(parts))
