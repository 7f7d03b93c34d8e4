"""Decides how the mock answers a delivery: right by the contract, or wrong by exactly one named fault."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, Protocol

from callback_contract.mock_server.receiver.guard import FOREIGN, Guard
from callback_contract.mock_server.receiver.request import MAX_BODY_BYTES, Head, Request
from callback_contract.mock_server.receiver.state import States
from callback_contract.mock_server.signing import Keys, Scheme, verify
from callback_contract.mock_server.validation.error_details import Violation
from callback_contract.mock_server.validation.validator import Assessment, Validator
from callback_contract.mock_server.wire.delivery import Headers
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.contract.read_back_document import load_read_back

__all__ = [
    "MAX_BODY_BYTES",
    "NOT_KEPT",
    "Durability",
    "Fault",
    "Observer",
    "Pages",
    "Receiver",
    "Request",
    "Response",
    "Right",
    "Script",
    "problem",
    "raw_headers",
]

_log = logging.getLogger("uvicorn.error")  # where what a server's application raises is told


@dataclass(frozen=True)
class Response:
    """What goes back.

    Attributes:
        delay_s: Seconds before the answer.
        wire: Empty, or what happens below HTTP instead of the answer: "reset" or "endless".
    """

    status: int
    body: bytes = b""
    media_type: str = ""
    headers: Headers = ()
    delay_s: float = 0.0
    wire: str = ""

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """All headers as they are sent; kept, since acknowledgements are sent again and again."""
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
        if self.media_type:
            raw.append((b"content-type", self.media_type.encode("latin-1")))
        if self.wire != "endless" and self.status not in {204, 304}:
            raw.append((b"content-length", str(len(self.body)).encode()))
        return raw

    @cached_property
    def raw(self) -> bytes:
        """Headers and body as one piece."""
        return raw_headers(self.raw_headers) + b"\r\n" + self.body


Right = Callable[[], Response]


@dataclass(frozen=True)
class Fault:
    """One deviation from a right receiver.

    Attributes:
        answer: Gets the request, its assessment (None before a body is looked at), the receiver, and the right
            answer as a function that stores and answers when it is called.
        needs: What has to be there for it to show: signature, https, credentials or samples; empty for nothing.
        tls: What is wrong with the TLS below it, a key of `certificates.FLAWS`; empty for nothing.
    """

    answer: Callable[[Request, Assessment | None, Receiver, Right], Response]
    needs: str = ""
    tls: str = ""


Observer = Callable[[Request, Assessment | None, Response], None]
"""Hears of a request, its assessment (None when its body was not looked at) and the reply."""


class Durability(Protocol):
    """Keeps what the observer was told, so that no answer goes out before it is kept."""

    def when_kept(self, loop: asyncio.AbstractEventLoop, call: Callable[[bool], None]) -> None:
        """Calls back in the loop, with whether what was told last is kept."""


class Pages(Protocol):
    """The mock's own pages, an ASGI application for some paths under its prefix."""

    def takes(self, path: str) -> bool:
        """Whether a path is one of theirs."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""


class Script(Protocol):
    """Answers otherwise than the contract says, on the user's word.

    Attributes:
        in_place: Whether its answers never wait and never touch the connection.
    """

    in_place: bool

    def has_its_way(self, request: Request) -> bool:
        """Whether it has something to say of a request; what it has not is answered by the contract."""

    def answer(self, request: Request, assessment: Assessment | None, right: Right) -> Response:
        """Answers a delivery; `right` stores and answers it as if there were no script."""


class Receiver:
    """A receiver made from a contract, without a network: a request in, a reply out.

    Args:
        path: The only path at which it takes deliveries; None for any.
        fault: How it is wrong on purpose.
        signature: What deliveries have to be signed by.
        on_exchange: Called with everything received but read-back, in the thread that serves, so it has to be quick.
        keeper: Asked after the observer, and before an answer goes out.
        script: What deliveries are answered instead.

    Attributes:
        pages: Served beside the read-back; None for none.
        guard: Who may read back; None lets everyone who asks without a network.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        path: str | None = None,
        fault: Fault | None = None,
        signature: tuple[Scheme, Keys] | None = None,
        on_exchange: Observer | None = None,
        keeper: Durability | None = None,
        script: Script | None = None,
    ) -> None:
        self.contract = contract
        self.path = path
        self.fault = fault
        self.signature = signature
        self.on_exchange = on_exchange
        self.keeper = keeper
        self.script = script
        self.pages: Pages | None = None
        self.guard: Guard | None = None
        self.assessor = Validator(contract)
        self.states = States()
        self.memory: dict[str, Any] = {}
        read_back = load_read_back()
        self.prefix = read_back.prefix + "/"
        self._state_start, _, self._state_end = read_back.template.partition("{id}")
        self.methods = {callback.method for callback in contract.callbacks}
        self.media_types = {callback.media_type.lower() for callback in contract.callbacks}
        self._of_fields = {callback.media_type for callback in contract.callbacks if not callback.is_json}
        self._acknowledgements = {callback.name: _documented_reply(callback) for callback in contract.callbacks}
        self._refused_head = self._refusal_of_head

    def answer(self, request: Request) -> Response:
        """Answers one request, and tells the observer before the answer goes out."""
        if request.head.path.startswith(self.prefix):
            return self._own(request)
        try:
            assessment, reply = self._answered(request)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # an error of our own; what a library in Rust panics with is no Exception
            _log.error("Exception in the receiver\n", exc_info=error)
            assessment, reply = None, CRASHED
        if self.on_exchange is not None:
            self.on_exchange(request, assessment, reply)
        return reply

    def refuse(self, request: Request, refusal: Response) -> Response:
        """Tells the observer of what is no right HTTP request, and of its refusal."""
        if self.on_exchange is not None and not request.head.path.startswith(self.prefix):
            self.on_exchange(request, None, refusal)
        return refusal

    def _answered(self, request: Request) -> tuple[Assessment | None, Response]:
        if self.path is not None and request.path != self.path:
            return None, problem(404, "Not Found", f"Deliveries are taken at {self.path}.")
        refusal = self._refusal(request)
        if refusal is None and self.signature is not None:
            refusal = self._unsigned(request)
        assessment = None if refusal else self._assess(request)
        if self.fault is None and (self.script is None or not self.script.has_its_way(request)):
            return assessment, refusal or self._judged(assessment)
        right: Right = partial(self._right, refusal, assessment)
        if self.fault is not None:
            right = partial(self.fault.answer, request, assessment, self, right)
        if self.script is None or request.method not in self.methods:
            return assessment, right()
        return assessment, self.script.answer(request, assessment, right)

    def _assess(self, request: Request) -> Assessment:
        if self._of_fields and (media_type := request.media_type) in self._of_fields:
            return self.assessor.assess_fields(request.body, media_type, request.header("content-type") or "")
        return self.assessor.assess(request.body)

    def _right(self, refusal: Response | None, assessment: Assessment | None) -> Response:
        return refusal or self._judged(assessment)

    def _refusal(self, request: Request) -> Response | None:
        if len(request.body) > MAX_BODY_BYTES:
            return request.head.noted(self._refused_head) or problem(
                413, "Content Too Large", f"A body has {MAX_BODY_BYTES} bytes at most."
            )
        return request.head.noted(self._refused_head)

    def _refusal_of_head(self, head: Head) -> Response | None:
        if head.method not in self.methods:
            allow = ", ".join(sorted(self.methods))
            return replace(
                problem(405, "Method Not Allowed", f"Callbacks come by {allow}."), headers=(("Allow", allow),)
            )
        media_type, charset = head.content_type
        if media_type not in self.media_types or charset not in {"", "utf-8", "utf8"}:
            wanted = ", ".join(sorted(self.media_types))
            return problem(415, "Unsupported Media Type", f"Callbacks are {wanted} in UTF-8.")
        return None

    def trusting(self, request: Request) -> Response:
        """Answers as if the signature were right, whatever it is."""
        return self._refusal(request) or self._judged(self._assess(request))

    def _unsigned(self, request: Request) -> Response | None:
        flaw = self.signature_flaw(request)
        return problem(401, "Unauthorized", f"{flaw}.") if flaw else None

    def signature_flaw(self, request: Request) -> str:
        """What is wrong with the signature; empty when nothing is, or none is asked for."""
        if self.signature is None:
            return ""
        scheme, keys = self.signature
        return verify(
            scheme,
            keys,
            headers=request.headers,
            body=request.body,
            method=request.method,
            path=request.target,
            now=datetime.now(UTC),
        )

    def _judged(self, assessment: Assessment | None) -> Response:
        assert assessment is not None
        if assessment.callback is None:
            status, title = (422, "Unprocessable Content") if assessment.kind == "schema" else (400, "Bad Request")
            return problem(status, title, "The body is not what the contract describes.", assessment.violations)
        effect = self.states.effect(assessment.callback, assessment.value, assessment.size)
        if self.keeper is not None and self.fault is None:
            assessment.effect = effect  # what cannot be kept is answered 507, and counts for nothing
        else:  # a fault looks at what it stores while it answers
            effect()
        return self._acknowledgements[assessment.callback.name]

    def _own(self, request: Request) -> Response:
        path = request.path
        if request.method == "GET" and path.startswith(self._state_start) and path.endswith(self._state_end):
            if refusal := self.guard.refusal(request.head.raw_headers) if self.guard else "":
                return _NO_PAGE if refusal == FOREIGN else _NO_TOKEN
            stored = self.states.get(path[len(self._state_start) : len(path) - len(self._state_end)])
            if stored is not None:
                return Response(200, json.dumps(stored.shown()).encode(), "application/json")
        return problem(404, "Not Found", "Nothing is known here.")


