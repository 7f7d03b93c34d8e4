"""State of a run: what came of it so far. It changes by methods that say what happened, and publishes events."""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.identity_ranges import FURTHER_ATTEMPTS
from callback_contract.contract_tests.model.observations import BrokenCombination, Burst, Stop, Stored
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.contract_tests.runner.events import (
    CaseFinished,
    Consumer,
    DeliverySent,
    Event,
    PaceLearned,
    ReceiverStopped,
    RuleJudged,
    RuleStarted,
    RunFinished,
    RunStarted,
    WaitEnded,
    Waiting,
)
from callback_contract.contract_tests.runner.rule_tests import Stimulus
from callback_contract.contract_tests.runner.scheduling.dispatcher import Dispatcher
from callback_contract.contract_tests.runner.scheduling.prefetches import Once
from callback_contract.contract_tests.target.read_back import HttpReadBack, ReadBackError
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text

__all__ = ["RunContext", "RunState"]

_Listed = tuple[str, jp.Json]


class RunState:
    """What a run found out so far; others read its attributes and call its methods.

    Attributes:
        run: Whose messages the identities of this run are.
        begun_s: `time.perf_counter()` that times of exchanges are counted from.
        results: What was said about each rule that was judged, by its id.
        shared: Exchanges that several rules look at, by stimuli, callback and index.
        equal: The same by the digest of the case, for cases that went alone, each with the stimuli's purpose.
        combined: Which deliveries were of several cases.
        stories: Deliveries of a case that several rules look at, by the story and the case.
        once: Deliveries and looks that serve several cases.
        combinations: What is known of each combined delivery that was not acknowledged, by its parts.
        exchanges: All of them, in the order in which they came back.
        ids_sent: Ids of all messages, in their order.
        plain_sent: How many plain valid deliveries followed hostile ones.
        refused: Listed values that were refused, by callback; later rules do without them.
        narrowed_by: The rule that found that out; empty before.
        contended: What broke beside others and held alone; the rule on bursts takes it over.
        respelt: What was refused for its spelling alone; the rule on signed bytes takes it over.
        bursts: Deliveries that went out together.
        read_back_error: What ended read-back during the run.
        sent_again: Ids of messages that were sent once more at the end of the run.
        looked_up: What read-back showed of messages at the end of the run, by their ids.
        states_shown: Every state that read-back showed.
        left_out: Why a rule is not judged although it could be: the deliveries do not suffice, by the rule.
        shut: Why nothing can be delivered to a URL although its TLS can be judged, by its sender.
        contacts_refused: Callbacks whose first delivery was answered and not acknowledged.
        stopped_by: The rule after which valid deliveries were no longer acknowledged, for each URL's sender.
        sent_for: The stimulus that an exchange belongs to, by the exchange's `id`; plain ones have none.
        stops: When the receiver answered nothing for a while, or any more.
        excused: Exchanges, by their `id`, that count for nothing: their delivery went out again.
        late_findings: What a rule's stimuli did that showed only later, by the rule's id.
        plain_answered_s: When the last plain delivery that was answered was sent, by `time.perf_counter()`.
        absences: How often the receiver was away and came back.
    """

    def __init__(self, *consumers: Consumer) -> None:
        self.run = Run.fresh()
        self.begun_s = time.perf_counter()
        self.results: dict[str, RuleResult] = {}
        self.shared: dict[tuple[str, str, int], Exchange] = {}
        self.equal: dict[bytes, tuple[str, Exchange]] = {}
        self.combined: set[int] = set()
        self.stories: dict[tuple[object, ...], Any] = {}
        self.combinations: dict[tuple[str, str, int], BrokenCombination] = {}
        self.exchanges: list[Exchange] = []
        self.ids_sent: dict[str, None] = {}
        self.refused: dict[str, list[_Listed]] = {}
        self.narrowed_by = ""
        self.contended: list[Finding] = []
        self.respelt: list[Finding] = []
        self.bursts: list[Burst] = []
        self.read_back_error: ReadBackError | None = None
        self.sent_again: set[str] = set()
        self.looked_up: dict[str, Stored] = {}
        self.states_shown: set[str] = set()
        self.left_out: dict[str, Text] = {}
        self.shut: dict[Sender, Text] = {}
        self.contacts_refused: set[str] = set()
        self.stopped_by: dict[Sender, str] = {}
        self.sent_for: dict[int, Stimulus] = {}
        self.stops: list[Stop] = []
        self.excused: set[int] = set()
        self.late_findings: dict[str, list[Finding]] = {}
        self.plain_answered_s = -math.inf
        self.absences = 0
        self.once = Once()
        self._untold: list[RuleResult] = []
        self._attempts = itertools.count(FURTHER_ATTEMPTS)
        self._consumers = list(consumers)
        self._round_trips_s: dict[Sender, float] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._next_number = 1
        self.plain_sent = self._sent_ahead = 0
        self._ahead_of: dict[str, int] = {}
        self._lock = threading.Lock()
        self._planned, self._told_pace = 0, math.inf

    def subscribe(self, consumer: Consumer) -> None:
        """Gives a consumer each event from here on."""
        self._consumers.append(consumer)

    def _publish(self, event: Event) -> None:
        for consumer in self._consumers:
            consumer(event)

    # The run

    def run_started(self, config: RunConfig, deliveries: int) -> None:
        """The plan has so many deliveries, and they may be sent now."""
        self._planned = deliveries
        urls = tuple(dict.fromkeys(sender.access.shown_url for sender in config.senders))
        names = tuple(callback.name for callback in config.callbacks)
        self._publish(RunStarted(self.run.id, urls, names, config.rules, deliveries))

    def run_finished(self, incomplete: str) -> None:
        """Nothing more is judged, for that reason if it is early."""
        self.verdicts_are_final()
        self._publish(RunFinished(incomplete))

    def started_again(self) -> Run:
        """The same rule is tried once more as in a new run: no two of them speak of the same message."""
        self.run = Run.fresh()
        self.shared.clear()
        self.equal.clear()
        self.combined.clear()
        self.stories.clear()
        self.combinations.clear()
        self.once.clear()
        self.stopped_by.clear()
        return self.run

    def round_trips_measured(self, took_s: Mapping[Sender, float]) -> None:
        """The network takes so long to each URL."""
        self._round_trips_s.update(took_s)

    def round_trip_s(self, sender: Sender) -> float:
        """Seconds that the network takes to a URL; latency rules are net of it."""
        return self._round_trips_s.get(sender, 0.0)

    # Deliveries

    @contextlib.contextmanager
    def waiting(self, what: str, most_s: float, message: int = 0) -> Iterator[None]:
        """Something is waited for while the block runs, see `Waiting`."""
        wait = Waiting(what, most_s, message)
        self._publish(wait)
        try:
            yield
        finally:
            self._publish(WaitEnded(wait))

    def delivery_sent(self, exchange: Exchange, ahead_of: str = "", stimulus: Stimulus | None = None) -> None:
        """One came back, perhaps of those that are sent ahead of a rule's turn."""
        with self._lock:
            if stimulus is not None:
                self.sent_for[id(exchange)] = stimulus
            if ahead_of:
                self._sent_ahead += 1
                self._ahead_of[ahead_of] = self._ahead_of.get(ahead_of, 0) + 1
            self.exchanges.append(exchange)
            self.ids_sent.update(dict.fromkeys(exchange.delivery.ids))
        self._publish(DeliverySent(exchange))

    def pace_seen(self, per_second: float) -> None:
        """The receiver takes no more deliveries a second; it is told when it is known, and when it is half of that."""
        with self._lock:
            if per_second > self._told_pace / 2:
                return
            self._told_pace, left = per_second, max(0, self._planned - len(self.exchanges))
        self._publish(PaceLearned(per_second, left))

    def deliveries_prefetched(self, rule: Rule, count: int) -> None:
        """So many are sent before the rule's turn, and are the rule's all the same."""
        with self._lock:
            self._ahead_of[rule.id] = self._ahead_of.get(rule.id, 0) + count

    def take_prefetched(self, rule: Rule) -> int:
        """How many were sent before the rule's turn since this was asked last."""
        with self._lock:
            return self._ahead_of.pop(rule.id, 0)

    @property
    def sent_in_turn(self) -> int:
        """How many deliveries went out so far, but for those sent ahead beyond their chapter."""
        with self._lock:
            return len(self.exchanges) - self._sent_ahead

    def exchange_shared(self, key: tuple[str, str, int], exchange: Exchange, digest: bytes = b"") -> None:
        """Other rules may look at it; those with an equal case, too, whose digest is given."""
        self.shared[key] = exchange
        if digest:
            self.equal.setdefault(digest, (key[0], exchange))

    def exchange_of_equal(self, purpose: str, digest: bytes) -> Exchange | None:
        """What came back of an equal case of other stimuli; within its own each place is delivered."""
        of, exchange = self.equal.get(digest, (purpose, None))
        return None if of == purpose else exchange

    def combination_held(self, exchange: Exchange) -> None:
        """A delivery of several cases tells of each of them."""
        self.combined.add(id(exchange))

    def is_combined(self, exchange: Exchange) -> bool:
        """Whether a delivery was of several cases."""
        return id(exchange) in self.combined

    def story_told(self, key: tuple[object, ...], session: Any) -> None:
        """Other rules may look at the deliveries of a case's story, as its session remembers them."""
        self.stories.setdefault(key, session)

    def forget_shared(self, keys: Iterable[tuple[str, str, int]]) -> None:
        """These cases are delivered again, each alone."""
        for key in keys:
            self.shared.pop(key, None)

    def combination_broke(self, broken: BrokenCombination) -> None:
        """A combined delivery was not acknowledged: its parts are looked at in their rules' turns."""
        self.combinations.update(dict.fromkeys(broken.places, broken))

    def burst_sent(self, burst: Burst) -> None:
        """Several deliveries went out together."""
        self.bursts.append(burst)

    def number(self, purpose: str, scope: Scope, count: int) -> int:
        """The first of `count` case numbers for a purpose; the same ones each time they are asked for."""
        key = (purpose, scope.callback.name)
        if key not in self._numbers:
            self._numbers[key] = self._next_number
            self._next_number += count
        return self._numbers[key]

    def count_plain(self) -> int:
        """Numbers one more plain valid delivery."""
        with self._lock:
            self.plain_sent += 1
            return self.plain_sent

    def plain_answered(self, exchange: Exchange) -> None:
        """A plain valid delivery was answered: the receiver lived when it was sent."""
        self.plain_answered_s = max(self.plain_answered_s, exchange.begun_s)

    def number_attempt(self) -> int:
        """Numbers one more attempt at a case, after those of its rule."""
        return next(self._attempts)

    def excuse(self, exchange: Exchange) -> None:
        """An exchange counts for nothing: its delivery goes out again."""
        self.excused.add(id(exchange))

    # What was found out

    def rule_started(self, rule: Rule) -> None:
        """A rule is in hand."""
        self._publish(RuleStarted(rule))

    def case_finished(self, rule: Rule, case: Case, *, is_broken: bool) -> None:
        """A case of a rule was judged."""
        self._publish(CaseFinished(rule, case, is_broken))

    def rule_judged(self, result: RuleResult, *, is_final: bool = True) -> None:
        """A rule has its verdict, another one than before perhaps; one that may change still is not published yet."""
        self.results[result.rule.id] = result
        if is_final:
            self._publish(RuleJudged(result))
        else:
            self._untold.append(result)

    @property
    def holds_verdicts(self) -> bool:
        """Whether any verdict may change still."""
        return bool(self._untold)

    def verdicts_are_final(self) -> None:
        """Publishes the verdicts that might have changed."""
        untold, self._untold = self._untold, []
        for result in untold:
            self._publish(RuleJudged(result))

    def found_late(self, rule: Rule, finding: Finding) -> None:
        """What a rule's stimulus did showed only after its deliveries were answered."""
        self.late_findings.setdefault(rule.id, []).append(finding)

    def values_refused(self, rule: Rule, refused: Iterable[tuple[str, _Listed]]) -> None:
        """A rule found listed values refused, each of a callback."""
        self.narrowed_by = rule.id
        for callback, listed in refused:
            self.refused.setdefault(callback, []).append(listed)

    def broke_in_contention(self, finding: Finding) -> None:
        """A case broke beside others and held alone: the rule on bursts is going to tell it."""
        self.contended.append(finding)

    def refused_by_spelling(self, finding: Finding) -> None:
        """A signed case was refused for how its body is spelt: the rule on signed bytes is going to tell it."""
        self.respelt.append(finding)

    def read_back_broke(self, error: ReadBackError) -> None:
        """Nothing can be read back any more."""
        self.read_back_error = error

    def rules_left_out(self, reasons: Mapping[str, Text]) -> None:
        """Nothing is sent for these rules."""
        self.left_out.update(reasons)

    def state_shown(self, state: str) -> None:
        """Read-back showed a message in this state."""
        self.states_shown.add(state)

    def contact_refused(self, callback: str) -> None:
        """The first delivery of a callback was not acknowledged."""
        self.contacts_refused.add(callback)

    def message_looked_up(self, message_id: str, stored: Stored) -> None:
        """Read-back showed a message that was delivered long before."""
        self.looked_up[message_id] = stored

    def message_sent_again(self, message_id: str) -> None:
        """A message was delivered once more at the end of the run."""
        self.sent_again.add(message_id)

    def receiver_shut(self, sender: Sender, reason: Text) -> None:
        """Nothing can be delivered to a URL, and its TLS can be judged."""
        self.shut[sender] = reason

    def stop_seen(self, stop: Stop) -> None:
        """The receiver answers no plain valid delivery."""
        self.stops.append(stop)

    def receiver_came_back(self) -> None:
        """It was away for a moment or longer, and answers again."""
        self.absences += 1

    def receiver_stopped(self, sender: Sender, rule: Rule) -> None:
        """A URL acknowledges no valid delivery any more after what a rule sent."""
        self.stopped_by[sender] = rule.id
        self._publish(ReceiverStopped(rule, sender.access.shown_url))


@dataclass(frozen=True, eq=False, repr=False)
class RunContext:
    """One run against one receiver: what was asked for, who sends, and what came of it."""

    config: RunConfig
    dispatcher: Dispatcher
    state: RunState

    @classmethod
    def of(cls, config: RunConfig, *consumers: Consumer) -> RunContext:
        """A run that is about to begin; its events go to the consumers."""
        state = RunState(*consumers)

        def sent(exchange: Exchange, ahead_of: str, stimulus: Stimulus | None) -> None:
            state.delivery_sent(exchange, ahead_of, stimulus)
            if (per_second := config.sender.learned_per_second) is not None:
                state.pace_seen(per_second)

        for sender in config.senders:
            sender.waiting = state.waiting
        return cls(config, Dispatcher(config, config.most_at_once, sent), state)

    def close(self) -> None:
        """Stops what is under way and gives the connections back."""
        self.dispatcher.close()
        if isinstance(self.config.read_back, HttpReadBack):
            self.config.read_back.close()
