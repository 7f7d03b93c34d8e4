"""HTTP/1.1 framing of passing bytes: finds where each message begins and ends, and keeps its beginning for a record.

It changes nothing and refuses nothing. Bytes that are no HTTP/1.1 pass all the same, and leave no record.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

__all__ = ["MOST_KEPT_BYTES", "Framer", "Message"]

MOST_KEPT_BYTES = 1024 * 1024 + 1
"""Bytes of a body that are kept: what the mock takes, and one more."""

_MOST_HEAD_BYTES = 64 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*\r\n", re.IGNORECASE)
_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}) [^ \r\n]+ HTTP/1\.[01]\r\n")
_RESPONSE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})[ \r]")


class _NotHttp(ValueError):
    pass


class Message:
    """A request or a response as it passes.

    Attributes:
        head: As it came, with the empty line.
        what: The method of a request; the status of a response, in bytes.
        body_bytes: The length of the whole body.
    """

    __slots__ = ("body_bytes", "head", "parts", "what")

    def __init__(self, head: bytes, what: bytes) -> None:
        self.head, self.what = head, what
        self.parts: list[bytes] = []
        self.body_bytes = 0

    def add(self, part: bytes) -> None:
        """Add a part of the body, of which the beginning is kept."""
        if self.body_bytes < MOST_KEPT_BYTES:
            self.parts.append(part)
        self.body_bytes += len(part)

    @property
    def body(self) -> bytes:
        """The beginning of the body, without chunks."""
        return b"".join(self.parts)[:MOST_KEPT_BYTES]


class Framer:
    """Framer of one direction of a connection.

    Args:
        begun: Called with each message whose head is complete; returns the head to pass on.
        ended: Called with each complete message.
        methods: Methods of the requests whose responses come; None for requests themselves.

    Attributes:
        is_lost: Whether bytes came that are no HTTP/1.1: from there on all pass as they are.
    """

    def __init__(
        self,
        begun: Callable[[Message], bytes],
        ended: Callable[[Message], None],
        methods: deque[bytes] | None = None,
    ) -> None:
        self._begun, self._ended, self._methods = begun, ended, methods
        self._head = b""
        self._message: Message | None = None
        self._left = 0  # bytes of the body, or of its chunk
        self._until_close = self._is_chunked = self._in_trailers = False
        self._line = b""
        self.is_lost = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; return what is to be passed on."""
        out: list[bytes] = []
        while data:
            try:
                if self.is_lost:
                    raise _NotHttp
                data = self._in_message(data, out) if self._message is not None else self._in_head(data, out)
            except _NotHttp:
                self.is_lost, held, self._head = True, self._head, b""
                return [*out, held or data]
        return out

    def _in_message(self, data: bytes, out: list[bytes]) -> bytes:
        assert self._message is not None
        if self._until_close:
            self._message.add(data)
            rest = b""
        else:
            rest = self._in_chunks(data) if self._is_chunked else self._in_body(data)
        out.append(data[: len(data) - len(rest)])
        return rest

    def close(self) -> None:
        """End a response that ends with its connection."""
        if self._message is not None and self._until_close:
            self._end()

    def _in_head(self, data: bytes, out: list[bytes]) -> bytes:
        before = len(self._head)
        self._head += data
        end = self._head.find(b"\r\n\r\n", max(0, before - 3))
        if end < 0:
            if len(self._head) > _MOST_HEAD_BYTES:
                raise _NotHttp
            return b""
        head, rest = self._head[: end + 4], self._head[end + 4 :]
        start = head.lstrip(b"\r\n")  # empty lines may come before a request (RFC 9112 section 2.2)
        line = (_REQUEST if self._methods is None else _RESPONSE).match(start)
        if line is None:
            raise _NotHttp
        self._head = b""
        self._message = message = Message(start, line[1])
        self._frame(message)
        out.append(self._begun(message))
        if not (self._left or self._until_close or self._is_chunked):
            self._end()
        return rest

    def _frame(self, message: Message) -> None:
        """Read how the body ends (RFC 9112 section 6.3)."""
        self._left, self._until_close, self._is_chunked = 0, False, False
        if self._methods is not None:
            if message.what == b"101":
                raise _NotHttp  # from here on it is another protocol
            if (
                message.what[:1] == b"1"
                or message.what in {b"204", b"304"}
                or (self._methods and self._methods[0] == b"HEAD")
            ):
                return
        if _CHUNKED.search(message.head):
            self._is_chunked, self._in_trailers, self._line = True, False, b""
        elif length := _LENGTH.search(message.head):
            self._left = int(length[1])
        else:
            self._until_close = self._methods is not None

    def _in_body(self, data: bytes) -> bytes:
        assert self._message is not None
        part, rest = data[: self._left], data[self._left :]
        self._left -= len(part)
        self._message.add(part)
        if not self._left:
            self._end()
        return rest

    def _in_chunks(self, data: bytes) -> bytes:
        assert self._message is not None
        while data:
            if self._left:
                part, data = data[: self._left], data[self._left :]
                self._left -= len(part)
                self._message.add(part)
                continue
            at = data.find(b"\n") + 1
            self._line, data = self._line + (data[:at] if at else data), data[at:] if at else b""
            if not at:
                if len(self._line) > _MOST_HEAD_BYTES:
                    raise _NotHttp
                return b""
            line, self._line = self._line.strip(), b""
            if self._in_trailers:
                if not line:
                    self._end()
                    return data
            elif line:  # the end of a chunk is an empty line
                size = line.partition(b";")[0].strip()
                if not re.fullmatch(b"[0-9a-fA-F]{1,15}", size):
                    raise _NotHttp
                self._left = int(size, 16)
                self._in_trailers = not self._left
        return b""

    def _end(self) -> None:
        message, self._message = self._message, None
        assert message is not None
        self._ended(message)
