"""Case session: the operations of a check on one case, such as delivering it and reading back."""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.identity_ranges import later_identity, plain_identity, session_identity
from callback_contract.contract_tests.model.observations import Burst, Look, ReadBack, Stored, remembering
from callback_contract.contract_tests.runner.rule_tests import RuleTest, Stimulus
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli.stored import STORED
from callback_contract.contract_tests.target.read_back import ReadBackError, settled
from callback_contract.mock_server.client.meeting import Meeting, meetings_of
from callback_contract.mock_server.client.sender import Access, Sender
from callback_contract.mock_server.signing.signatures import parts_of
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Framing
from callback_contract.mock_server.wire.identity import Identity
from callback_contract.mock_server.wire.json_spelling import SERIALISERS
from callback_contract.openapi.contract.model import DeliveryFacts
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = ["CaseSession", "plain_case", "plain_exchange"]


def plain_case(scope: Scope) -> Case:
    """One plain valid delivery, as first contact and after anything hostile."""
    return Case(scope.callback, Text("case.plain"), scope.plain)


def plain_exchange(run: RunContext, scope: Scope, *, along: bool = False) -> Exchange:
    """Sends one plain valid delivery of another message."""
    number = run.state.number("a plain valid delivery", scope, 1)
    delivery = plain_case(scope).delivery(plain_identity(run.state.run, number, run.state.count_plain()))
    # On a connection of its own: what a kept connection does after a broken body is another rule's matter.
    exchange = run.dispatcher.send(replace(delivery, framing=Framing(fresh_connection=True)), along=along)
    if exchange.answer is not None:
        run.state.plain_answered(exchange)
    return exchange


_STILL_RECENT = 60
"""Deliveries after which one is still recent: fewer than the hundred that a small cache remembers."""


