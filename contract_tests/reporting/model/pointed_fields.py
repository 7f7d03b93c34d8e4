"""Fields of a form or multipart body at a pointer: found and masked as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_plus

from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["field_values_at", "masked_fields"]

_MASK = "***"
_NAME = re.compile(r'\bname="([^"\r\n]*)"')
_END = "\r\n\r\n"
_BORDER = "\r\n--"
_JSON_BEGINS = ("{", "[", '"')


def masked_fields(text: str, pointers: Sequence[str]) -> str:
    """Puts `***` in the place of every field that a pointer leads into; JSON stays as it is."""
    names = _names(pointers)
    if text.startswith("--"):
        return _BORDER.join(
            head + end + (_MASK if end and name in names else content) for head, end, content, name in _parts(text)
        )
    if "=" not in text or text.lstrip().startswith(_JSON_BEGINS):
        return text
    pairs = [pair.partition("=") for pair in text.split("&")]
    return "&".join(
        f"{name}={_MASK}" if equals and _base(unquote_plus(name)) in names else name + equals + value
        for name, equals, value in pairs
    )


def field_values_at(text: str, pointers: Sequence[str]) -> Iterator[str]:
    """The texts of the fields that the pointers lead into; none of JSON."""
    names = _names(pointers)
    if text.startswith("--"):
        yield from (content for _, end, content, name in _parts(text) if end and name in names)
    elif "=" in text and not text.lstrip().startswith(_JSON_BEGINS):
        for name, _, value in (pair.partition("=") for pair in text.split("&")):
            if _base(unquote_plus(name)) in names:
                yield unquote_plus(value)


def _parts(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Head, what ends it, content and member of each part."""
    for part in text.split(_BORDER):
        head, end, content = part.partition(_END)
        named = _NAME.search(head)
        yield head, end, content, _base(named[1]) if named else ""


def _names(pointers: Sequence[str]) -> set[str]:
    return {jp.tokens(pointer)[0] for pointer in pointers}


def _base(name: str) -> str:
    """The member that a field belongs to: `name[key]` is the deepObject of OpenAPI."""
    return name if "[" not in name else name.partition("[")[0]
