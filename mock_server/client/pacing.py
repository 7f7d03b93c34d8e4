"""Pace of deliveries: limits their rate, their number in flight and their total."""

from __future__ import annotations

import ipaddress
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from callback_contract.mock_server.client.flow_control import FlowControl
from callback_contract.openapi.text.message import Text

__all__ = ["OutOfBudget", "Pace", "Turns", "is_loopback"]


class OutOfBudget(Exception):
    """The time or the number of deliveries that the user allowed is used up; the text says which."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True)
class Pace:
    """The limits of a sender.

    Attributes:
        per_second: Deliveries a second at most; None for no limit.
        at_once: The most deliveries in flight.
        most: The most deliveries in all; None for no limit.
        until: `time.monotonic()` after which nothing more is sent; None for no limit.
    """

    per_second: float | None = None
    at_once: int = 16
    most: int | None = None
    until: float | None = None

    @classmethod
    def towards(
        cls,
        *urls: str,
        per_second: float | None = None,
        at_once: int | None = None,
        most: int | None = None,
        until: float | None = None,
    ) -> Pace:
        """Return the pace for receivers: unlimited on this machine, careful elsewhere."""
        if all(map(is_loopback, urls)):
            return cls(per_second, at_once or 16, most, until)
        return cls(per_second or 20.0, at_once or 4, most or 1000, until)


def is_loopback(url: str) -> bool:
    """Return whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Turns:
    """Scheduler of turns at a pace, for several threads and receivers.

    Attributes:
        flow: The pace that the receiver's refusals ask for.
    """

    def __init__(self, pace: Pace) -> None:
        self.flow = FlowControl()
        self._pace = pace
        self._sent = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._not_before = 0.0

    def take(self, count: int, *, waits: bool = True) -> None:
        """Wait until `count` deliveries may be sent together, and count them.

        Args:
            waits: Whether to wait at all; else only those that follow do.

        Raises:
            OutOfBudget: A limit is reached.
        """
        pace = self._pace
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._not_before)
            if pace.until is not None and turn > pace.until:
                raise OutOfBudget(Text("ended.out-of-time"))
            if pace.most is not None and self._sent + count > pace.most:
                raise OutOfBudget(Text("ended.out-of-deliveries", most=pace.most))
            self._sent += count
            if interval_s := max(1 / pace.per_second if pace.per_second else 0.0, self.flow.interval_s):
                self._not_before = turn + count * interval_s
        if waits:
            self.hold(turn - now)

    def hold(self, seconds: float) -> None:
        """Keep one delivery waiting, and no other.

        Raises:
            OutOfBudget: The run was stopped meanwhile.
        """
        # Not time.sleep: an interrupted thread must not wait for a sleeping one.
        if seconds > 0 and self._ended.wait(seconds):
            raise OutOfBudget(Text("ended.stopped"))

    def answered(self, status: int) -> None:
        """Learn from an answer how much the receiver takes."""
        with self._lock:
            self.flow.note(status, time.monotonic())

    def end(self) -> None:
        """Wake all threads that wait for a turn."""
        self._ended.set()