@dataclass
class CaseSession:
    """One case before the receiver: delivers, and remembers what went to and fro.

    Attributes:
        identity: The message that `deliver()` speaks of.
        watches: Whether to look at what is stored after each telling, too: on a second try a report shows it.
        looks: What read-back showed so far.
        ahead_of: The rule whose turn it is prefetched for; empty in that turn.
        sender: Sends in the place of the callback's own one.
        stimulus: What it puts before the receiver, where that is a rule's.
        told: What the case's story returned, where it has one.
        told_ahead: Whether the story was told before its rule's turn.
        told_before: Whether it was told for another rule.
    """

    run: RunContext
    case: Case
    identity: Identity
    exchanges: list[Exchange] = field(default_factory=list)
    watches: bool = False
    looks: list[Look] = field(default_factory=list)
    ahead_of: str = ""
    sender: Sender | None = None
    stimulus: Stimulus | None = None
    told: Any = None
    told_ahead: bool = False
    told_before: bool = False

    @classmethod
    def of(
        cls,
        run: RunContext,
        case: Case,
        number: int,
        attempt: int = 0,
        ahead_of: str = "",
        test: RuleTest | None = None,
    ) -> CaseSession:
        """A case that is about to be put before the receiver, for a rule's test."""
        identity = session_identity(run.state.run, number, attempt)
        case = replace(case, again=attempt) if attempt else case
        stimulus = None if test is None else Stimulus(test, case, number)
        return cls(run, case, identity, watches=attempt > 0, ahead_of=ahead_of, stimulus=stimulus)

    def deliver(self, delivery: Delivery | None = None) -> Exchange:
        """Sends a delivery; the case's own one when none is given."""
        exchange = self._send(delivery or self.case.delivery(self.identity))
        self.exchanges.append(exchange)
        return exchange

    def delivered(self) -> Exchange:
        """What came of the case that this one looks at; a further try sends it afresh, as does a run that never did."""
        if self.case.looks_at is None or self.watches:  # which is what `looks_back` says
            return self.deliver()
        purpose, index = self.case.looks_at
        key = (purpose, self.case.callback.name, index)
        known = self.run.state.shared.get(key)
        if known is None:
            self.run.state.exchange_shared(key, self.deliver())
        else:
            self.exchanges.append(known)
            # Another case of the same delivery may break the rule: this one is told alone before it is judged.
            self.told_ahead = self.run.state.is_combined(known)
        return self.exchanges[-1]

    @property
    def looks_back(self) -> bool:
        """Whether the case looks at what was delivered before."""
        return self.case.looks_at is not None and not self.watches

    def of_story(self) -> CaseSession:
        """The session in which the case's story is told, which may be another case's."""
        goes_on = self.case.goes_on
        return self if goes_on is None else replace(self, case=replace(goes_on, again=self.case.again))

    def told_once(self, state: str) -> Exchange:
        """Delivers one state of the case's message, or takes the delivery of it that the case looks at.

        The session goes on about that delivery's message; a further try sends it afresh.
        """
        known = None
        if self.case.looks_at is not None and not self.watches:
            purpose, index = self.case.looks_at
            known = self.run.state.shared.get((purpose, self.case.callback.name, index))
        # Whether a redelivery is recognised after many others is another rule's matter.
        followed = self.run.state.exchanges[-_STILL_RECENT:]
        if known is not None and self.has_to_be_kept(known) and any(each is known for each in followed):
            sent_for = self.run.state.sent_for.get(id(known))
            told = sent_for and session_identity(self.run.state.run, sent_for.number, 0)
            if told and known.delivery == replace(self, identity=told).event(state, at_s=0):
                self.identity = told
                self.run.state.message_sent_again(known.delivery.ids[0])
                self.exchanges.append(known)
                return known
        return self.deliver(self.event(state, at_s=0))

    def another(self, message: int) -> Delivery:
        """Makes the case's delivery about another of its messages."""
        return self.case.delivery(self.identity.next(message))

    def earliest_delivered(self, distance: int, *, past_retries: bool = False) -> Exchange | None:
        """The run's earliest acknowledged delivery of what has to be kept; None where too few deliveries followed it.

        It was not yet sent again at the end of the run.

        Args:
            past_retries: Whether the provider would not try it again any more, by the contract; else it still would.
        """
        exchanges = self.run.state.exchanges
        for (purpose, callback, _), exchange in list(self.run.state.shared.items()):
            is_kept = purpose in STORED and callback == self.case.callback.name and self.has_to_be_kept(exchange)
            if not is_kept or self.is_past_retries(exchange) != past_retries:
                continue
            if exchange.delivery.ids[0] in self.run.state.sent_again:
                continue
            if sum(other.begun_s > exchange.begun_s for other in exchanges) < distance:
                return None
            self.run.state.message_sent_again(exchange.delivery.ids[0])
            self.exchanges.append(exchange)
            return exchange
        return None

    def is_past_retries(self, exchange: Exchange) -> bool:
        """Whether the provider would not try a delivery again any more, by the contract."""
        retry = self.facts.retry
        return retry is not None and time.perf_counter() - exchange.begun_s > retry.horizon_s

    def has_to_be_kept(self, exchange: Exchange) -> bool:
        """Whether a message was acknowledged, and since the receiver stopped last, if it did."""
        stops = self.run.state.stops
        is_recent = not stops or exchange.begun_s > stops[-1].exchange.begun_s
        return exchange.acknowledged and bool(exchange.delivery.ids) and is_recent

    def looked_up(self, message_id: str) -> Stored | None:
        """What the receiver shows of an acknowledged message, at the run's pace; asked once, until it is known."""
        known = self.run.state.looked_up.get(message_id)
        return known or self.run.state.once.done(("look", message_id), lambda: self._looked_up(message_id))

    def _looked_up(self, message_id: str) -> Stored | None:
        pace = self._own_sender.pace
        if pace.per_second:
            time.sleep(pace.at_once / pace.per_second)  # so many look-ups are under way together
        found = self.stored(message_id=message_id)
        if found is not None:
            self.run.state.message_looked_up(message_id, found)
        return found

    def _send(self, delivery: Delivery, *, has_turn: bool = False) -> Exchange:
        send = functools.partial(
            self.run.dispatcher.send, delivery, has_turn=has_turn, sender=self.sender, stimulus=self.stimulus
        )
        if not self.ahead_of:
            return send()
        with self.run.dispatcher.concurrency.turn() as along:
            return send(ahead_of=self.ahead_of, along=along)

    def deliver_plain(self, *, fresh_connection: bool = True) -> Exchange:
        """Sends a plain valid delivery of another message, by default on a connection of its own."""
        plain = plain_case(self._scope)
        self.identity = self.identity.next()
        return self.deliver(replace(plain.delivery(self.identity), framing=Framing(fresh_connection=fresh_connection)))

    @contextlib.contextmanager
    def on_one_connection(self) -> Iterator[CaseSession]:
        """The same case on a connection that no other delivery uses; both remember the same exchanges."""
        sender = self._own_sender.beside(self.access)
        try:
            yield replace(self, sender=sender)
        finally:
            sender.renew()  # closing it would end what both share: the pace

    def tell(self, state: str, *, message: int = 0, later_s: int = 0) -> Exchange:
        """Delivers one state of one of the case's messages; its time is so much later."""
        exchange = self.deliver(self.event(state, message=message, later_s=later_s))
        if self.watches and self.run.config.read_back is not None:
            self._read(self.message_id(message))
        return exchange

    @property
    def is_empty(self) -> bool:
        """Whether the case is a delivery without a body."""
        delivery = self.case.delivery(self.identity)
        return not delivery.body and delivery.method == self.case.callback.method

    def signed(self) -> Delivery:
        """The case's delivery with its signature fixed; what is changed later was not signed."""
        return self._own_sender.signed(self.case.delivery(self.identity))

    def signatures_in(self, delivery: Delivery) -> tuple[bytes, ...]:
        """The signatures that a delivery carries whose signature is fixed, as they are written."""
        assert self.run.config.scheme is not None
        assert delivery.signature is not None
        return tuple(text.encode() for text in parts_of(self.run.config.scheme, delivery.signature).signatures)

    def rightly_sealed(self) -> CaseSession:
        """The same message under a right signature, where the case forges it; both remember the same exchanges."""
        return replace(self, case=replace(self.case, seal=""))

    def deliver_as_serialised(self) -> dict[str, Exchange]:
        """Sends the case's content in the spelling of each serialiser, each time as another message."""
        return {
            name: self.deliver(replace(self.case, spelling=name).delivery(self.identity.next(place)))
            for place, name in enumerate(SERIALISERS)
        }

    def without_edit(self) -> CaseSession:
        """The same message told whole, where the case's edit breaks it; both remember the same exchanges."""
        return replace(self, case=replace(self.case, edit=None))

    def event(
        self, state: str, *, message: int = 0, spelling: str = "", later_s: int = 0, at_s: int | None = None
    ) -> Delivery:
        """Makes the delivery that tells one state of one of the case's messages, its time after earlier states'.

        Args:
            later_s: Seconds after the state's time.
            at_s: The state's time, in seconds after the message's first; None for a second after the state before.
        """
        facts = self.facts
        if at_s is None:
            at_s = facts.order.states.index(state) if facts.order and state in facts.order.states else 0
        content = jp.replaced(self.case.content, facts.state or "", state)
        told = replace(self.case, content=content, later_s=at_s + later_s, spelling=spelling or self.case.spelling)
        return told.delivery(self.identity.next(message))

    def deliver_at_once(self, deliveries: list[Delivery], *, meeting: bool = False) -> list[Exchange]:
        """Sends several deliveries together, as many at a time as the pace allows.

        Args:
            meeting: Whether they are released together, by their last bytes.
        """
        places = meetings_of(deliveries, self._own_sender.pace.at_once) if meeting else itertools.repeat(None)

        def send(delivery: Delivery, at: tuple[Meeting, int] | None) -> Exchange:
            with at[0].joined(at[1]) if at else contextlib.nullcontext():
                return self._send(delivery, has_turn=True)

        jobs = [functools.partial(send, *pair) for pair in zip(deliveries, places)]  # noqa: B905  # one may be endless
        came = self.run.dispatcher.send_together(jobs, ahead=bool(self.ahead_of))
        self.exchanges += came
        if not self.ahead_of:  # what goes ahead is no burst: it goes as there is room
            self.run.state.burst_sent(Burst(self.case.callback.name, self.case.label, tuple(came)))
        return came

    def message_id(self, message: int = 0) -> str:
        """The id of one of the case's messages."""
        return self.case.message_id(self.identity.next(message))

    @property
    def can_read_back(self) -> bool:
        """Whether what is stored can be seen."""
        return self.run.config.read_back is not None and self.run.state.read_back_error is None

    def stored(
        self,
        until: Callable[[Stored | None], bool] = lambda stored: stored is not None,
        *,
        message: int = 0,
        message_id: str = "",
        known: bool = True,
    ) -> Stored | None:
        """What the receiver shows of a message, once it satisfies `until` or patience is at an end.

        Args:
            known: Whether the message is known to a right receiver, so that it is worth being patient.
        """
        patience_s, begun = self.run.config.patience_s if known else 0.0, time.monotonic()
        number = 0 if message_id else message + 1
        others = contextlib.nullcontext() if self.ahead_of else self.run.dispatcher.concurrency.let_in()
        with others, self.run.state.waiting("read-back", patience_s, number):
            found = settled(self._read, message_id or self.message_id(message), until, patience_s)
        self.run.dispatcher.prefetches.looked_for(time.monotonic() - begun)
        return found

    def stored_each(self, until: Callable[[Stored | None], bool], messages: Iterable[int]) -> list[Stored | None]:
        """The same of several of the case's messages, side by side."""
        with ThreadPoolExecutor(self._own_sender.pace.at_once, thread_name_prefix="read-back") as readers:
            return list(readers.map(lambda message: self.stored(until, message=message), messages))

    def stored_at_last(self, *, message: int = 0, message_id: str = "", known: bool = True) -> Stored | None:
        """What the receiver shows once everything before is worked off."""
        self.settle()
        return self.stored(message=message, message_id=message_id, known=known)

    def settle(self) -> None:
        """Waits until everything before is worked off: a message sent later is stored."""
        self.stored(message_id=self._deliver_after())

    def _deliver_after(self) -> str:
        """Delivers another message; gives its id. One of them follows all stories that were told before."""

        def deliver() -> tuple[str, Exchange]:
            # Of another group: what messages of one group do to each other is another rule's matter.
            after = later_identity(self.identity)
            return self.case.message_id(after), self._send(self.case.delivery(after))

        if self.told_before and self.stimulus is not None and self.stimulus.test.settles:
            purpose = self.stimulus.test.purpose
            message_id, exchange = self.run.state.once.done((purpose, self.case.callback.name), deliver)
        else:
            message_id, exchange = deliver()
        self.exchanges.append(exchange)
        return message_id

    @property
    def _read(self) -> ReadBack:
        def noting(message_id: str) -> Stored | None:
            try:
                stored = self._shown(message_id)
            except ReadBackError:
                plain_exchange(self.run, self._scope)  # a receiver that is away shows nothing; this awaits its return
                stored = self._shown(message_id)
            if stored is not None:
                self.run.state.state_shown(stored.state)
            return stored

        return remembering(noting, self.looks)

    def _shown(self, message_id: str) -> Stored | None:
        assert self.run.config.read_back is not None  # judged only with read-back
        with self.run.dispatcher.concurrency.turn() if self.ahead_of else contextlib.nullcontext():
            return self.run.config.read_back(message_id)

    @property
    def _scope(self) -> Scope:
        return next(scope for scope in self.run.config.scopes if scope.callback is self.case.callback)

    @property
    def _own_sender(self) -> Sender:
        return self.run.config.sender_of(self.case.callback.name)

    @property
    def access(self) -> Access:
        """How to get to the receiver."""
        return self._own_sender.access

    @property
    def facts(self) -> DeliveryFacts:
        """What `x-delivery` says of the callback."""
        return self.case.callback.delivery

    @property
    def round_trip_s(self) -> float:
        """Seconds that the network takes."""
        return self.run.state.round_trip_s(self._own_sender)
