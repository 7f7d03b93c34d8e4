"""Meeting of deliveries: the last byte of each waits until all but the last byte of every one is sent.

Deliveries about one message meet each other alone, and their last bytes go in the order of the deliveries: of a
receiver that looks before it inserts, two threads have to look within microseconds, and whatever else it works on
meanwhile keeps them apart.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Hashable, Iterator, Sequence

from callback_contract.mock_server.client.framing import connection_in_use
from callback_contract.mock_server.wire.delivery import Delivery

__all__ = ["Meeting", "meeting_now", "meetings_of"]

_APART_S = 0.05  # the longest wait for the answers about one message before the next ones go
_PATIENCE_S = 1.0  # a server may take one connection after the other, and a delivery may never get there


class Meeting:
    """One meeting of so many deliveries, each sent by a thread of its own.

    Args:
        messages: What each delivery is about.

    Attributes:
        met_s: `time.perf_counter()` when the last bytes went; 0 before.
    """

    def __init__(self, messages: Sequence[Hashable]) -> None:
        self._messages = messages
        # One thread sends all last bytes: until each had woken up for its own, milliseconds would pass.
        self._barrier = threading.Barrier(len(messages), action=self._release)
        self._held: dict[int, tuple[socket.socket, bytes]] = {}
        self.met_s = 0.0

    def _release(self) -> None:
        for message in dict.fromkeys(self._messages):
            held = [each for place, each in sorted(self._held.items()) if self._messages[place] == message]
            for sock, last in held:
                with contextlib.suppress(OSError):  # whoever waits for its answer sees that it is closed
                    sock.sendall(last)
            self.met_s = time.perf_counter()
            if len(held) > 1:
                _wait_for_answers([sock for sock, _ in held])

    @contextlib.contextmanager
    def joined(self, place: int) -> Iterator[None]:
        """What this thread sends within is the meeting's delivery of that place."""
        _joined.meeting, _joined.place = self, place
        try:
            yield
        finally:
            _joined.meeting = None

    def held(self, body: bytes, left_s: float) -> Iterator[bytes]:
        """Yield a body but for its last byte, which goes when the others are there, too, or after a second."""
        yield body[:-1]
        if not self.met_s:
            self._held[_joined.place] = (connection_in_use.sock, body[-1:])
            try:
                self._barrier.wait(min(_PATIENCE_S, left_s))
                return
            except threading.BrokenBarrierError:
                self.met_s = self.met_s or time.perf_counter()
        yield body[-1:]  # it comes too late, or again: it meets nobody


def _wait_for_answers(socks: Sequence[socket.socket]) -> None:
    """Wait until each of some sockets can be read, for a moment at most."""
    until_s = time.monotonic() + _APART_S
    with selectors.DefaultSelector() as selector:
        for sock in socks:
            with contextlib.suppress(OSError, ValueError, KeyError):  # it is closed
                selector.register(sock, selectors.EVENT_READ)
        while selector.get_map() and (left := until_s - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                selector.unregister(key.fileobj)


class _Joined(threading.local):
    """The meeting to which this thread's delivery goes, and the delivery's place in it."""

    meeting: Meeting | None = None
    place = 0


_joined = _Joined()


def meeting_now() -> Meeting | None:
    """Return the meeting to which this thread's delivery goes; None for none."""
    return _joined.meeting


def meetings_of(deliveries: Sequence[Delivery], at_once: int) -> Iterator[tuple[Meeting, int]]:
    """Yield the meeting of each delivery and its place there: as many meet as are sent at once, the rest after them."""
    for start in range(0, len(deliveries), at_once):
        messages = [delivery.ids or delivery.body for delivery in deliveries[start : start + at_once]]
        meeting = Meeting(messages)
        yield from ((meeting, place) for place in range(len(messages)))
