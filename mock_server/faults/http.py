"""Faults about HTTP itself: requests, connections, answers that show too much, and the TLS below."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from callback_contract.mock_server.faults.behaviours import (
    CRASH,
    REFUSED,
    TAKEN,
    changed,
    of_kind,
    to_accepted,
    to_requests,
)
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Request, Response, Right, problem
from callback_contract.mock_server.validation.validator import Assessment

__all__ = ["HTTP_FAULTS"]


def _out_of_step(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    refused = receiver.memory.setdefault("refused on", set())
    if assessment is not None and not assessment.accepted:
        refused.add(request.connection)
        return right()
    if request.connection in refused:
        refused.discard(request.connection)
        return problem(400, "Bad Request", "This does not look like the start of a request.")
    return right()


def _traced(reply: Response, request: Request) -> Response:
    trace = 'Traceback (most recent call last):\n  File "/srv/app/views.py", line 31, in receive\nValueError: bad body'
    return replace(reply, body=trace.encode(), media_type="text/plain")


def _branded(reply: Response, request: Request) -> Response:
    return replace(reply, body=b"<h1>Bad Request</h1><hr>Werkzeug/3.1.3 Python/3.11.7", media_type="text/html")


def _echoed(reply: Response, request: Request) -> Response:
    return replace(reply, body=b"<p>Cannot read " + request.body[:2000] + b"</p>", media_type="text/html")


def _split(reply: Response, request: Request) -> Response:
    line = re.search(rb"\\r\\n([\w-]+): ?(\w+)", request.body)  # as JSON spells line ends
    return replace(reply, headers=((line[1].decode(), line[2].decode()),)) if line else reply


def _listed(reply: Response, request: Request) -> Response:
    listed = "".join(f"{name}: {value}\n" for name, value in request.headers)
    return replace(reply, body=f"Cannot read this request:\n{listed}".encode(), media_type="text/plain")


_USUAL_HEADERS = {
    "host",
    "content-type",
    "content-length",
    "user-agent",
    "transfer-encoding",
    "expect",
    "connection",
    "accept",
    "accept-encoding",
    "authorization",
}


def _is_delivery(request: Request, receiver: Receiver) -> bool:
    return request.method in receiver.methods


def _strange_type(request: Request, receiver: Receiver) -> bool:
    return _is_delivery(request, receiver) and request.media_type not in receiver.media_types


def _agent(request: Request) -> str:
    return request.header("user-agent") or ""


def _ends(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    if not _is_delivery(request, receiver):
        return right()
    receiver.memory["answered"] = receiver.memory.get("answered", 0) + 1
    return right() if receiver.memory["answered"] <= _LAST else Response(500, wire="reset")


def _loses_some(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    chance = receiver.memory.setdefault("chance", random.Random())
    return _LOST if _is_delivery(request, receiver) and chance.random() < _SHARE_LOST else right()


def _below(tls: str) -> Fault:
    """Answers right, over a connection that is not."""
    return Fault(lambda request, assessment, receiver, right: right(), needs="https", tls=tls)


_LAST = 100
_SHARE_LOST = 1 / 30
_LOST = Response(502, b"<html><title>502 Bad Gateway</title></html>", "text/html")

HTTP_FAULTS: dict[str, Fault] = {
    "WIRE-01": to_requests(
        problem(415, "Unsupported Media Type", "No."),
        lambda request, r: _is_delivery(request, r) and ";" in (request.header("content-type") or ""),
    ),
    "WIRE-02": to_requests(
        problem(415, "Unsupported Media Type", "No."),
        lambda request, r: (
            _is_delivery(request, r)
            and (request.header("content-type") or "").partition(";")[0].strip() != request.media_type
        ),
    ),
    "WIRE-03": to_requests(CRASH, _strange_type),
    "WIRE-04": to_requests(problem(400, "Bad Request", "No."), _strange_type),
    "WIRE-05": to_requests(CRASH, lambda request, r: not _is_delivery(request, r) and request.method != "TRACE"),
    "WIRE-06": to_requests(TAKEN, lambda request, _: request.method in {"PUT", "PATCH", "DELETE"}),
    "WIRE-07": to_requests(Response(200, b"hello", "text/plain"), lambda request, _: request.method in {"GET", "HEAD"}),
    "WIRE-08": to_requests(problem(405, "Method Not Allowed", "No."), lambda request, r: not _is_delivery(request, r)),
    "WIRE-09": to_requests(
        Response(200, b"TRACE / HTTP/1.1\r\n", "message/http"), lambda request, _: request.method == "TRACE"
    ),
    "WIRE-10": to_requests(problem(400, "Bad Request", "The body is empty."), lambda request, _: request.chunked),
    "WIRE-11": to_requests(problem(400, "Bad Request", "Who are you?"), lambda request, _: not _agent(request)),
    "WIRE-12": to_requests(
        problem(400, "Bad Request", "Who are you?"),
        lambda request, _: re.match("Go-http|Apache|Mozilla|curl", _agent(request)) is not None,
    ),
    "WIRE-13": to_requests(
        problem(415, "Unsupported Media Type", "No."),
        lambda request, r: _is_delivery(request, r) and not any(name == "Content-Type" for name, _ in request.headers),
    ),
    "WIRE-14": Fault(_out_of_step),
    "WIRE-15": to_requests(Response(417), lambda request, _: request.expects),
    "WIRE-16": to_requests(problem(408, "Request Timeout", "Too slow."), lambda request, _: request.body_s > 0.5),
    "WIRE-17": to_accepted(REFUSED, lambda request, _: request.body[:1] != b"{"),
    "WIRE-18": to_accepted(
        problem(413, "Content Too Large", "Too large."), lambda request, _: len(request.body) > 18_000
    ),
    "WIRE-19": to_accepted(
        problem(413, "Content Too Large", "Too large."), lambda request, _: len(request.body) > 40_000
    ),
    "WIRE-20": to_requests(
        problem(400, "Bad Request", "What is that header?"),
        lambda request, _: any(name.lower() not in _USUAL_HEADERS for name, _ in request.headers),
    ),
    "WIRE-21": changed(
        lambda reply, _: replace(reply, body=reply.body or b'{"error": "no JSON"}', wire="surplus"), of_kind("syntax")
    ),
    "SEC-01": changed(_traced, of_kind("syntax")),
    "SEC-02": changed(_branded, lambda _, a: not a.accepted),
    "SEC-03": changed(_echoed, lambda _, a: not a.accepted),
    "SEC-05": changed(_split, lambda _, a: a.accepted),
    "SEC-04": replace(changed(_listed, lambda _, a: not a.accepted), needs="credentials"),
    "TLS-01": _below("none"),
    "TLS-02": _below("old only"),
    "TLS-03": _below("untrusted"),
    "TLS-04": _below("expired"),
    "TLS-05": _below("other host"),
    "TLS-06": _below("old too"),
    "TLS-07": _below("ending"),
    "LIVE-01": Fault(_ends, varies=True),
    "LIVE-02": Fault(_loses_some, varies=True),
}
