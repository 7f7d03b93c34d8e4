"""Decides which part of a form or of a multipart body stands at a pointer; the whole field, however deep it points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_plus

from openapi import pointer as jp

__all__ = ["field_values_at", "masked_fields"]

_MASK = "***"
_PART = re.compile(r'(\bname="([^"\r\n]*)"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)(.*?)(?=\r\n--|\Z)', re.DOTALL)
_JSON_BEGINS = ("{", "[", '"')


def masked_fields(text: str, pointers: Sequence[str]) -> str:
    """Puts `***` in the place of every field that a pointer leads into; JSON stays as it is."""
    names = _names(pointers)
    if text.startswith("--"):
        return _PART.sub(lambda part: part[1] + (_MASK if _base(part[2]) in names else part[3]), text)
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
        yield from (part[3] for part in _PART.finditer(text) if _base(part[2]) in names)
    elif "=" in text and not text.lstrip().startswith(_JSON_BEGINS):
        for name, _, value in (pair.partition("=") for pair in text.split("&")):
            if _base(unquote_plus(name)) in names:
                yield unquote_plus(value)


def _names(pointers: Sequence[str]) -> set[str]:
    return {jp.tokens(pointer)[0] for pointer in pointers}


def _base(name: str) -> str:
    """The member that a field belongs to: `name[key]` is the deepObject of OpenAPI."""
    return name if "[" not in name else name.partition("[")[0]
