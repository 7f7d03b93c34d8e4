"""Mock receiver: responds to deliveries by the contract, or with exactly one named fault."""

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

_log = logging.getLogger("uvicorn.error")  # the log of a server for exceptions of its application


@dataclass(frozen=True)
class Response:
    """The mock's response.

    Attributes:
        delay_s: Seconds before the response is sent.
        wire: Empty, or the event below HTTP instead of the response: "reset", "endless", "surplus", or "trickle", a
            body that goes on for `delay_s` and is then broken off.
    """

    status: int
    body: bytes = b""
    media_type: str = ""
    headers: Headers = ()
    delay_s: float = 0.0
    wire: str = ""

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """All headers as they are sent; cached, since acknowledgements repeat."""
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
        if self.media_type:
            raw.append((b"content-type", self.media_type.encode("latin-1")))
        if self.wire not in {"endless", "trickle"} and self.status not in {204, 304}:
            raw.append((b"content-length", str(len(self.body)).encode()))
        return raw

    @cached_property
    def raw(self) -> bytes:
        """Headers and body as one piece."""
        return raw_headers(self.raw_headers) + b"\r\n" + self.body


Right = Callable[[], Response]


@dataclass(frozen=True)
class Fault:
    """One deviation from a correct receiver.

    Attributes:
        answer: Gets the request, its assessment (None before a body is looked at), the receiver, and the right
            answer as a function that stores and answers when it is called.
        needs: What has to be there for it to show: signature, https, credentials, samples, or a contract with no
            retries; empty for nothing.
        tls: What is wrong with the TLS below it, a key of `certificates.FLAWS`; empty for nothing.
        varies: Whether it meets other deliveries each time.
    """

    answer: Callable[[Request, Assessment | None, Receiver, Right], Response]
    needs: str = ""
    tls: str = ""
    varies: bool = False


Observer = Callable[[Request, Assessment | None, Response], None]
"""Receives request, assessment (None if the body was not read) and response."""


class Durability(Protocol):
    """Durability of recorded exchanges: a response waits until its delivery is kept."""

    def when_kept(self, loop: asyncio.AbstractEventLoop, call: Callable[[bool], None]) -> None:
        """Call back in the loop with whether the last recorded exchange is kept."""


class Pages(Protocol):
    """The mock's own pages, an ASGI application for some paths under its prefix."""

    def takes(self, path: str) -> bool:
        """Return whether a path is one of theirs."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Respond to one request."""


class Script(Protocol):
    """Script of responses that differ from the contract, on the user's request.

    Attributes:
        in_place: Whether its responses never wait and never change the connection.
    """

    in_place: bool

    def has_its_way(self, request: Request) -> bool:
        """Return whether it responds to a request; otherwise the contract decides."""

    def answer(self, request: Request, assessment: Assessment | None, right: Right) -> Response:
        """Respond to a delivery; `right` stores it and responds as if without a script."""


