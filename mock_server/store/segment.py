"""Segment format of the write-ahead log: encodes deliveries as frames, and finds the intact frames of a file.

A frame is what was written at once: the mark of its store, its length, its CRC-32, and its deliveries. A delivery is
its numbers and the lengths of its texts and contents, followed by these. After a damaged or incomplete frame, reading
continues at the next mark. A mark is random and never sent, so no delivery has one in its body.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from callback_contract.mock_server.store.rows import Row

__all__ = ["LeftOut", "frame", "rows_in"]

_HEAD = struct.Struct("<II")
_NUMBERS = {
    "id": "q",
    "at": "d",
    "late": "?",
    "status": "H",
    "delay_s": "d",
    "elapsed_s": "d",
    "body_bytes": "q",
    "size": "q",
}  # and how each is packed
_TEXTS = tuple("method target verdict callback message state again wire event violations novelties".split())
_CONTENTS = ("headers", "body", "answer")
_FIELDS = (*_NUMBERS, *_TEXTS, *_CONTENTS)
# The numbers; the characters of each text; the bytes of all texts together, and of each content.
_FIXED = struct.Struct(f"<{''.join(_NUMBERS.values())}{len(_TEXTS)}i{1 + len(_CONTENTS)}I")
_NONE = -1  # the length of an absent text
_numbers, _texts, _contents = (itemgetter(*map(Row._fields.index, names)) for names in (_NUMBERS, _TEXTS, _CONTENTS))


@dataclass
class LeftOut:
    """The part of a file that belongs to no intact frame.

    Attributes:
        deliveries: The most deliveries in it, by the ids before and after; None where these are unknown.
    """

    bytes: int = 0
    deliveries: int | None = 0

    def add(self, size: int, before: int | None, behind: int | None) -> None:
        """Add a number of bytes between two deliveries."""
        self.bytes += size
        if self.deliveries is None or before is None or behind is None:
            self.deliveries = None
        else:
            self.deliveries += behind - before - 1


def frame(rows: Sequence[Row]) -> bytes:
    """Return the bytes of deliveries that are written at once."""
    parts: list[bytes] = []
    for row in rows:
        texts, contents = _texts(row), _contents(row)
        text = "".join(filter(None, texts)).encode()
        lengths = [_NONE if one is None else len(one) for one in texts]
        parts += (_FIXED.pack(*_numbers(row), *lengths, len(text), *map(len, contents)), text, *contents)
    content = b"".join(parts)
    return _HEAD.pack(len(content), zlib.crc32(content)) + content


def rows_in(data: bytes, mark: bytes = b"", left_out: LeftOut | None = None) -> Iterator[Row]:
    """Yield the deliveries in the intact frames of a file.

    Args:
        mark: The mark before each frame; files of an earlier layout have it only before the first.
        left_out: Receives the unreadable parts.
    """
    at, damaged, last = 0, 0, None
    while at < len(data):
        rows, end = _framed(data, at, mark)
        if not rows:  # nor are zeros a frame without deliveries: a power cut leaves them
            end = data.find(mark, at + 1) if mark else -1
            end = end if end >= 0 else len(data)
            damaged += end - at
        elif damaged:
            if left_out is not None:
                left_out.add(damaged, last, rows[0].id)
            damaged = 0
        yield from rows
        at, last = end, rows[-1].id if rows else last
    if damaged and left_out is not None:
        left_out.add(damaged, last, None)


def _framed(data: bytes, at: int, mark: bytes) -> tuple[list[Row], int]:
    """Return the deliveries of the frame at a place, and its end; none if damaged."""
    # Without a mark, it is a frame of the earlier layout, or only the mark is damaged.
    for start in (at + len(mark),) if data.startswith(mark, at) else (at, at + len(mark)):
        if start + _HEAD.size > len(data):
            continue
        length, checksum = _HEAD.unpack_from(data, start)
        end = start + _HEAD.size + length
        if end > len(data):
            continue
        content = data[start + _HEAD.size : end]
        if zlib.crc32(content) == checksum:
            try:
                return list(_rows(content)), end
            except (struct.error, ValueError):  # not a frame of this layout
                continue
    return [], at


def _rows(content: bytes) -> Iterator[Row]:
    at = 0
    while at < len(content):
        fixed = _FIXED.unpack_from(content, at)
        at += _FIXED.size
        numbers, rest = fixed[: len(_NUMBERS)], fixed[len(_NUMBERS) :]
        pieces = []
        for length in rest[len(_TEXTS) :]:
            pieces.append(content[at : at + length])
            at += length
        text, *contents = pieces
        texts = _cut(text.decode(), rest[: len(_TEXTS)])
        yield Row(**dict(zip(_FIELDS, (*numbers, *texts, *contents), strict=True)))


def _cut(text: str, lengths: Sequence[int]) -> list[str | None]:
    at, cut = 0, []
    for length in lengths:
        cut.append(None if length == _NONE else text[at : at + length])
        at += max(0, length)
    return cut
