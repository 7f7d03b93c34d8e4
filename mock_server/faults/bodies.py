"""Faults about what a body holds: hard data, forward compatibility, broken bodies, recordings."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from callback_contract.mock_server.faults.behaviours import (
    CRASH,
    REFUSED,
    TAKEN,
    When,
    changed,
    of_kind,
    to_accepted,
    to_bodies,
)
from callback_contract.mock_server.receiver.receiver import Fault, Receiver, Request, Response, Right
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.mock_server.wire.strict_json import has_duplicate_names
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["BODY_FAULTS"]

_PAGE = Response(200, b"<!doctype html><title>Welcome</title><p>Please sign in.", "text/html")


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


BODY_FAULTS: dict[str, Fault] = {
    "ACK-01": Fault(_only_first),
    "ACK-02": to_accepted(Response(303, headers=(("Location", "/done"),)), _any_place(_last_listed)),
    "ACK-03": to_accepted(REFUSED, _any_place(_last_listed)),
    "ACK-04": to_accepted(REFUSED, _map_of(lambda m: len(m) == 2)),
    "ACK-05": Fault(_slow_when_large),
    "ACK-06": changed(lambda reply, _: replace(reply, status=202), lambda _, a: a.accepted),
    "ACK-07": changed(lambda *_: _PAGE, lambda request, a: a.accepted and _any_place(_last_listed)(request, a)),
    "ACK-08": changed(lambda reply, _: replace(reply, body=b"OK", media_type="text/plain"), lambda _, a: a.accepted),
    "DAT-01": to_accepted(REFUSED, _any_text(lambda text: re.search("[\u0590-\u06ff]", text))),
    "DAT-02": to_accepted(REFUSED, _any_text(lambda text: any(c > "\uffff" for c in text))),
    "DAT-03": to_accepted(REFUSED, _any_text(lambda text: re.search("[\u2028\u2029]", text))),
    "DAT-04": to_accepted(REFUSED, _any_text(lambda text: "<" in text)),
    "DAT-05": to_accepted(REFUSED, _any_text(lambda text: "\n" in text)),
    "DAT-06": to_accepted(REFUSED, _any_text(lambda text: len(text) > 255)),
    "DAT-07": to_accepted(
        REFUSED, lambda _, a: any(isinstance(value, int) and abs(value) >= 2**31 for value in _values(a.value))
    ),
    "DAT-08": to_accepted(REFUSED, _any_place(_foreign_phone)),
    "DAT-09": to_accepted(
        REFUSED,
        _any_place(lambda member, value: member.format == "hex32" and isinstance(value, str) and value.isdigit()),
    ),
    "DAT-10": to_accepted(REFUSED, _map_of(lambda m: not m)),
    "DAT-11": to_accepted(REFUSED, _map_of(lambda m: len(m) > 290)),
    "DAT-12": to_accepted(REFUSED, _map_of(lambda m: any("." in key or "$" in key for key in m))),
    "DAT-14": to_accepted(REFUSED, _any_place(lambda member, value: member.is_free_text and value == "0")),
    "DAT-13": to_accepted(REFUSED, _any_text(_generated_only)),
    "FWD-01": to_accepted(REFUSED, _new_member(lambda value: isinstance(value, (str, int, float)))),
    "FWD-02": to_accepted(REFUSED, _new_member(lambda value: value is None or isinstance(value, (dict, list)))),
    "FWD-03": to_accepted(REFUSED, _new("member", 2)),
    "FWD-04": to_accepted(CRASH, _new("value")),
    "FWD-05": to_accepted(REFUSED, _new("value")),
    "FWD-06": to_accepted(CRASH, _new("type")),
    "FWD-07": to_accepted(REFUSED, _new("type")),
    "PAY-01": to_bodies(CRASH, of_kind("empty")),
    "PAY-02": to_bodies(TAKEN, of_kind("empty")),
    "PAY-03": to_bodies(CRASH, of_kind("syntax")),
    "PAY-04": to_bodies(TAKEN, of_kind("syntax")),
    "PAY-05": to_bodies(CRASH, of_kind("truncated")),
    "PAY-06": to_bodies(TAKEN, of_kind("truncated")),
    "PAY-07": to_bodies(CRASH, of_kind("second document")),
    "PAY-08": to_bodies(TAKEN, of_kind("second document")),
    "PAY-09": to_bodies(CRASH, of_kind("encoding")),
    "PAY-10": to_bodies(TAKEN, of_kind("encoding")),
    "PAY-11": to_bodies(CRASH, of_kind("bom")),
    "PAY-12": to_bodies(TAKEN, of_kind("bom")),
    "PAY-13": to_bodies(CRASH, of_kind("not a number")),
    "PAY-14": to_bodies(TAKEN, of_kind("not a number")),
    "PAY-15": to_bodies(CRASH, lambda _, a: a.kind == "schema" and not isinstance(a.value, dict)),
    "PAY-16": to_bodies(TAKEN, lambda _, a: a.kind == "schema" and not isinstance(a.value, dict)),
    "PAY-17": to_bodies(CRASH, _refused(_lacks)),
    "PAY-18": to_bodies(TAKEN, _refused(_lacks)),
    "PAY-19": to_bodies(CRASH, _refused(_has_null)),
    "PAY-20": to_bodies(TAKEN, _refused(_has_null)),
    "PAY-21": to_bodies(CRASH, _refused(_is_mistyped)),
    "PAY-22": to_bodies(TAKEN, _refused(_is_mistyped)),
    "PAY-23": to_bodies(CRASH, _has_duplicates),
    "PAY-24": to_bodies(CRASH, lambda request, a: a.kind == "depth" or b"[" * 99 in request.body),
    "PAY-25": to_bodies(
        CRASH, lambda _, a: any(isinstance(v, (int, float)) and abs(v) > 2**53 for v in _values(a.value))
    ),
    "PAY-26": to_bodies(CRASH, of_kind("digits")),
    "PAY-27": to_bodies(CRASH, of_kind("surrogate")),
    "PAY-28": to_bodies(CRASH, _any_text(lambda text: re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text))),
    "PAY-29": to_bodies(CRASH, _any_text(lambda text: len(text) > 4096)),
    "PAY-30": to_bodies(
        CRASH, _any_place(lambda member, value: member.types == ("integer",) and isinstance(value, float))
    ),
    "PAY-31": to_bodies(CRASH, _any_place(_outside_format)),
    "PAY-32": Fault(_poisoned),
    "PAY-33": to_bodies(CRASH, lambda request, a: a.kind == "syntax" and b"\0" in request.body),
    "SMP-01": replace(to_accepted(REFUSED, _bygone), needs="samples"),
}
