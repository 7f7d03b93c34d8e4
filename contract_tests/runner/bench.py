"""Bench of a run: holds contract, rules, sender, corpus, and all results so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from callback_contract.contract_tests.generation.corpus import DEPTHS, Depth, Scope
from callback_contract.contract_tests.generation.notes import Note
from callback_contract.contract_tests.model.observations import Burst, ReadBack
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult
from callback_contract.contract_tests.policy.acceptance import AcceptancePolicy
from callback_contract.contract_tests.runner.scheduling.concurrency_limit import ConcurrencyLimit
from callback_contract.contract_tests.target.read_back import HttpReadBack, ReadBackError
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.signing import Scheme, lacking_signature
from callback_contract.mock_server.wire.delivery import Delivery, Exchange
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.rules.catalogue import Catalogue, Rule

if TYPE_CHECKING:
    from callback_contract.contract_tests.model.cases import Sample
    from callback_contract.contract_tests.samples.selection import Samples

__all__ = ["Bench", "Listener"]


class Listener:
    """Hears how a run goes on; this one stays silent."""

    def rule_started(self, rule: Rule) -> None:
        """A rule is in hand."""

    def delivered(self) -> None:
        """One delivery was answered, or not."""

    def rule_ended(self, result: RuleResult) -> None:
        """A rule has its verdict."""


@dataclass
class Bench:
    """One run against one receiver, at one URL or several.

    Attributes:
        rules: The rules that were asked for, in the catalogue's order.
        state: Shows what the receiver stored; None when nobody said how.
        patience_s: Seconds that a receiver may take to store after it answered.
        round_trip_s: Seconds that the network takes; latency rules are net of it.
        shared: Exchanges that several rules look at, by stimuli, callback and index.
        under_way: Stimuli that were sent ahead, by stimuli and callback.
        sent_ahead: How many deliveries were sent ahead for a rule that has no verdict yet.
        far: What was sent ahead beyond its chapter, by what it is numbered by, callback and index.
        begun_far, begun_pausing: Whether all that can be was sent ahead so, or what is sent with pauses.
        strained: Identities of exchanges that had more company than the pace says, or went out after hostile ones.
        most_at_once: Deliveries under way at a receiver that takes no longer for many; 0 for what the pace says.
        company: How many deliveries are under way together.
        shut: Why nothing can be delivered to a URL although its TLS can be judged, by its sender.
        beside: Identities of exchanges that were under way together with others.
        crowded: What broke beside others and held alone; the rule on bursts tells it.
        one_by_one: Whether cases go one at a time, since the receiver does not bear company.
        refused: Listed values that were refused, by callback; later rules do without them.
        narrowed_by: The rule that found that out.
        read_back_error: What ended read-back during the run.
        states_shown: Every state that read-back showed so far.
        spare: Deliveries that may be sent beyond the plan; None for no limit.
        killed_by: The rule after which valid deliveries were no longer acknowledged, for each URL's sender.
        bursts: Deliveries that went out together.
        samples: Recorded deliveries that the user gave; set before `scopes` is asked for.
        begun_s: `time.perf_counter()` that times of exchanges are counted from.
        gate: What the pipeline accepts.
        elsewhere: Senders of callbacks that go to another URL than `sender`'s, by callback.
        round_trips_s: What the network takes to those, by callback.
        notes: What is said beside the verdicts.
    """

    contract: Contract
    catalogue: Catalogue
    rules: tuple[Rule, ...]
    callbacks: tuple[Callback, ...]
    sender: Sender
    depth: Depth = DEPTHS["standard"]
    seed: int = 0
    run: Run = field(default_factory=Run.fresh)
    state: ReadBack | None = None
    patience_s: float = 5.0
    listener: Listener = field(default_factory=Listener)
    round_trip_s: float = 0.0
    results: dict[str, RuleResult] = field(default_factory=dict)
    shared: dict[tuple[str, str, int], Exchange] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    ids_sent: dict[str, None] = field(default_factory=dict)
    under_way: set[tuple[str, str]] = field(default_factory=set)
    sent_ahead: dict[str, int] = field(default_factory=dict)
    far: dict[tuple[str, str], dict[int, Future[Any]]] = field(default_factory=dict)
    begun_far: bool = False
    begun_pausing: bool = False
    strained: set[int] = field(default_factory=set)
    most_at_once: int = 0
    shut: dict[Sender, str] = field(default_factory=dict)
    beside: set[int] = field(default_factory=set)
    crowded: list[Finding] = field(default_factory=list)
    one_by_one: bool = False
    refused: dict[str, list[tuple[str, jp.Json]]] = field(default_factory=dict)
    narrowed_by: str = ""
    read_back_error: ReadBackError | None = None
    states_shown: set[str] = field(default_factory=set)
    spare: int | None = None
    killed_by: dict[Sender, str] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    plain_sent: int = 0
    bursts: list[Burst] = field(default_factory=list)
    begun_s: float = field(default_factory=time.perf_counter)
    gate: AcceptancePolicy = field(default_factory=AcceptancePolicy)
    elsewhere: Mapping[str, Sender] = field(default_factory=dict)
    round_trips_s: dict[str, float] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    samples: Samples | None = None
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _next_number: int = 1
    _under_way: dict[object, int] = field(default_factory=dict)
    _sent_far: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    company: ConcurrencyLimit = field(init=False)

    def __post_init__(self) -> None:
        self.company = ConcurrencyLimit(self.sender.pace.at_once, self.most_at_once)
        for sender in self.senders:
            sender.connections = self.company.most

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """One scope per callback that can be delivered."""
        at: dict[Sender, list[Scope]] = {sender: [] for sender in self.senders}
        scopes: list[Scope] = []
        for callback in self.callbacks:
            if callback.name not in self.withheld:
                beside = at[self.sender_of(callback.name)]
                beside.append(
                    Scope(
                        callback, self.depth, self.seed, self.scheme, samples=self._samples_of(callback), beside=beside
                    )
                )
                scopes.append(beside[-1])
        return tuple(scopes)

    def sender_of(self, callback: str) -> Sender:
        """The sender to the URL that a callback goes to."""
        return self.elsewhere.get(callback, self.sender)

    @property
    def senders(self) -> tuple[Sender, ...]:
        """One sender for each URL."""
        return (self.sender, *dict.fromkeys(self.elsewhere.values()))

    def _samples_of(self, callback: Callback) -> tuple[Sample, ...] | None:
        return None if self.samples is None else self.samples.of(callback.name)

    @property
    def scheme(self) -> Scheme | None:
        """How deliveries are signed, when they are."""
        return getattr(self.sender.signer, "scheme", None)

    @cached_property
    def withheld(self) -> dict[str, str]:
        """Callbacks of which nothing is sent, since they always come signed; each with its reason."""
        given = {name.lower() for name, _ in self.sender.access.headers}
        reasons = {callback.name: lacking_signature(callback, self.scheme, given) for callback in self.callbacks}
        return {name: reason for name, reason in reasons.items() if reason}

    @cached_property
    def _workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self.company.usual, thread_name_prefix="delivery")

    @cached_property
    def _more_workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=self.company.most, thread_name_prefix="delivery")

    @cached_property
    def burst_workers(self) -> ThreadPoolExecutor:
        """Workers for deliveries of one case that go out together; cases have workers of their own."""
        return ThreadPoolExecutor(max_workers=self.sender.pace.at_once, thread_name_prefix="burst")

    @cached_property
    def far_burst_workers(self) -> ThreadPoolExecutor:
        """The same for cases that are sent ahead beyond their chapter."""
        return ThreadPoolExecutor(max_workers=self.sender.pace.at_once, thread_name_prefix="burst ahead")

    @cached_property
    def far_workers(self) -> ThreadPoolExecutor:
        """Workers for cases that are sent ahead beyond their chapter; the company bounds what is under way."""
        return ThreadPoolExecutor(max_workers=self.company.most, thread_name_prefix="ahead")

    def close(self) -> None:
        """Stops the workers and gives the connections back."""
        self.company.end()
        if isinstance(self.state, HttpReadBack):
            self.state.close()
        for workers in ("_workers", "_more_workers", "burst_workers", "far_burst_workers", "far_workers"):
            if workers in self.__dict__:
                self.__dict__[workers].shutdown(wait=False, cancel_futures=True)
        for sender in self.senders:
            sender.close()

    def number(self, purpose: str, scope: Scope, count: int) -> int:
        """The first of `count` case numbers for a purpose; the same ones each time they are asked for."""
        key = (purpose, scope.callback.name)
        if key not in self._numbers:
            self._numbers[key] = self._next_number
            self._next_number += count
        return self._numbers[key]

    def send(
        self,
        delivery: Delivery,
        *,
        has_turn: bool = False,
        ahead_of: str = "",
        along: bool = False,
        apart: bool = False,
        sender: Sender | None = None,
    ) -> Exchange:
        """Sends one delivery and keeps what came back.

        Args:
            has_turn: Whether the pace has already counted it.
            ahead_of: The rule that it is sent ahead of; what a rule sends in its turn waits until all that is back.
            along: Whether it goes out along with a delivery that follows hostile ones, or is that delivery.
            apart: Whether it is nobody's company: it takes its time without being worked on.
            sender: Sends it in the place of the callback's own sender.
        """
        if not ahead_of and not along:
            self.company.await_nobody()
        turn = object()
        with self._lock:
            others = len(self._under_way)
            if not apart:
                self._under_way = {each: max(known, others) for each, known in self._under_way.items()}
                self._under_way[turn] = others
        try:
            exchange = (sender or self.sender_of(delivery.callback)).send(delivery, has_turn=has_turn)
        finally:
            with self._lock:
                others = self._under_way.pop(turn, 0)
        self.company.note(exchange, others)
        with self._lock:
            if others:
                self.beside.add(id(exchange))
            if others >= self.company.usual or (along and ahead_of):
                self.strained.add(id(exchange))
            if ahead_of:
                self._sent_far += 1
                self.sent_ahead[ahead_of] = self.sent_ahead.get(ahead_of, 0) + 1
            self.exchanges.append(exchange)
            self.ids_sent.update(dict.fromkeys(delivery.ids))
        self.listener.delivered()
        return exchange

    @property
    def sent_in_turn(self) -> int:
        """How many deliveries went out so far, but for those sent ahead beyond their chapter."""
        with self._lock:
            return len(self.exchanges) - self._sent_far

    def side_by_side(self, jobs: list[Callable[[], None]]) -> Iterator[None]:
        """Runs independent jobs as fast as the pace allows."""
        if self.one_by_one:
            yield from (job() for job in jobs)
        else:
            yield from self._workers.map(lambda job: job(), jobs)

    def at_once(self, jobs: list[Callable[[], object]], limit: int | None = None) -> Iterator[list[object]]:
        """Runs jobs side by side, a batch at a time, and gives each batch's results in order."""
        most = self.company.limit if limit is None else max(1, min(limit, self.company.usual))
        workers = self._workers if most <= self.company.usual else self._more_workers
        waiting = iter(jobs)
        while batch := list(islice(waiting, 1 if self.one_by_one else most)):
            if len(batch) == 1:
                yield [batch[0]()]
            else:
                yield [future.result() for future in [workers.submit(job) for job in batch]]
