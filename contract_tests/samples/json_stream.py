"""JSON stream: reads the members of objects and the items of arrays one by one, in memory of the largest value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

__all__ = ["JsonStream", "TooLargeError"]

_CHUNK = 1 << 16
_BLANKS = re.compile(r"[ \t\n\r]*")
_NEAR = 12  # what ends this close to the end may go on: `fals`, `12.`, an escape
_DECODER = json.JSONDecoder()


class TooLargeError(ValueError):
    """A value is larger than may be held at once."""


class JsonStream:
    """A JSON document that is read from its beginning to its end.

    Args:
        most: Characters of a value that are held at once.

    Attributes:
        line: Number of the line before what is read next.
    """

    def __init__(self, file: IO[str], most: int) -> None:
        self._file, self._most = file, most
        self._text, self._at, self._is_all = "", 0, False
        self.line = 1

    def members(self) -> Iterator[str]:
        """Yield the name of each member of an object; the caller reads its value before the next one.

        Raises:
            ValueError: It is no JSON, or no object.
        """
        for _ in self._parts("{", "}"):
            name = self.value()
            if not isinstance(name, str):
                raise self._error("Expecting property name enclosed in double quotes")
            self._take(":", "Expecting ':' delimiter")
            yield name

    def items(self) -> Iterator[Any]:
        """Yield each item of an array.

        Raises:
            ValueError: It is no JSON, or no array.
        """
        for _ in self._parts("[", "]"):
            yield self.value()

    def value(self) -> Any:
        """Read a whole value.

        Raises:
            TooLargeError: It is larger than may be held.
            ValueError: It is no JSON.
        """
        self.peek()
        size = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated string") or error.pos + _NEAR >= len(self._text)
                if self._is_all or not is_cut:
                    raise self._error(error.msg, error.pos) from None
            else:
                if end + _NEAR < len(self._text) or self._is_all:
                    self._pass(end)
                    return value
            if len(self._text) - self._at > self._most:
                raise TooLargeError
            self._read(size)
            size *= 2  # each try begins anew: so a large value costs a few of them

    def peek(self) -> str:
        """Return the next sign that is not blank; empty at the end."""
        while True:
            at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]
            self._pass(at)
            if at < len(self._text) or self._is_all:
                return self._text[at : at + 1]
            self._read(_CHUNK)

    def _parts(self, begins: str, ends: str) -> Iterator[None]:
        self._take(begins, f"Expecting {begins!r}")
        if self.peek() != ends:
            yield
            while self.peek() == ",":
                self._take(",", "")
                yield
        self._take(ends, "Expecting ',' delimiter")

    def _take(self, sign: str, missing: str) -> None:
        if self.peek() != sign:
            raise self._error(missing)
        self._pass(self._at + 1)

    def _pass(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end

    def _read(self, size: int) -> None:
        more = self._file.read(size)
        self._is_all = not more
        self._text, self._at = self._text[self._at :] + more, 0

    def _error(self, what: str, at: int | None = None) -> json.JSONDecodeError:
        error = json.JSONDecodeError(what, "", 0)
        error.lineno = self.line + self._text.count("\n", self._at, self._at if at is None else at)
        return error
