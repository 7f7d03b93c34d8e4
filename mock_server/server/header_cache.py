"""Header cache: recognises repeated request heads, so that their deliveries need no parser."""

from __future__ import annotations

from dataclasses import dataclass

from callback_contract.mock_server.receiver.request import Head

__all__ = ["END", "MOST_HEAD_BYTES", "HeaderCache", "KnownHead"]

END = b"\r\n\r\n"
MOST_HEAD_BYTES = 4096
_MOST_HEADS, _MOST_BYTES = 512, 512 * 1024  # content lengths differ, and so do heads of senders that sign or trace


@dataclass(frozen=True, slots=True)
class KnownHead:
    """The parser's result for a head, whatever its connection.

    Attributes:
        body_bytes: The length of the announced body.
    """

    head: Head
    body_bytes: int


class HeaderCache:
    """The heads of fast-path deliveries by their bytes; the oldest are forgotten.

    They may hold credentials, and so stay in memory and few.

    Attributes:
        get: Returns the entry of a head, from its first byte to the end of the empty line.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, KnownHead] = {}
        self._bytes = 0
        self.get = self._known.get

    def learn(self, read: bytes, head: Head, body: bytes) -> None:
        """Add the head of a fast-path delivery that was all of a read.

        Args:
            read: The bytes of the read, which began between two requests and ended a delivery.
        """
        size = read.find(END, 0, MOST_HEAD_BYTES) + len(END)
        # A rest that equals the last body leaves no place for another delivery.
        if size < len(END) or read[size:] != body:
            return
        names = [name.lower() for name, _ in head.raw_headers]
        if b"transfer-encoding" in names or names.count(b"content-length") != bool(body):
            return  # the head alone does not determine the length of the body
        self._known[read[:size]] = KnownHead(head, len(body))
        self._bytes += size
        while len(self._known) > _MOST_HEADS or self._bytes > _MOST_BYTES:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._bytes -= len(oldest)
