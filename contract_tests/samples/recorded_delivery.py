"""Recorded delivery: the body, headers and place of one recording, and its largest size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from callback_contract.mock_server.wire.delivery import Headers
from callback_contract.openapi.text.message import Text

__all__ = [
    "MOST_BODY_BYTES",
    "MOST_LIST_BYTES",
    "Entries",
    "RecordedAnswer",
    "RecordedDelivery",
    "Unreadable",
    "headers_of",
]

MOST_BODY_BYTES = 1024 * 1024
"""A larger body is set aside; no receiver has to accept it."""

MOST_LIST_BYTES = 64 * 1024 * 1024
"""A larger file is not read as a list of recordings."""

_MOST_HEADERS = 200


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """A receiver's answer to a recorded delivery.

    Attributes:
        status: 0 where no complete answer came.
        elapsed_s: Seconds that it took; None where nobody measured them.
    """

    status: int
    elapsed_s: float | None = None


@dataclass(frozen=True, slots=True)
class RecordedDelivery:
    """One recorded delivery.

    Attributes:
        place: File, and line or entry.
        headers: None where only the body was recorded.
        callback: The callback in the recording; empty when it names none.
        method: Empty when it was not recorded.
        at: Seconds since 1970 when it came; None when it was not recorded.
        answer: None when it was not recorded.
        by_query: Whether `body` is the query of a request without a body.
    """

    place: str
    body: bytes
    headers: Headers | None = None
    callback: str = ""
    method: str = ""
    at: float | None = None
    answer: RecordedAnswer | None = None
    by_query: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place without a readable delivery; the reason follows the place and a colon."""

    place: str
    reason: str


class Malformed(ValueError):
    """Recorded headers or a body in another form than a recording has; the text says which."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


Entries: TypeAlias = Iterator[RecordedDelivery | Unreadable]


def headers_of(value: object) -> Headers:
    """Return headers from an object, from pairs, or from HAR's name and value objects.

    Raises:
        Malformed: They have another form.
    """
    if isinstance(value, dict):
        pairs = [
            (name, text) for name, texts in value.items() for text in (texts if isinstance(texts, list) else [texts])
        ]
    elif isinstance(value, list):
        pairs = [_pair(item) for item in value]
    else:
        raise Malformed(Text("sample.headers-no-list"))
    if len(pairs) > _MOST_HEADERS:
        raise Malformed(Text("sample.too-many-headers", most=_MOST_HEADERS))
    if not all(isinstance(part, str) for pair in pairs for part in pair):
        raise Malformed(Text("sample.header-no-text"))
    return tuple(pairs)


def _pair(item: object) -> tuple[str, str]:
    if isinstance(item, dict) and {"name", "value"} <= item.keys():
        return item["name"], item["value"]
    if isinstance(item, list) and len(item) == 2:
        return item[0], item[1]
    raise Malformed(Text("sample.header-no-pair"))