def raw_headers(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as HTTP/1.1 writes them, a line each."""
    return b"".join(b"%b: %b\r\n" % pair for pair in pairs)


def problem(status: int, title: str, detail: str, violations: tuple[Violation, ...] = ()) -> Response:
    """A rejection as RFC 9457 problem details; received text stands in it only as JSON strings."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if violations:
        body["violations"] = [{"pointer": v.pointer, "message": v.message} for v in violations[:50]]
    return Response(status, json.dumps(body).encode(), "application/problem+json")


_NO_PAGE = problem(403, "Forbidden", "No web page of another origin may read this.")
_NO_TOKEN = replace(
    problem(
        401,
        "Unauthorized",
        "Who does not ask on this machine, by its loopback address, needs the mock's token:"
        " check --state-header 'Authorization: Bearer TOKEN'. The mock prints it where it listens for others, and takes"
        " it from CALLBACK_CONTRACT_INSPECT_TOKEN.",
    ),
    headers=(("WWW-Authenticate", "Bearer"),),
)

CRASHED = problem(500, "Internal Server Error", "The mock failed while it judged the delivery; its log says how.")
"""Goes out, and is recorded as a violation, when judging a delivery fails by an error of ours."""

NOT_KEPT = problem(507, "Insufficient Storage", "The delivery could not be written down. Send it again later.")
"""Goes out instead of an answer whose delivery could not be kept (RFC 4918 section 11.5); a sender tries again."""


def _documented_reply(callback: Callback) -> Response:
    answer = callback.answer
    if answer is None:
        return Response(204)
    if answer.media_type is None:
        return Response(answer.status)
    return Response(answer.status, json.dumps(answer.example).encode(), answer.media_type)
