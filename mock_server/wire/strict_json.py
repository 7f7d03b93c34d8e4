"""Strict JSON decoder (RFC 8259, UTF-8): decodes a body, or reports the kind of its flaw."""

from __future__ import annotations

import json
import re

from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["Unparsable", "Unusable", "decode", "has_duplicate_names"]

_DEEPEST = 250  # levels; jsonschema-rs gives up at 256, and Python in recursion at some hundreds more
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # one without an end, too, so that none is looked at twice
_BRACKET = re.compile(r"[\[\]{}]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class Unparsable(Exception):
    """The body is not JSON in UTF-8.

    Attributes:
        kind: empty, encoding, bom, truncated, second document, not a number, or syntax.
    """

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(f"{kind}: {detail}")


class Unusable(Exception):
    """The body holds a value that this receiver chooses not to take; it is JSON, unless it nests too deeply to be read.

    Attributes:
        kind: depth, digits or surrogate.
    """

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(f"{kind}: {detail}")


class _NotANumber(ValueError):
    pass


def _refuse_constant(name: str) -> Json:
    raise _NotANumber(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def decode(body: bytes) -> Json:
    """Decode a body strictly.

    Raises:
        Unparsable: It is not RFC 8259 JSON in UTF-8.
        Unusable: It nests too deeply, has a number of thousands of digits, or a lone surrogate.
    """
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Unparsable("bom", "the body starts with a byte order mark (RFC 8259 §8.1)")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Unparsable("encoding", f"byte {error.start} is not UTF-8") from None
    if not text.strip(" \t\r\n"):
        raise Unparsable("empty", "the body is empty")
    # Before decoding, which gives up at a depth that depends on who calls. Faster than `count` of every byte.
    brackets = len(body) - len(body.replace(b"{", b"").replace(b"[", b""))
    if brackets > _DEEPEST and _is_too_deep(text):
        raise Unusable("depth", "the body nests too deeply")
    try:
        value = _parsed(text)
    except json.JSONDecodeError as error:
        raise Unparsable(_kind(error, text), f"{error.msg} at character {error.pos}") from None
    except _NotANumber as error:
        raise Unparsable("not a number", str(error)) from None
    except RecursionError:
        raise Unusable("depth", "the body nests too deeply") from None
    except ValueError:
        raise Unusable("digits", "a number has too many digits") from None
    if b"\\" in body and _SURROGATE_ESCAPE.search(body):  # looking for one byte costs a twentieth of the search
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Unusable("surrogate", "a text holds a lone surrogate") from None
    return value


def _is_too_deep(text: str) -> bool:
    depth = 0
    for bracket in _BRACKET.finditer(_TEXT.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _DEEPEST:
            return True
    return False


def has_duplicate_names(body: bytes) -> bool:
    """Return whether an object of a decodable body has a name twice.

    The decoder itself keeps the last one.
    """
    found = False

    def look(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        nonlocal found
        members = dict(pairs)
        found = found or len(members) < len(pairs)
        return members

    json.loads(body, object_pairs_hook=look)
    return found


def _parsed(text: str) -> Json:
    """Decode a text, without a search for white space where there is none around it."""
    if text[0] in "{[":
        value, end = _decoder.raw_decode(text)
        if end == len(text):
            return value
    return _decoder.decode(text)


def _kind(error: json.JSONDecodeError, text: str) -> str:
    if error.msg == "Extra data":
        rest = text[error.pos :].lstrip()
        return "second document" if rest[:1] in '{["' else "syntax"
    at_end = error.pos >= len(text.rstrip(" \t\r\n"))
    return "truncated" if at_end or error.msg.startswith("Unterminated string") else "syntax"
