"""Recorded delivery: the body, headers and place of one recording, and its largest size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from callback_contract.mock_server.wire.delivery import Headers

__all__ = ["MOST_BODY_BYTES", "Entries", "RecordedDelivery", "Unreadable", "headers_of"]

MOST_BODY_BYTES = 1024 * 1024
"""A larger body is set aside; no receiver has to accept it."""

_MOST_HEADERS = 200


@dataclass(frozen=True, slots=True)
class RecordedDelivery:
    """One recorded delivery.

    Attributes:
        place: File, and line or entry.
        headers: None where only the body was recorded.
        callback: The callback in the recording; empty when it names none.
        method: Empty when it was not recorded.
    """

    place: str
    body: bytes
    headers: Headers | None = None
    callback: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place without a readable delivery; the reason follows the place and a colon."""

    place: str
    reason: str


Entries: TypeAlias = Iterator[RecordedDelivery | Unreadable]


def headers_of(value: object) -> Headers:
    """Return headers from an object, from pairs, or from HAR's name and value objects.

    Raises:
        ValueError: They have another form; the message describes it.
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
