"""Adaptive concurrency limit: raises the number of deliveries in flight where the receiver serves them in parallel.

Without that knowledge it is what the pace says. The rule in hand has its turn. Prefetched deliveries go out while the
rule in hand waits for some of them, or along with the plain delivery that follows hostile ones; whatever else a rule
sends, it sends by itself.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator

from callback_contract.contract_tests.runner.scheduling.cpu_contention import slowdown_factor
from callback_contract.mock_server.client.pacing import OutOfBudget, Pace
from callback_contract.mock_server.wire.delivery import PLAIN, Exchange
from callback_contract.openapi.text.message import Text

__all__ = ["ConcurrencyLimit", "most_at_once"]

_MOST = 48
"""Deliveries under way at the most, at a receiver on this machine that works on them side by side."""

_WORTH_S = 0.05  # a receiver that answers sooner is hardly waited for
_FELT_S = 0.25
_SLOWER = 1.6  # times what one delivery takes: whoever stands in a queue waits for another one first
_FEW = 0.25  # share of deliveries that may be slower, for want of a calm machine
_DOUBTS = 3  # how often a busy machine is looked for in the place of a queue; it takes a moment
_SIGNS = 2  # of a queue under more company, until it is taken back for good: a machine may be busy for a moment
_ENOUGH = 0.75  # of as many as may be under way: those that come home first tell nothing of a queue
_MOMENT = 0.1  # of what a delivery takes: whoever sets out later would come home too late


def most_at_once(pace: Pace, asked_for: int | None) -> int:
    """How many may be under way where they do not queue: what was asked for is the limit, and so is any other pace."""
    unlimited = asked_for is None and pace.per_second is None and pace.most is None
    return max(_MOST, pace.at_once) if unlimited else pace.at_once


def _are_slower(took: list[float], than_s: float) -> bool:
    return sum(elapsed_s > than_s for elapsed_s in took) > _FEW * len(took)


class ConcurrencyLimit:
    """Bounds what is under way together and learns from how long it takes; safe to use from several threads.

    Args:
        usual: Deliveries under way together at any receiver.
        most: The same at one where a delivery takes no longer beside others than alone.

    Attributes:
        bears_more: Whether deliveries are waited for, and took no longer beside the usual number of others.
        limit: Deliveries under way together that are sent ahead.
    """

    def __init__(self, usual: int, most: int) -> None:
        self.usual, self.most = usual, max(usual, most)
        self.bears_more = False
        self.limit = usual
        self._one_s = math.inf
        self._took: list[float] = []
        self._under_way = 0
        self._open_until = 0.0
        self._opened = self._held_back = 0
        self._along = False
        self._weighed = self._queued = 0
        self._ended = False
        lock = threading.Lock()
        self._room, self._nobody = threading.Condition(lock), threading.Condition(lock)

    @property
    def is_waited_for(self) -> bool:
        """Whether a delivery takes so long that each one that nobody needs is felt."""
        return _FELT_S <= self._one_s < math.inf

    def note(self, exchange: Exchange, others: int) -> None:
        """Learns from a delivery that had up to this many others beside it."""
        with self._room:
            if others >= self.usual and not exchange.answered:
                self._keep_to(self.usual)
            elif exchange.acknowledged and exchange.delivery.framing == PLAIN and not exchange.waited:
                if not self.bears_more:
                    self._one_s = min(self._one_s, exchange.elapsed_s)
                if others >= self.limit // 2:
                    self._took.append(exchange.elapsed_s)
                if len(self._took) >= _ENOUGH * self.limit:
                    self._weigh()

    def _weigh(self) -> None:
        took, self._took = self._took, []
        if self._one_s < _WORTH_S or self.most <= self.usual:
            return  # hardly waited for, or by a pace that was asked for
        self._weighed += 1
        queued = _are_slower(took, _SLOWER * self._one_s)
        if queued and (self.limit > self.usual or self._weighed <= _DOUBTS):
            queued = _are_slower(took, _SLOWER * self._one_s * slowdown_factor())
        if queued and self.limit > self.usual:
            self.limit = max(self.usual, self.limit // 2)
            self._queued += 1
            if self._queued >= _SIGNS:
                self._keep_to(self.limit)
        elif not queued:
            self.bears_more = True
            self.limit = max(self.limit, min(2 * self.limit, self.most))
            self._room.notify_all()

    def keep_to(self, limit: int) -> None:
        """Lets no more than this many be under way from now on."""
        with self._room:
            self._keep_to(limit)

    def _keep_to(self, limit: int) -> None:
        self.limit = self.most = min(self.limit, limit)

    @contextlib.contextmanager
    def turn(self) -> Iterator[bool]:
        """Waits until a delivery may go out ahead; gives whether it goes along with one that follows hostile ones.

        Raises:
            OutOfBudget: The run is over.
        """
        with self._room:
            while not self._ended and not (self._under_way < self._most_now and self._is_open):
                self._room.wait()
            if self._ended:
                raise OutOfBudget(Text("ended.stopped"))
            self._under_way += 1
            along = self._along
        try:
            yield along
        finally:
            with self._room:
                self._under_way -= 1
                self._room.notify()
                if not self._under_way:
                    self._nobody.notify_all()

    @property
    def _most_now(self) -> int:
        # Whoever goes along holds up nobody: that many at the same instant would keep the kit itself busy.
        return min(self.limit, max(self.usual, self.limit // 2)) - 1 if self._along else self.limit

    @contextlib.contextmanager
    def let_in(self) -> Iterator[None]:
        """Lets go out what was sent ahead while the block waits for it."""
        with self._room:
            self._opened += 1
            self._room.notify_all()
        try:
            yield
        finally:
            with self._room:
                self._opened -= 1

    @contextlib.contextmanager
    def let_along(self) -> Iterator[None]:
        """Lets go out, together with the block's one delivery, what takes no longer than that."""
        if not self.bears_more:
            with self.apart():
                yield
            return
        self._along = True
        try:
            with self._room:
                self._open_until = time.monotonic() + _MOMENT * self._one_s
                self._room.notify_all()
            yield
        finally:
            self._along, self._open_until = False, 0.0

    @property
    def _is_open(self) -> bool:
        return not self._held_back and (self._opened > 0 or time.monotonic() < self._open_until)

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Waits until nothing that was sent ahead is under way, and lets nothing go out while the block runs."""
        with self._nobody:
            self._held_back += 1
            while self._under_way:
                self._nobody.wait()
        try:
            yield
        finally:
            with self._room:
                self._held_back -= 1
                self._room.notify_all()

    def end(self) -> None:
        """Wakes whoever waits; nothing goes out ahead any more."""
        with self._room:
            self._ended = True
            self._room.notify_all()
