"""Decides how deliveries are written in a store's journal, and which bytes of it are whole.

A frame is what was written at once: its length, its CRC-32, and one delivery after the other. A delivery is its numbers
and the lengths of its texts, then the texts. A frame that is cut off or damaged ends what can be read of a file: a
machine that lost its power may have left one, and nothing that follows was acknowledged before it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

from mock_server.recording.rows import Row

__all__ = ["frame", "rows_in"]

_HEAD = struct.Struct("<II")
# id, at, late, status, delay_s, elapsed_s, body_bytes, size; characters of eleven texts; bytes of them all and of the
# three contents
_FIXED = struct.Struct("<qd?Hddqq11i4I")
_NONE = -1  # the length of what is not there


def frame(rows: Sequence[Row]) -> bytes:
    """The bytes of some deliveries that are written at once."""
    parts: list[bytes] = []
    # fmt: off
    for (  # at once: slices of each row and a loop over its texts took as long as the rest
        identity, at, method, target, verdict, callback, message, state, again, late, status, wire,
        delay_s, elapsed_s, body_bytes, event, size, headers, body, violations, novelties, answer,
    ) in rows:
        # fmt: on
        told = (event or "", violations or "", novelties or "")
        text = "".join((method, target, verdict, callback, message, state, again, wire, *told)).encode()
        parts += (
            _FIXED.pack(
                identity,
                at,
                late,
                status,
                delay_s,
                elapsed_s,
                body_bytes,
                size,
                len(method),
                len(target),
                len(verdict),
                len(callback),
                len(message),
                len(state),
                len(again),
                len(wire),
                _NONE if event is None else len(event),
                _NONE if violations is None else len(violations),
                _NONE if novelties is None else len(novelties),
                len(text),
                len(headers),
                len(body),
                len(answer),
            ),
            text,
            headers,
            body,
            answer,
        )
    content = b"".join(parts)
    return _HEAD.pack(len(content), zlib.crc32(content)) + content


def rows_in(data: bytes, start: int = 0) -> Iterator[Row]:
    """The deliveries in the whole frames that some bytes begin with, from a place on."""
    while start + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, start)
        start += _HEAD.size
        content = data[start : start + length]
        if len(content) < length or zlib.crc32(content) != checksum:
            return
        yield from _rows(content)
        start += length


def _rows(content: bytes) -> Iterator[Row]:
    at = 0
    while at < len(content):
        fixed = _FIXED.unpack_from(content, at)
        at += _FIXED.size
        pieces = []
        for length in fixed[19:]:
            pieces.append(content[at : at + length])
            at += length
        text, headers, body, answer = pieces
        every = _cut(text.decode(), fixed[8:19])
        method, target, verdict, callback, message, state, again, wire, event, violations, novelties = every
        identity, when, late, status, delay_s, elapsed_s, body_bytes, size = fixed[:8]
        yield (
            *(identity, when, method, target, verdict, callback, message, state, again, late, status, wire),
            *(delay_s, elapsed_s, body_bytes, event, size, headers, body, violations, novelties, answer),
        )


def _cut(text: str, lengths: Sequence[int]) -> list[str | None]:
    at, cut = 0, []
    for length in lengths:
        cut.append(None if length == _NONE else text[at : at + length])
        at += max(0, length)
    return cut
