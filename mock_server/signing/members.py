"""Members of a JSON body by pointer: read as the text that a signature is made of, and written with all else kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["member_text", "with_member"]

_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class _Member(NamedTuple):
    """Where a member or an item stands in a text."""

    name: str
    begin: int
    value: int
    end: int


def member_text(body: bytes, pointer: str) -> str | None:
    """Return a member as a text, a number as it is written; None where there is none.

    Null is the empty text; an object or array is written compactly.
    """
    try:
        value = jp.get(json.loads(body, parse_int=str, parse_float=str), pointer)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def with_member(body: bytes, pointer: str, text: str | None) -> bytes:
    """Return a body with a member written or, for None, left out; every other byte is kept.

    It is a number where a number stood, else a string. A body that has no room for it is returned as it is.
    """
    try:
        told = body.decode()
        json.loads(told)
        return _changed(told, list(jp.tokens(pointer)), text).encode()
    except (ValueError, RecursionError):
        return body


def _changed(told: str, path: list[str], text: str | None) -> str:
    at = _after_blanks(told, 0)
    for depth, name in enumerate(path):
        if told[at] not in "{[":
            return told
        inside = list(_members(told, at))
        # The last one of a repeated name, as most readers do.
        found = next((member for member in reversed(inside) if member.name == name), None)
        if found is None:
            has_room = told[at] == "{" and not any(part.isdecimal() for part in path[depth:])
            return _inserted(told, at + 1, path[depth:], text, bool(inside)) if has_room and text is not None else told
        if depth == len(path) - 1:
            return _without(told, inside, found) if text is None else _replaced(told, found, text)
        at = found.value
    return told


def _members(told: str, at: int) -> Iterator[_Member]:
    named = told[at] == "{"
    at = _after_blanks(told, at + 1)
    count = 0
    while told[at] not in "}]":
        begin, name = at, str(count)
        if named:
            name, at = _DECODER.raw_decode(told, at)
            at = _after_blanks(told, _after_blanks(told, at) + 1)
        end = _DECODER.raw_decode(told, at)[1]
        yield _Member(name, begin, at, end)
        at = _after_blanks(told, end)
        at = _after_blanks(told, at + 1) if told[at] == "," else at
        count += 1


def _replaced(told: str, found: _Member, text: str) -> str:
    was: Json = _DECODER.raw_decode(told, found.value)[0]
    is_number = isinstance(was, int | float) and not isinstance(was, bool) and re.fullmatch("[0-9]+", text)
    return told[: found.value] + (text if is_number else json.dumps(text)) + told[found.end :]


def _without(told: str, inside: list[_Member], found: _Member) -> str:
    place = inside.index(found)
    if place + 1 < len(inside):
        return told[: found.begin] + told[inside[place + 1].begin :]
    return told[: inside[place - 1].end if place else found.begin] + told[found.end :]


def _inserted(told: str, at: int, names: list[str], text: str, goes_on: bool) -> str:
    made = json.dumps(text)
    for name in reversed(names[1:]):
        made = f"{{{json.dumps(name)}:{made}}}"
    return f"{told[:at]}{json.dumps(names[0])}:{made}{',' if goes_on else ''}{told[at:]}"


def _after_blanks(told: str, at: int) -> int:
    found = _BLANKS.match(told, at)
    return found.end() if found else at
