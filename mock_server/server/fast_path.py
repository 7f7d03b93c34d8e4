"""Fast path of the mock's HTTP server: responds to plain deliveries inside the parser's last callback.

A correct receiver responds at once, so a plain delivery needs no task, no messages and no second turn of the event
loop: these cost more than decoding, validating and storing. A read that is a known head with a body of the announced
length needs no parser either: the parser waits for the beginning of a request, and stays there.

Everything else (`Expect`, `Upgrade`, the last request of a connection, another method, a sender that does not read its
responses, any fault, any rejection of malformed HTTP) takes the ASGI application. `Receiver.answer` decides in every
case.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import click
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from callback_contract.mock_server.receiver.receiver import NOT_KEPT, Receiver, Response, raw_headers
from callback_contract.mock_server.receiver.request import MAX_BODY_BYTES, Head, Request
from callback_contract.mock_server.server.header_cache import END, MOST_HEAD_BYTES, HeaderCache
from callback_contract.mock_server.server.protocol import WireProtocol
from callback_contract.mock_server.server.self_check import works
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

__all__ = ["FastPathProtocol", "protocol_for"]

_CRASHED = Response(500, b"Internal Server Error", "text/plain; charset=utf-8", headers=(("Connection", "close"),))


class _Nobody:
    """The event of a response whose messages no task awaits."""

    def set(self) -> None:
        pass


class _Held:
    """A response that waits until its delivery is kept.

    To uvicorn it is a request in progress.
    """

    __slots__ = ("_protocol", "_reply", "disconnected", "keep_alive", "response_complete")
    message_event = _Nobody()
    response_started = False

    def __init__(self, protocol: FastPathProtocol, reply: Response) -> None:
        self._protocol, self._reply = protocol, reply
        self.response_complete = self.disconnected = False
        self.keep_alive = True

    def release(self, kept: bool) -> None:
        """Send the response, or the one for a delivery that could not be kept."""
        self.response_complete = True
        protocol = self._protocol
        if protocol.transport.is_closing():
            return
        protocol.go_out(self._reply if kept else NOT_KEPT)
        if not self.keep_alive:
            protocol.transport.close()


class FastPathProtocol(WireProtocol):
    """HTTP protocol that responds to plain deliveries itself, else by the application."""

    receiver: Receiver
    methods: frozenset[bytes]
    heads: HeaderCache

    _answered: tuple[Head, bytes] | None = None
    _idle_since = 0.0
    _default_headers: object = None

    def data_received(self, data: bytes) -> None:
        between = self._between
        if between:
            size = data.find(END, 0, MOST_HEAD_BYTES) + 4
            known = self.heads.get(data[:size])
            if known is not None and len(data) == size + known.body_bytes and self._may_answer():
                self._unfinished_since = None
                self._answer(known.head, data[size:])
                return
        self._answered = None
        super().data_received(data)
        if between and self._answered is not None:
            self.heads.learn(data, *self._answered)

    def _take(self, head: Head, body: bytes) -> None:
        if self._is_plain(head, body):
            self._answered = head, body
            self._answer(head, body)
        else:
            super()._take(head, body)

    def _is_plain(self, head: Head, body: bytes) -> bool:
        return (
            self._between  # it is not the last of its connection
            and not self._asks
            and len(body) <= MAX_BODY_BYTES
            and self._method in self.methods
            and not head.path.startswith(self.receiver.prefix)
            and self._may_answer()
        )

    def _may_answer(self) -> bool:
        # Responses are sent in the order of the requests, and not faster than the sender reads them.
        return (self.cycle is None or self.cycle.response_complete) and not self.flow.write_paused

    def _answer(self, head: Head, body: bytes) -> None:
        request = Request.with_head(head, body, self.number)
        try:
            reply = self.receiver.answer(request)
        except Exception as error:  # as uvicorn handles an exception of an application
            self.logger.error("Exception in the receiver\n", exc_info=error)
            reply = _CRASHED
        if self.receiver.keeper is None or reply is _CRASHED:
            self.go_out(reply)
            return
        held: Any = _Held(self, reply)
        self.cycle = held
        self.receiver.keeper.when_kept(self.loop, held.release)

    def go_out(self, reply: Response) -> None:
        """Send a response."""
        self.transport.write(b"".join((STATUS_LINE[reply.status], self._date(), reply.raw)))
        if reply is _CRASHED:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None or self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        # The timer of the previous response is still running and is extended when it ends: setting a new one for each
        # delivery takes as long as storing it.
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        if self._owes_continue:
            self._send_continue()

    def timeout_keep_alive_handler(self) -> None:
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if self.cycle is not None and not self.cycle.response_complete:
            self.timeout_keep_alive_task = None  # set again with the response
        elif left_s > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left_s, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _date(self) -> bytes:
        """Return the default headers as bytes; uvicorn renews their list each second."""
        headers = self.server_state.default_headers
        if headers is not self._default_headers:
            self._default_headers = headers
            self._default_bytes = raw_headers(headers)
        return self._default_bytes


def protocol_for(receiver: Receiver) -> type[HttpToolsProtocol]:
    """Return the protocol class for a receiver; a fault needs the ASGI one.

    A fault may respond late, or below HTTP. Where uvicorn or httptools differ from what is expected, the class is a
    slower or plainer one, and a warning is logged.
    """
    in_place = receiver.fault is None and (receiver.script is None or receiver.script.in_place)
    if in_place and works(FastPathProtocol):
        methods = frozenset(method.encode() for method in receiver.methods - {"HEAD"})  # responses to HEAD have no body
        return type(
            "_Protocol", (FastPathProtocol,), {"receiver": receiver, "methods": methods, "heads": HeaderCache()}
        )
    if works(WireProtocol):
        if in_place:
            _warn(Text("mock.through-asgi"))
        return WireProtocol
    _warn(Text("mock.as-plain-server"))
    return HttpToolsProtocol


def _warn(consequence: Text) -> None:
    uvicorn, httptools = (f"{name} {version(name)}" for name in ("uvicorn", "httptools"))
    said = Text("mock.other-versions", uvicorn=uvicorn, httptools=httptools, consequence=consequence)
    click.echo(spoken(said), err=True)
