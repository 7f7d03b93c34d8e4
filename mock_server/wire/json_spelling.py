"""JSON spellings: encode a value as JSON in UTF-8, in many forms with the same meaning."""

from __future__ import annotations

import json
import re

from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["SERIALISERS", "SORTING", "SPELLINGS", "encode", "with_integers"]


def with_integers(value: Json) -> Json:
    """Write whole floats as integers: generators make `288.0`, a sender writes `288`."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    if isinstance(value, dict):
        return {key: with_integers(item) for key, item in value.items()}
    return value


def _raw(value: Json) -> bytes:
    # A lone surrogate has no UTF-8 form and can be sent only as an escape.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", text).encode()


def _escaped(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _spaced(value: Json) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode().replace(b"\n", b"\r\n") + b"\r\n"


def _tabbed(value: Json) -> bytes:
    return b" \t" + json.dumps(value, indent="\t", separators=(" ,", " :\t")).encode() + b"\n\n"


def _reversed_keys(value: Json) -> bytes:
    def turned(part: Json) -> Json:
        if isinstance(part, dict):
            return {key: turned(part[key]) for key in reversed(part)}
        return [turned(item) for item in part] if isinstance(part, list) else part

    return _raw(turned(value))


def _upper_escapes(value: Json) -> bytes:
    return re.sub(rb"\\u([0-9a-f]{4})", lambda m: b"\\u" + m[1].upper(), _escaped(value))


def _all_escaped(value: Json) -> bytes:
    # Every character inside a string as \uXXXX, the most extreme spelling that RFC 8259 section 7 allows.
    def text(part: str) -> str:
        units = part.encode("utf-16-be", "surrogatepass").hex()
        return '"' + "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)) + '"'

    def write(part: Json) -> str:
        if isinstance(part, str):
            return text(part)
        if isinstance(part, dict):
            return "{" + ",".join(f"{text(key)}:{write(item)}" for key, item in part.items()) + "}"
        if isinstance(part, list):
            return "[" + ",".join(map(write, part)) + "]"
        return json.dumps(part)

    return write(value).encode()


def _escaped_solidus(value: Json) -> bytes:
    return _raw(value).replace(b"/", b"\\/")


SPELLINGS = {
    "compact-raw": _raw,
    "compact-escaped": _escaped,
    "indented": _spaced,
    "tabs-and-spaces": _tabbed,
    "reversed-keys": _reversed_keys,
    "upper-case-escapes": _upper_escapes,
    "all-escaped": _all_escaped,
    "escaped-solidus": _escaped_solidus,
}


def _by_python(value: Json) -> bytes:
    return json.dumps(value).encode()


def _by_php(value: Json) -> bytes:
    return _escaped(value).replace(b"/", b"\\/")


def _by_go(value: Json) -> bytes:
    return re.sub(b"[<>&]", lambda m: b"\\u%04x" % ord(m[0]), _raw(value))


def _by_go_of_maps(value: Json) -> bytes:
    def in_order(part: Json) -> Json:
        if isinstance(part, dict):
            return {key: in_order(part[key]) for key in sorted(part)}
        return [in_order(item) for item in part] if isinstance(part, list) else part

    return _by_go(in_order(value))


SERIALISERS = {
    "JavaScript's JSON.stringify": _raw,
    "Python's json.dumps": _by_python,
    "PHP's json_encode": _by_php,
    "PHP's json_encode with JSON_UNESCAPED_UNICODE": _escaped_solidus,
    "Go's json.Marshal": _by_go,
}
"""How common serialisers write JSON by default; a receiver that encodes a body again writes one of these."""

SORTING = {"Go's json.Marshal of a map": _by_go_of_maps}
"""The same where names are sorted, too."""


def encode(value: Json, spelling: str = "compact-raw") -> bytes:
    """Write a value as JSON.

    Args:
        value: A JSON value.
        spelling: A key of `SPELLINGS`, `SERIALISERS` or `SORTING`.
    """
    return (SPELLINGS | SERIALISERS | SORTING)[spelling](value)
