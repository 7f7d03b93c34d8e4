"""Decides what one recorded delivery is, and how large one may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from callback_contract.mock_server.wire.delivery import Headers

__all__ = ["MOST_BODY_BYTES", "Entries", "RecordedDelivery", "Unreadable", "headers_of"]

MOST_BODY_BYTES = 1024 * 1024
"""A larger body is set aside; no receiver has to take it."""

_MOST_HEADERS = 200


@dataclass(frozen=True, slots=True)
class RecordedDelivery:
    """One delivery as somebody recorded it.

    Attributes:
        place: File, and line or entry.
        headers: None where only the body was recorded.
        callback: Which callback the recording says that it is; empty when it does not say.
        method: Empty when it was not recorded.
    """

    place: str
    body: bytes
    headers: Headers | None = None
    callback: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place where no delivery could be read; the reason fits after the place and a colon."""

    place: str
    reason: str


Entries: TypeAlias = Iterator[RecordedDelivery | Unreadable]


def headers_of(value: object) -> Headers:
    """Headers as an object of texts or lists of texts, as pairs, or as HAR's objects of name and value.

    Raises:
        ValueError: They are something else; says what.
    """
    if isinstance(value, dict):
        pairs = [
            (name, text) for name, texts in value.items() for text in (texts if isinstance(texts, list) else [texts])
        ]
    elif isinstance(value, list):
        pairs = [_pair(item) for item in value]
    else:
        raise ValueError("the headers are neither an object nor a list")
    if len(pairs) > _MOST_HEADERS:
        raise ValueError(f"there are more than {_MOST_HEADERS} headers")
    if not all(isinstance(part, str) for pair in pairs for part in pair):
        raise ValueError("a header is no text")
    return tuple(pairs)


def _pair(item: object) -> tuple[str, str]:
    if isinstance(item, dict) and {"name", "value"} <= item.keys():
        return item["name"], item["value"]
    if isinstance(item, list) and len(item) == 2:
        return item[0], item[1]
    raise ValueError("a header is neither a pair nor an object of name and value")
