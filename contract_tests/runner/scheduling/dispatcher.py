"""Dispatcher of deliveries: sends them at the run's pace on behalf of cases, and knows which of them overlapped."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from typing import Any, ParamSpec, Protocol, TypeVar

from callback_contract.contract_tests.runner.scheduling.concurrency_limit import ConcurrencyLimit
from callback_contract.contract_tests.runner.scheduling.hurry import Hurry
from callback_contract.contract_tests.runner.scheduling.prefetches import Prefetches
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.wire.delivery import Delivery, Exchange

__all__ = ["Dispatcher", "Senders", "Watch"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Senders(Protocol):
    """Who sends which callback."""

    @property
    def sender(self) -> Sender: ...
    @property
    def senders(self) -> tuple[Sender, ...]: ...
    def sender_of(self, callback: str) -> Sender: ...


class Watch(Protocol):
    """Looks at what came of each delivery before anything is judged by it."""

    def await_calm(self, delivery: Delivery) -> None:
        """Waits while it finds out about another delivery."""

    def settled(
        self, exchange: Exchange, again: Callable[..., Exchange], *, overlapped: bool, stimulus: Any
    ) -> Exchange:
        """What counts of a delivery: its exchange, or that of sending it again, `at_once` or in its turn."""


class Dispatcher:
    """Sends deliveries, alone, overlapping or ahead of their turn; safe to use from several threads.

    Args:
        senders: Who sends which callback.
        most_at_once: Deliveries under way at a receiver that takes no longer for many; 0 for what the pace says.
        sent: Takes each exchange, with the rule whose turn it was sent ahead of, if any, and with its stimulus.

    Attributes:
        concurrency: Bounds how many deliveries are under way together.
        hurry: How long answers are waited for.
        prefetches: What was sent ahead of its rule's turn.
    """

    def __init__(self, senders: Senders, most_at_once: int, sent: Callable[[Exchange, str, Any], None]) -> None:
        self.concurrency = ConcurrencyLimit(senders.sender.pace.at_once, most_at_once)
        self.hurry = Hurry(senders.senders)
        self.prefetches = Prefetches()
        self._senders, self._sent = senders, sent
        self._watch: Watch | None = None
        self._lock = threading.Lock()
        self._under_way: dict[object, int] = {}
        self._overlapped: set[int] = set()
        self._overloaded: set[int] = set()
        self._is_serial = False
        self._spare: int | None = None
        for sender in senders.senders:
            sender.connections = self.concurrency.most

    def send(
        self,
        delivery: Delivery,
        *,
        has_turn: bool = False,
        ahead_of: str = "",
        along: bool = False,
        apart: bool = False,
        sender: Sender | None = None,
        stimulus: Any = None,
    ) -> Exchange:
        """Sends one delivery, and again where the watch says so; what came back is reported to `sent`.

        Args:
            has_turn: Whether the pace has already counted it.
            ahead_of: The rule that it is sent ahead of; what a rule sends in its turn waits until all that is back.
            along: Whether it goes out along with a delivery that follows hostile ones, or is that delivery.
            apart: Whether it overlaps with nothing that counts: it takes its time without being worked on.
            sender: Sends it in the place of the callback's own sender.
            stimulus: What it belongs to.
        """
        if self._watch is not None:
            self._watch.await_calm(delivery)
        sender = sender or self._senders.sender_of(delivery.callback)
        with contextlib.nullcontext() if ahead_of or along else self.concurrency.apart():
            exchange = self._send(delivery, sender, stimulus, ahead_of, along=along, apart=apart, has_turn=has_turn)
        if self._watch is None:
            return exchange
        again = functools.partial(self._send, delivery, sender, stimulus, ahead_of, along=along, apart=apart)
        return self._watch.settled(exchange, again, overlapped=self.overlapped(exchange), stimulus=stimulus)

    def watch(self, watch: Watch) -> None:
        """Lets it look at each delivery from here on."""
        self._watch = watch

    def _send(
        self,
        delivery: Delivery,
        sender: Sender,
        stimulus: Any,
        ahead_of: str,
        *,
        along: bool,
        apart: bool,
        has_turn: bool = False,
        at_once: bool = False,
    ) -> Exchange:
        turn = object()
        with self._lock:
            others = len(self._under_way)
            if not apart:
                self._under_way = {each: max(known, others) for each, known in self._under_way.items()}
                self._under_way[turn] = others
        try:
            exchange = sender.send(delivery, has_turn=has_turn, at_once=at_once)
        finally:
            with self._lock:
                others = self._under_way.pop(turn, 0)
        self.concurrency.note(exchange, others)
        self.hurry.note(exchange)
        with self._lock:
            if others:
                self._overlapped.add(id(exchange))
            if others >= self.concurrency.usual or (along and ahead_of):
                self._overloaded.add(id(exchange))
        self._sent(exchange, ahead_of, stimulus)
        return exchange

    def send_together(self, jobs: Sequence[Callable[[], Exchange]], *, ahead: bool) -> list[Exchange]:
        """Runs jobs side by side that send the deliveries of one case; cases have workers of their own.

        Args:
            ahead: Whether they go ahead of their turn: these wait for room, and must not keep the others waiting.
        """
        # One turn for all of them: spread out by the pace they would not be together.
        self._senders.sender.take_turns(len(jobs))
        workers = self._prefetching_burst_workers if ahead else self._burst_workers
        return list(workers.map(lambda job: job(), jobs))

    def begin(self, job: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> Future[_R]:
        """Begins a case ahead of its turn; the concurrency limit bounds what of it is under way."""
        return self._prefetching_workers.submit(job, *args, **kwargs)

    def overlapped(self, exchange: Exchange) -> bool:
        """Whether it was under way together with others."""
        return id(exchange) in self._overlapped

    def overloaded(self, exchanges: Iterable[Exchange]) -> bool:
        """Whether for one more was under way than the pace says, or hostile deliveries had just been answered."""
        return any(id(exchange) in self._overloaded for exchange in exchanges)

    @property
    def is_serial(self) -> bool:
        """Whether cases go one at a time, since the receiver does not bear concurrency."""
        return self._is_serial

    def become_serial(self) -> None:
        """Sends whatever is left of the run one delivery at a time."""
        self._is_serial = True
        self.concurrency.keep_to(1)

    def plan(self, deliveries: int) -> None:
        """Leaves for further attempts what the pace allows beyond a plan of so many deliveries."""
        most = self._senders.sender.pace.most
        self._spare = None if most is None else most - deliveries

    def spend(self, deliveries: int) -> None:
        """Takes deliveries that are not in the plan."""
        if self._spare is not None:
            self._spare -= deliveries

    def affords(self, deliveries: int) -> bool:
        """Whether so many may be sent beyond the plan."""
        return self._spare is None or self._spare >= deliveries

    def side_by_side(self, jobs: Sequence[Callable[[], _R]]) -> Iterator[_R]:
        """Runs independent jobs as fast as the pace allows."""
        if self._is_serial:
            yield from (job() for job in jobs)
        else:
            yield from self._workers.map(lambda job: job(), jobs)

    def in_batches(self, jobs: Sequence[Callable[[], _R]], limit: int | None = None) -> Iterator[list[_R]]:
        """Runs jobs side by side, a batch at a time, and gives each batch's results in order."""
        most = self.concurrency.limit if limit is None else max(1, min(limit, self.concurrency.usual))
        workers = self._workers if most <= self.concurrency.usual else self._more_workers
        waiting = iter(jobs)
        while batch := list(islice(waiting, 1 if self._is_serial else most)):
            if len(batch) == 1:
                yield [batch[0]()]
            else:
                yield [future.result() for future in [workers.submit(job) for job in batch]]

    def close(self) -> None:
        """Stops the workers and gives the connections back."""
        self.concurrency.end()
        for workers in list(self.__dict__.values()):  # those that were needed
            if isinstance(workers, ThreadPoolExecutor):
                workers.shutdown(wait=False, cancel_futures=True)
        for sender in self._senders.senders:
            sender.close()

    @cached_property
    def _workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self.concurrency.usual, thread_name_prefix="delivery")

    @cached_property
    def _more_workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self.concurrency.most, thread_name_prefix="delivery")

    @cached_property
    def _burst_workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self._senders.sender.pace.at_once, thread_name_prefix="burst")

    @cached_property
    def _prefetching_burst_workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self._senders.sender.pace.at_once, thread_name_prefix="burst ahead")

    @cached_property
    def _prefetching_workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self.concurrency.most, thread_name_prefix="ahead")