class Receiver:
    """A receiver made from a contract, without a network: request in, response out.

    Args:
        path: The only path at which it takes deliveries; None for any.
        fault: The deliberate fault.
        signature: The scheme and keys that deliveries have to be signed with.
        on_exchange: Called with every exchange but read-back, in the serving thread, so it has to be quick.
        keeper: Asked after the observer and before a response is sent.
        script: The script that responds instead of the contract.

    Attributes:
        pages: Pages in addition to the read-back; None for none.
        guard: Who may read back; None admits every caller without a network.
        by_tls: Whether deliveries come by HTTPS, which a signature of the URL depends on.
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
        formats: bool = False,
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
        self.by_tls = False
        self.assessor = Validator(contract, formats=formats)
        self.states = States()
        self.memory: dict[str, Any] = {}
        read_back = load_read_back()
        self.prefix = read_back.prefix + "/"
        self._state_start, _, self._state_end = read_back.template.partition("{id}")
        self.methods = {callback.method for callback in contract.callbacks}
        self._by_query = {callback.method for callback in contract.callbacks if callback.by_query}
        with_body = [callback for callback in contract.callbacks if not callback.by_query]
        self._with_body = {callback.method for callback in with_body}
        self.media_types = {callback.media_type.lower() for callback in with_body}
        self._of_fields = {callback.media_type for callback in with_body if not callback.is_json}
        self._acknowledgements = {callback.name: _documented_reply(callback) for callback in contract.callbacks}
        self._refused_head = self._refusal_of_head
        self._told_by_query = self._is_by_query

    def answer(self, request: Request) -> Response:
        """Respond to one request; the observer is called before the response is sent."""
        if request.head.path.startswith(self.prefix):
            return self._own(request)
        try:
            assessment, reply = self._answered(request)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # an error of the kit; a panic of a Rust library is not an Exception
            _log.error("Exception in the receiver\n", exc_info=error)
            assessment, reply = None, CRASHED
        if self.on_exchange is not None:
            self.on_exchange(request, assessment, reply)
        return reply

    def refuse(self, request: Request, refusal: Response) -> Response:
        """Report a malformed HTTP request and its rejection to the observer."""
        if self.on_exchange is not None and not request.head.path.startswith(self.prefix):
            self.on_exchange(request, None, refusal)
        return refusal

    def _answered(self, request: Request) -> tuple[Assessment | None, Response]:
        if self.path is not None and request.path != self.path:
            return None, problem(404, "Not Found", f"Deliveries are taken at {self.path}.")
        refusal = self._refusal(request)
        if refusal is None and self.signature is not None:
            refusal = self._unsigned(request)
        assessment = None if refusal else self.content_of(request)
        if self.fault is None and (self.script is None or not self.script.has_its_way(request)):
            return assessment, refusal or self._judged(assessment, request.head)
        right: Right = partial(self._right, refusal, assessment, request.head)
        if self.fault is not None:
            right = partial(self.fault.answer, request, assessment, self, right)
        if self.script is None or request.method not in self.methods:
            return assessment, right()
        return assessment, self.script.answer(request, assessment, right)

    def _is_by_query(self, head: Head) -> bool:
        """Return whether a request is one of the deliveries without a body."""
        return head.method in self._by_query and (head.method not in self._with_body or head.content_type[0] == "")

    def assessed(self, request: Request) -> Assessment:
        """Judge a delivery that somebody else answers."""
        refusal = self._refusal(request)
        if refusal is None:
            return self.content_of(request)
        return Assessment(None, "head", None, (Violation("", str(json.loads(refusal.body)["detail"])),))

    def content_of(self, request: Request) -> Assessment:
        """Judge what a request delivers, whatever its head is: its query, its fields, or its JSON."""
        if bool(self._by_query) and request.head.noted(self._told_by_query):
            query = request.head.raw_target.partition(b"?")[2]
            return self.assessor.assess_query(query, request.method)
        if self._of_fields and (media_type := request.media_type) in self._of_fields:
            return self.assessor.assess_fields(request.body, media_type, request.header("content-type") or "")
        return self.assessor.assess(request.body)

    def _right(self, refusal: Response | None, assessment: Assessment | None, head: Head) -> Response:
        return refusal or self._judged(assessment, head)

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
        if self._is_by_query(head):
            return None
        media_type, charset = head.content_type
        if media_type not in self.media_types or charset not in {"", "utf-8", "utf8"}:
            wanted = ", ".join(sorted(self.media_types))
            return problem(415, "Unsupported Media Type", f"Callbacks are {wanted} in UTF-8.")
        return None

    def trusting(self, request: Request) -> Response:
        """Respond as if the signature were valid."""
        return self._refusal(request) or self._judged(self.content_of(request), request.head)

    def _unsigned(self, request: Request) -> Response | None:
        flaw = self.signature_flaw(request)
        return problem(401, "Unauthorized", f"{flaw}.") if flaw else None

    def signature_flaw(self, request: Request) -> str:
        """Return the flaw of the signature; empty when it is valid or not required."""
        if self.signature is None:
            return ""
        scheme, keys = self.signature
        return verify(
            scheme,
            keys,
            headers=request.headers,
            body=request.body,
            method=request.method,
            url=self.url_of(request),
            now=datetime.now(UTC),
        )

    def url_of(self, request: Request) -> str:
        """Return the URL that a request was sent to."""
        return f"{'https' if self.by_tls else 'http'}://{request.header('host') or ''}{request.target}"

    def _judged(self, assessment: Assessment | None, head: Head) -> Response:
        assert assessment is not None
        if assessment.callback is None:
            status, title = (422, "Unprocessable Content") if assessment.kind == "schema" else (400, "Bad Request")
            return problem(status, title, "The body is not what the contract describes.", assessment.violations)
        effect = self.states.effect(assessment.callback, assessment.value, assessment.size, head)
        if self.keeper is not None and self.fault is None:
            assessment.effect = effect  # a delivery that cannot be kept gets 507 and has no effect
        else:  # a fault reads the stored state while it responds
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
    """Return headers as HTTP/1.1 writes them, one a line."""
    return b"".join(b"%b: %b\r\n" % pair for pair in pairs)


def problem(status: int, title: str, detail: str, violations: tuple[Violation, ...] = ()) -> Response:
    """Return a rejection as RFC 9457 problem details.

    Received text appears in it only inside JSON strings.
    """
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
"""Sent, and recorded as a violation, after an error of the kit in a judgement."""

NOT_KEPT = problem(507, "Insufficient Storage", "The delivery could not be written down. Send it again later.")
"""Sent when a delivery cannot be kept (RFC 4918 section 11.5); senders retry."""


def _documented_reply(callback: Callback) -> Response:
    answer = callback.answer
    if answer is None:
        return Response(204)
    if answer.media_type is None:
        return Response(answer.status)
    return Response(answer.status, json.dumps(answer.example).encode(), answer.media_type)
