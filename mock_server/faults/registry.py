"""Decides how the mock can be wrong on purpose: one deviation for each rule, the rule's id its name.

A fault sees what any receiver sees: the request, what the contract makes of it, and what came before. It never
looks at anything that only this kit would send.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from callback_contract.mock_server.faults.signing import SIGNING_FAULTS
from callback_contract.mock_server.faults.stored import STORED_FAULTS
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Request, Response, Right, problem
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.mock_server.wire.strict_json import has_duplicate_names
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["FAULTS"]

When = Callable[[Request, Assessment], bool]

CRASH = Response(500, b'{"error":"internal"}', "application/json")
REFUSED = problem(422, "Unprocessable Content", "The body is not what this receiver expects.")
TAKEN = Response(200, b"{}", "application/json")


def _body(deviation: str, reply: Response, when: When) -> Fault:
    """Answers otherwise to some bodies, refused or not."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        return reply if assessment is not None and when(request, assessment) else right()

    return Fault(deviation, answer)


def _accepted(deviation: str, reply: Response, when: When) -> Fault:
    """Answers otherwise to some deliveries that a right receiver acknowledges."""
    return _body(deviation, reply, lambda request, a: a.accepted and when(request, a))


def _request(deviation: str, reply: Response, when: Callable[[Request, Receiver], bool]) -> Fault:
    """Answers otherwise to some requests, whatever their body."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        return reply if when(request, receiver) else right()

    return Fault(deviation, answer)


def _instead(deviation: str, change: Callable[[Response, Request], Response], when: When) -> Fault:
    """Changes some right answers."""

    def answer(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
        reply = right()
        return change(reply, request) if assessment is not None and when(request, assessment) else reply

    return Fault(deviation, answer)


def _below(deviation: str, tls: str) -> Fault:
    """Answers right, over a connection that is not."""
    return Fault(deviation, lambda request, assessment, receiver, right: right(), needs="https", tls=tls)


# --- what a body holds -------------------------------------------------------------------------------------------


def _values(value: jp.Json) -> Iterator[jp.Json]:
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _values(item)


def _texts(value: jp.Json) -> Iterator[str]:
    for item in _values(value):
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item


def _any_text(test: Callable[[str], object]) -> When:
    return lambda request, a: any(test(text) for text in _texts(a.value))


def _places(a: Assessment) -> Iterator[tuple[Member, jp.Json]]:
    """Each member that the contract names with the value that stands there."""
    if a.callback is None:
        return
    for member in a.callback.members:
        try:
            yield member, jp.get(a.value, member.pointer)
        except LookupError:
            continue


def _any_place(test: Callable[[Member, jp.Json], bool]) -> When:
    return lambda request, a: any(test(member, value) for member, value in _places(a))


def _map_of(test: Callable[[dict[str, jp.Json]], bool]) -> When:
    return _any_place(lambda member, value: member.is_free_map and isinstance(value, dict) and test(value))


def _last_listed(member: Member, value: jp.Json) -> bool:
    return bool(member.enum) and value == member.enum[-1]


def _new(kind: str, count: int = 1) -> When:
    return lambda request, a: sum(novelty.kind == kind for novelty in a.novelties) >= count


def _new_member(test: Callable[[jp.Json], bool]) -> When:
    return lambda request, a: any(n.kind == "member" and test(jp.get(a.value, n.pointer)) for n in a.novelties)


def _kind(kind: str) -> When:
    return lambda request, a: a.kind == kind


def _refused(test: Callable[[dict[str, jp.Json], tuple[Member, ...]], bool]) -> When:
    """A body refused by the schema whose root is an object, and the members that the contract requires there."""

    def when(request: Request, a: Assessment) -> bool:
        return a.kind == "schema" and isinstance(a.value, dict) and test(a.value, a.required)

    return when


def _lacks(body: dict[str, jp.Json], required: tuple[Member, ...]) -> bool:
    return any(jp.tokens(member.pointer)[0] not in body for member in required)


def _has_null(body: dict[str, jp.Json], required: tuple[Member, ...]) -> bool:
    return any(body.get(jp.tokens(member.pointer)[0], 0) is None for member in required)


def _is_mistyped(body: dict[str, jp.Json], required: tuple[Member, ...]) -> bool:
    endless = any(isinstance(value, float) and math.isinf(value) for value in _values(body))
    return not (_lacks(body, required) or _has_null(body, required) or endless)


def _has_duplicates(request: Request, a: Assessment) -> bool:
    return a.value is not None and has_duplicate_names(request.body)


def _generated_only(text: str) -> bool:
    # C1 controls, private use, unassigned: what nobody writes by hand and every generator finds.
    return any(
        (c >= "\x80" and unicodedata.category(c) == "Cc")
        or (c < "\uffff" and unicodedata.category(c) == "Co")
        or (c > "\uffff" and unicodedata.category(c) == "Cn")
        for c in text
    )


_FORMATS: dict[str, Callable[[jp.Json], bool]] = {
    "hex32": lambda v: re.fullmatch("[0-9a-f]{32}", v) is not None,
    "unix-seconds": lambda v: isinstance(v, float) or 0 < v < 2**32 or abs(v) > 2**53,
    "date-time": lambda v: re.fullmatch(r"(19|20)\d\d-\d\d-[012]\dT[012]\d:[0-5]\d:[0-5]\dZ", v) is not None,
    "serial": lambda v: isinstance(v, float) or v > 0 or abs(v) > 2**53,
    "msisdn": lambda v: re.fullmatch(r"[1-9]\d{6,14}", v) is not None,
    "e164": lambda v: re.fullmatch(r"\+[1-9]\d{6,14}", v) is not None,
}


def _outside_format(member: Member, value: jp.Json) -> bool:
    return member.format in _FORMATS and not _FORMATS[member.format](value)


def _foreign_phone(member: Member, value: jp.Json) -> bool:
    looks = isinstance(value, str) and re.fullmatch(r"\+?[1-9]\d{6,14}", value)
    return bool(member.format in {"e164", "msisdn"} and looks) and not re.match(r"\+?(1|44)", str(value))


_RETENTION = timedelta(days=1)


def _bygone(request: Request, a: Assessment) -> bool:
    """Whether an event is older than what this receiver keeps."""
    stamped = a.callback.delivery.stamped if a.callback else {}
    for pointer in (pointer for pointer, kind in stamped.items() if kind == "time"):
        try:
            value = jp.get(a.value, pointer)
            told = datetime.fromtimestamp(value, UTC) if isinstance(value, (int, float)) else None
        except (LookupError, ValueError, OverflowError, OSError):
            continue
        if told is not None and datetime.now(UTC) - told > _RETENTION:
            return True
    return False


# --- deviations that remember --------------------------------------------------------------------------------------


def _only_first(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    if assessment is None or not assessment.accepted:
        return right()
    receiver.memory["accepted"] = receiver.memory.get("accepted", 0) + 1
    return right() if receiver.memory["accepted"] == 1 else REFUSED


def _slow_when_large(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    reply = right()
    callback = assessment.callback if assessment else None
    if callback is None or len(request.body) < 16_000:
        return reply
    return replace(reply, delay_s=(callback.delivery.deadline_s or 0) + 0.6)


def _poisoned(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    if assessment is None:
        return right()
    if not assessment.parsable:
        receiver.memory["poisoned"] = True
        return right()
    return CRASH if receiver.memory.pop("poisoned", False) else right()


def _out_of_step(request: Request, assessment: Assessment | None, receiver: Receiver, right: Right) -> Response:
    refused = receiver.memory.setdefault("refused on", set())
    if assessment is not None and not assessment.accepted:
        refused.add(request.connection)
        return right()
    if request.connection in refused:
        refused.discard(request.connection)
        return problem(400, "Bad Request", "This does not look like the start of a request.")
    return right()


# --- answers that show too much --------------------------------------------------------------------------------------


def _traced(reply: Response, request: Request) -> Response:
    trace = 'Traceback (most recent call last):\n  File "/srv/app/views.py", line 31, in receive\nValueError: bad body'
    return replace(reply, body=trace.encode(), media_type="text/plain")


def _branded(reply: Response, request: Request) -> Response:
    return replace(reply, body=b"<h1>Bad Request</h1><hr>Werkzeug/3.1.3 Python/3.11.7", media_type="text/html")


def _echoed(reply: Response, request: Request) -> Response:
    return replace(reply, body=b"<p>Cannot read " + request.body[:2000] + b"</p>", media_type="text/html")


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
_PAGE = Response(200, b"<!doctype html><title>Welcome</title><p>Please sign in.", "text/html")


def _is_delivery(request: Request, receiver: Receiver) -> bool:
    return request.method in receiver.methods


def _strange_type(request: Request, receiver: Receiver) -> bool:
    return _is_delivery(request, receiver) and request.media_type not in receiver.media_types


def _agent(request: Request) -> str:
    return request.header("user-agent") or ""


FAULTS: dict[str, Fault] = {
    "ACK-01": Fault("acknowledges the first delivery and no other", _only_first),
    "ACK-02": _accepted(
        "redirects to a result page when the last listed value comes",
        Response(303, headers=(("Location", "/done"),)),
        _any_place(_last_listed),
    ),
    "ACK-03": _accepted("refuses the last value of a closed list", REFUSED, _any_place(_last_listed)),
    "ACK-04": _accepted("takes a map of exactly two keys for incomplete", REFUSED, _map_of(lambda m: len(m) == 2)),
    "ACK-05": Fault("does the work of a large delivery before it answers", _slow_when_large),
    "ACK-06": _instead("acknowledges with 202", lambda reply, _: replace(reply, status=202), lambda _, a: a.accepted),
    "ACK-07": _instead(
        "answers with a web page when the last listed value comes",
        lambda *_: _PAGE,
        lambda request, a: a.accepted and _any_place(_last_listed)(request, a),
    ),
    "ACK-08": _instead(
        "acknowledges with the text OK",
        lambda reply, _: replace(reply, body=b"OK", media_type="text/plain"),
        lambda _, a: a.accepted,
    ),
    "DAT-01": _accepted(
        "refuses Hebrew and Arabic letters", REFUSED, _any_text(lambda text: re.search("[\u0590-\u06ff]", text))
    ),
    "DAT-02": _accepted(
        "refuses characters that need four bytes", REFUSED, _any_text(lambda text: any(c > "\uffff" for c in text))
    ),
    "DAT-03": _accepted(
        "refuses line and paragraph separators", REFUSED, _any_text(lambda text: re.search("[\u2028\u2029]", text))
    ),
    "DAT-04": _accepted("refuses angle brackets, as a firewall would", REFUSED, _any_text(lambda text: "<" in text)),
    "DAT-05": _accepted("refuses line feeds inside texts", REFUSED, _any_text(lambda text: "\n" in text)),
    "DAT-06": _accepted("has columns of 255 characters", REFUSED, _any_text(lambda text: len(text) > 255)),
    "DAT-07": _accepted(
        "has 32-bit integers",
        REFUSED,
        lambda _, a: any(isinstance(value, int) and abs(value) >= 2**31 for value in _values(a.value)),
    ),
    "DAT-08": _accepted("knows the phone numbers of two countries only", REFUSED, _any_place(_foreign_phone)),
    "DAT-09": _accepted(
        "takes an id of digits for a number that is too large",
        REFUSED,
        _any_place(lambda member, value: member.format == "hex32" and isinstance(value, str) and value.isdigit()),
    ),
    "DAT-10": _accepted("refuses an empty map", REFUSED, _map_of(lambda m: not m)),
    "DAT-11": _accepted("refuses maps of more than 290 keys", REFUSED, _map_of(lambda m: len(m) > 290)),
    "DAT-12": _accepted(
        "refuses keys with a dot or a dollar sign",
        REFUSED,
        _map_of(lambda m: any("." in key or "$" in key for key in m)),
    ),
    "DAT-13": _accepted("refuses characters that no keyboard has", REFUSED, _any_text(_generated_only)),
    "FWD-01": _accepted(
        "refuses an unknown member that holds a scalar",
        REFUSED,
        _new_member(lambda value: isinstance(value, (str, int, float))),
    ),
    "FWD-02": _accepted(
        "refuses an unknown member that holds an object, an array or null",
        REFUSED,
        _new_member(lambda value: value is None or isinstance(value, (dict, list))),
    ),
    "FWD-03": _accepted("refuses two unknown members and more", REFUSED, _new("member", 2)),
    "FWD-04": _accepted("crashes on an unknown value of a closed list", CRASH, _new("value")),
    "FWD-05": _accepted("refuses an unknown value of a closed list", REFUSED, _new("value")),
    "FWD-06": _accepted("crashes on anything but texts in a free map", CRASH, _new("type")),
    "FWD-07": _accepted("refuses anything but texts in a free map", REFUSED, _new("type")),
    "PAY-01": _body("crashes on an empty body", CRASH, _kind("empty")),
    "PAY-02": _body("acknowledges an empty body", TAKEN, _kind("empty")),
    "PAY-03": _body("crashes on a syntax error", CRASH, _kind("syntax")),
    "PAY-04": _body("acknowledges a body with a syntax error", TAKEN, _kind("syntax")),
    "PAY-05": _body("crashes on a truncated body", CRASH, _kind("truncated")),
    "PAY-06": _body("acknowledges a truncated body", TAKEN, _kind("truncated")),
    "PAY-07": _body("crashes on a second document", CRASH, _kind("second document")),
    "PAY-08": _body("reads the first of two documents and acknowledges", TAKEN, _kind("second document")),
    "PAY-09": _body("crashes on bytes that are not UTF-8", CRASH, _kind("encoding")),
    "PAY-10": _body("replaces bytes that are not UTF-8 and acknowledges", TAKEN, _kind("encoding")),
    "PAY-11": _body("crashes on a byte order mark", CRASH, _kind("bom")),
    "PAY-12": _body("skips a byte order mark and acknowledges", TAKEN, _kind("bom")),
    "PAY-13": _body("crashes on NaN", CRASH, _kind("not a number")),
    "PAY-14": _body("takes NaN for a number and acknowledges", TAKEN, _kind("not a number")),
    "PAY-15": _body(
        "crashes on a root that is not an object",
        CRASH,
        lambda _, a: a.kind == "schema" and not isinstance(a.value, dict),
    ),
    "PAY-16": _body(
        "acknowledges a root that is not an object",
        TAKEN,
        lambda _, a: a.kind == "schema" and not isinstance(a.value, dict),
    ),
    "PAY-17": _body("crashes on a missing member", CRASH, _refused(_lacks)),
    "PAY-18": _body("acknowledges although a member is missing", TAKEN, _refused(_lacks)),
    "PAY-19": _body("crashes on null", CRASH, _refused(_has_null)),
    "PAY-20": _body("acknowledges null for a required member", TAKEN, _refused(_has_null)),
    "PAY-21": _body("crashes on a mistyped member", CRASH, _refused(_is_mistyped)),
    "PAY-22": _body("acknowledges a mistyped member", TAKEN, _refused(_is_mistyped)),
    "PAY-23": _body("crashes on duplicate names", CRASH, _has_duplicates),
    "PAY-24": _body(
        "crashes on deep nesting", CRASH, lambda request, a: a.kind == "depth" or b"[" * 99 in request.body
    ),
    "PAY-25": _body(
        "crashes on integers beyond 2^53",
        CRASH,
        lambda _, a: any(isinstance(v, (int, float)) and abs(v) > 2**53 for v in _values(a.value)),
    ),
    "PAY-26": _body("crashes on a number of thousands of digits", CRASH, _kind("digits")),
    "PAY-27": _body("crashes on a lone surrogate", CRASH, _kind("surrogate")),
    "PAY-28": _body(
        "crashes on control characters", CRASH, _any_text(lambda text: re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text))
    ),
    "PAY-29": _body("crashes on texts past 4096 characters", CRASH, _any_text(lambda text: len(text) > 4096)),
    "PAY-30": _body(
        "crashes on an integer with a fraction of zero",
        CRASH,
        _any_place(lambda member, value: member.types == ("integer",) and isinstance(value, float)),
    ),
    "PAY-31": _body("crashes on values outside the expected formats", CRASH, _any_place(_outside_format)),
    "PAY-32": Fault("fails on the first valid delivery after a refused one", _poisoned),
    "PAY-33": _body(
        "crashes on a raw NUL byte", CRASH, lambda request, a: a.kind == "syntax" and b"\0" in request.body
    ),
    "WIRE-01": _request(
        "refuses a media type with parameters",
        problem(415, "Unsupported Media Type", "No."),
        lambda request, r: _is_delivery(request, r) and ";" in (request.header("content-type") or ""),
    ),
    "WIRE-02": _request(
        "compares the media type with its letter case",
        problem(415, "Unsupported Media Type", "No."),
        lambda request, r: (
            _is_delivery(request, r)
            and (request.header("content-type") or "").partition(";")[0].strip() != request.media_type
        ),
    ),
    "WIRE-03": _request("crashes on an unknown media type", CRASH, _strange_type),
    "WIRE-04": _request("answers an unknown media type with 400", problem(400, "Bad Request", "No."), _strange_type),
    "WIRE-05": _request(
        "crashes on other methods",
        CRASH,
        lambda request, r: not _is_delivery(request, r) and request.method != "TRACE",
    ),
    "WIRE-06": _request(
        "takes PUT, PATCH and DELETE for deliveries",
        TAKEN,
        lambda request, _: request.method in {"PUT", "PATCH", "DELETE"},
    ),
    "WIRE-07": _request(
        "says hello to GET and HEAD",
        Response(200, b"hello", "text/plain"),
        lambda request, _: request.method in {"GET", "HEAD"},
    ),
    "WIRE-08": _request(
        "does not say which methods it allows",
        problem(405, "Method Not Allowed", "No."),
        lambda request, r: not _is_delivery(request, r),
    ),
    "WIRE-09": _request(
        "echoes TRACE",
        Response(200, b"TRACE / HTTP/1.1\r\n", "message/http"),
        lambda request, _: request.method == "TRACE",
    ),
    "WIRE-10": _request(
        "finds no body in a chunked delivery",
        problem(400, "Bad Request", "The body is empty."),
        lambda request, _: request.chunked,
    ),
    "WIRE-11": _request(
        "refuses a delivery without a User-Agent",
        problem(400, "Bad Request", "Who are you?"),
        lambda request, _: not _agent(request),
    ),
    "WIRE-12": _request(
        "refuses agents that it takes for robots",
        problem(400, "Bad Request", "Who are you?"),
        lambda request, _: re.match("Go-http|Apache|Mozilla|curl", _agent(request)) is not None,
    ),
    "WIRE-13": _request(
        "knows Content-Type in one letter case only",
        problem(415, "Unsupported Media Type", "No."),
        lambda request, r: _is_delivery(request, r) and not any(name == "Content-Type" for name, _ in request.headers),
    ),
    "WIRE-14": Fault("is out of step on a connection after a refusal", _out_of_step),
    "WIRE-15": _request("expects nothing", Response(417), lambda request, _: request.expects),
    "WIRE-16": _request(
        "does not wait for a slow body",
        problem(408, "Request Timeout", "Too slow."),
        lambda request, _: request.body_s > 0.5,
    ),
    "WIRE-17": _accepted("wants the first byte to be a brace", REFUSED, lambda request, _: request.body[:1] != b"{"),
    "WIRE-18": _accepted(
        "takes 18 000 bytes and no more",
        problem(413, "Content Too Large", "Too large."),
        lambda request, _: len(request.body) > 18_000,
    ),
    "WIRE-19": _accepted(
        "takes 40 000 bytes and no more",
        problem(413, "Content Too Large", "Too large."),
        lambda request, _: len(request.body) > 40_000,
    ),
    "WIRE-20": _request(
        "refuses headers that it does not know",
        problem(400, "Bad Request", "What is that header?"),
        lambda request, _: any(name.lower() not in _USUAL_HEADERS for name, _ in request.headers),
    ),
    "SEC-01": _instead("shows a stack trace for a syntax error", _traced, _kind("syntax")),
    "SEC-02": _instead("names its framework's version when it refuses", _branded, lambda _, a: not a.accepted),
    "SEC-03": _instead("repeats the body in an HTML page when it refuses", _echoed, lambda _, a: not a.accepted),
    "SEC-04": replace(
        _instead("lists the request's headers when it refuses", _listed, lambda _, a: not a.accepted),
        needs="credentials",
    ),
    "TLS-01": _below("is reached by plain HTTP", "none"),
    "TLS-02": _below("speaks TLS 1.0 and 1.1 alone", "old only"),
    "TLS-03": _below("shows a certificate of an authority that nobody trusts", "untrusted"),
    "TLS-04": _below("shows a certificate that ran out", "expired"),
    "TLS-05": _below("shows a certificate for another host", "other host"),
    "TLS-06": _below("speaks TLS 1.0 and 1.1, too", "old too"),
    "TLS-07": _below("shows a certificate that runs out in three days", "ending"),
    "SMP-01": replace(_accepted("refuses events of more than a day ago", REFUSED, _bygone), needs="samples"),
}

FAULTS |= STORED_FAULTS | SIGNING_FAULTS
