"""Request as received, with the facts of its head derived once and shared by equal heads.

Senders repeat their request heads byte for byte. Facts that follow from a head alone are cached with it, so that a
delivery with a known head (see `server/header_cache.py`) costs only its body.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property, lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qs

from callback_contract.mock_server.wire.delivery import Headers, header_value
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import header_of, is_in_body, query_of

__all__ = ["MAX_BODY_BYTES", "Head", "Read", "Request", "reader"]

MAX_BODY_BYTES = 1024 * 1024

_Found = TypeVar("_Found")


@dataclass(eq=False)
class Head:
    """All of a request but its body; immutable.

    Facts that a correct receiver does not need are derived on demand.

    Attributes:
        raw_headers: In the order and letter case of the sender.
        raw_target: Path and query as they were sent.
    """

    method: str
    path: str
    raw_headers: Sequence[tuple[bytes, bytes]]
    raw_target: bytes = b"/"
    _noted: dict[object, Any] = field(default_factory=dict)

    @cached_property
    def headers(self) -> Headers:
        """The headers as texts, in the order and letter case of the sender."""
        return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.raw_headers)

    @cached_property
    def target(self) -> str:
        """Path and query as sent."""
        return self.raw_target.decode("latin-1")

    @cached_property
    def content_type(self) -> tuple[str, str]:
        """Media type and charset."""
        for name, value in self.raw_headers:
            if name.lower() == b"content-type":
                return _content_type(value)
        return _content_type(b"")

    def noted(self, work: Callable[[Head], _Found]) -> _Found:
        """Return a fact that `work` derives from a head, derived once.

        `work` belongs to an object that outlives the head.
        """
        try:
            found: _Found = self._noted[work]
        except KeyError:
            found = self._noted[work] = work(self)
        return found


Read = Callable[[jp.Json, Head | None], jp.Json]
"""Reads a place of a request: of its decoded body, or of its head."""


def reader(place: str) -> Read:
    """Return a function that reads a place; it raises LookupError where nothing is there."""
    if is_in_body(place):
        get = jp.getter(place)
        return lambda value, head: get(value)

    def read(value: jp.Json, head: Head | None) -> jp.Json:
        found = None
        if head is not None and (name := header_of(place)):
            found = header_value(head.headers, name)
        elif head is not None:
            found = next(iter(parse_qs(head.target.partition("?")[2]).get(query_of(place), ())), None)
        if found is None:
            raise LookupError(place)
        return found

    return read


class Request:
    """A request as received: a head and the rest; immutable.

    Attributes:
        body: At most `MAX_BODY_BYTES` bytes, or one more when it was larger.
        connection: Number of the connection, unique in a server.
        body_s: Seconds from the end of the headers to the end of the body.
        arrived: The time of its last byte, by `time.perf_counter`.
    """

    __slots__ = ("arrived", "body", "body_s", "connection", "head")

    def __init__(
        self,
        method: str,
        path: str,
        raw_headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        raw_target: bytes = b"/",
        connection: int = 0,
        body_s: float = 0.0,
    ) -> None:
        self.head = Head(method, path, raw_headers, raw_target)
        self.body, self.connection, self.body_s = body, connection, body_s
        self.arrived = time.perf_counter()

    @classmethod
    def with_head(cls, head: Head, body: bytes, connection: int) -> Request:
        """Return a request with a known head, and a body that arrived at once."""
        made = cls.__new__(cls)
        made.head, made.body, made.connection, made.body_s = head, body, connection, 0.0
        made.arrived = time.perf_counter()
        return made

    @property
    def method(self) -> str:
        """The unescaped path without its query."""
        return self.head.method

    @property
    def path(self) -> str:
        """Without the query, and unescaped."""
        return self.head.path

    @property
    def raw_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The headers as bytes, in the order and letter case of the sender."""
        return self.head.raw_headers

    @property
    def headers(self) -> Headers:
        """The headers as texts, in the order and letter case of the sender."""
        return self.head.headers

    @property
    def target(self) -> str:
        """Path and query as sent."""
        return self.head.target

    @property
    def chunked(self) -> bool:
        """Whether the body came in chunks."""
        return self.header("transfer-encoding") is not None

    @property
    def expects(self) -> bool:
        """Whether the sender waits for `100 Continue`."""
        return self.header("expect") is not None

    def header(self, name: str) -> str | None:
        """The first header of that name in any letter case."""
        return header_value(self.headers, name)

    @property
    def media_type(self) -> str:
        """The media type in lower case without its parameters."""
        return self.head.content_type[0]

    @property
    def charset(self) -> str:
        """The `charset` parameter in lower case, empty when there is none."""
        return self.head.content_type[1]


@lru_cache(maxsize=64)  # senders repeat theirs, and parsing one takes longer than decoding and validating a body
def _content_type(value: bytes) -> tuple[str, str]:
    text = value.decode("latin-1")
    message = Message()
    message["content-type"] = text
    return text.partition(";")[0].strip().lower(), str(message.get_content_charset("")).lower()
