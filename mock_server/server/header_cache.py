"""Decides which request heads are known again, so that a delivery that has one is answered without being parsed."""

from __future__ import annotations

from dataclasses import dataclass

from callback_contract.mock_server.receiver.request import Head

__all__ = ["END", "MOST_HEAD_BYTES", "HeaderCache", "KnownHead"]

END = b"\r\n\r\n"
MOST_HEAD_BYTES = 4096
_MOST_HEADS, _MOST_BYTES = 512, 512 * 1024  # content lengths differ, and so do heads of senders that sign or trace


@dataclass(frozen=True, slots=True)
class KnownHead:
    """What the parser makes of a head, whatever connection it comes by.

    Attributes:
        body_bytes: How long a body it announces.
    """

    head: Head
    body_bytes: int


class HeaderCache:
    """The heads of deliveries that were answered in place, by their bytes; the oldest are forgotten.

    They may hold credentials, and so stay in memory and few.

    Attributes:
        get: What is known of a head, from its first byte to the empty line's last.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, KnownHead] = {}
        self._bytes = 0
        self.get = self._known.get

    def learn(self, read: bytes, head: Head, body: bytes) -> None:
        """Notes the head of a delivery that was answered in place, if it was all of a read.

        Args:
            read: The bytes whose parsing began between two requests, and in which a delivery ended.
        """
        size = read.find(END, 0, MOST_HEAD_BYTES) + len(END)
        # A rest that is the last delivery's body leaves no place for another delivery.
        if size < len(END) or read[size:] != body:
            return
        names = [name.lower() for name, _ in head.raw_headers]
        if b"transfer-encoding" in names or names.count(b"content-length") != bool(body):
            return  # the head alone does not say how long the body is
        self._known[read[:size]] = KnownHead(head, len(body))
        self._bytes += size
        while len(self._known) > _MOST_HEADS or self._bytes > _MOST_BYTES:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._bytes -= len(oldest)
