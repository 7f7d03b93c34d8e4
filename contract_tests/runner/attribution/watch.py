"""Watch over the receiver: after a delivery without an answer or with a refusal, finds out whose doing that is.

A receiver that was away gets the delivery again when it is back. One that is full gets it again alone. What is left
is the delivery's own, and its rule judges it.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.observations import Stop
from callback_contract.contract_tests.model.verdicts import Block, Finding
from callback_contract.contract_tests.runner.attribution.likelihood import tail
from callback_contract.contract_tests.runner.attribution.suspects import (
    add_late_finding,
    finding_of,
    named,
    play,
    suspects_of,
)
from callback_contract.contract_tests.runner.case_session import CaseSession, plain_exchange
from callback_contract.contract_tests.runner.contention import BURST_RULE, is_selected
from callback_contract.contract_tests.runner.planning import STOP_RULE
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError
from callback_contract.contract_tests.runner.rule_tests import Stimulus
from callback_contract.contract_tests.runner.scheduling.dispatcher import Dispatcher
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.client.flow_control import REFUSALS
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.wire.delivery import Delivery, Exchange
from callback_contract.openapi.text.message import Text

__all__ = ["watch_over"]

_SILENT = frozenset({"timeout", "reset", "refused"})
_FULL = frozenset({429, 502, 503, 504})
_AGAIN_S = 1.0  # between two plain deliveries that have to miss an answer
_RETURN_S = 5.0
_START_S = 30.0
_LOOK_S = 0.25
_WORK_S = 0.5  # that a receiver may take for work after its answer
_LATER_WORK_S = 5.0  # the same where it stopped while something else was played
_MOST_LATER = 10
_PAUSE_S = 1.0  # before a delivery that was refused beside others goes out alone
_TRIES_ALONE = 2
_MOST_STOPS = 5
_RESETS = 0.01  # share of lost connections that the network explains
_UNLIKELY = 0.001


def watch_over(run: RunContext) -> None:
    """Lets a watch look at each delivery of the run from here on."""
    run.dispatcher.watch(_Watch(run))


class _Watch:
    """Finds out about one delivery at a time; all others wait meanwhile."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        # What it sends itself goes by a dispatcher that nobody watches.
        own = Dispatcher(run.config, run.config.most_at_once, run.state.delivery_sent)
        self._unwatched = replace(run, dispatcher=own)
        self._lock = threading.Lock()
        self._back_s: dict[Sender, float] = {}
        self._resets: Counter[str] = Counter()
        self._stays: set[str] = set()
        self._is_limited = False

    def await_calm(self, delivery: Delivery) -> None:
        """Waits while it finds out about another delivery.

        Raises:
            UnmetPreconditionError: The receiver has stopped for good.
        """
        with self._lock:
            self._refuse_stopped(self._run.config.sender_of(delivery.callback))

    def settled(
        self, exchange: Exchange, again: Callable[..., Exchange], *, overlapped: bool, stimulus: Stimulus | None
    ) -> Exchange:
        """What counts of a delivery: its exchange, or that of sending it again.

        Raises:
            UnmetPreconditionError: The receiver has stopped for good.
        """
        if exchange.failure in _SILENT:
            with self._lock:
                return self._after_silence(exchange, again, stimulus, overlapped=overlapped)
        if exchange.status in _FULL and not exchange.waited:
            with self._lock:
                return self._after_refusal(exchange, again, stimulus, overlapped=overlapped)
        return exchange

    # No answer

    def _after_silence(
        self, exchange: Exchange, again: Callable[..., Exchange], stimulus: Stimulus | None, *, overlapped: bool
    ) -> Exchange:
        if self._was_away(exchange):
            self._run.state.excuse(exchange)
            if stimulus is not None and stimulus.test.rule_id in self._run.state.late_findings:
                return exchange  # it is what stopped the receiver
            exchange = again()
            if exchange.failure in _SILENT:
                self._was_away(exchange)  # once more is its own, if it is no end
            return exchange
        if exchange.failure == "timeout":
            return exchange
        if self._is_stray(stimulus):
            self._run.state.excuse(exchange)
            return again()
        return self._after_refusal(exchange, again, stimulus, overlapped=True) if overlapped else exchange

    def _is_stray(self, stimulus: Stimulus | None) -> bool:
        """Whether so few connections were lost, of all and of this kind, that the network explains it."""
        state, kind = self._run.state, _kind(stimulus)
        of_kind = sum(_kind(each) == kind for each in list(state.sent_for.values())) if kind else state.plain_sent
        lost, lost_of_kind = self._resets.total() + 1, self._resets[kind] + 1
        if min(tail(lost, len(state.exchanges), _RESETS), tail(lost_of_kind, of_kind, _RESETS)) < _UNLIKELY:
            return False
        self._resets[kind] += 1
        return True

    def _was_away(self, exchange: Exchange) -> bool:
        """Whether the receiver answered no plain delivery after this one, and is back now."""
        callback = exchange.delivery.callback
        sender = self._run.config.sender_of(callback)
        self._refuse_stopped(sender)
        if exchange.begun_s < self._back_s.get(sender, -math.inf):
            return True
        scope = next(scope for scope in self._run.config.scopes if scope.callback.name == callback)
        missed = self._missed(scope)
        if not missed:
            return False
        if _is_stop(missed):
            self._stopped(Stop.now(exchange, len(self._run.state.exchanges), is_long=len(missed) > 1), scope)
        self._back_s[sender] = time.perf_counter()
        self._run.state.receiver_came_back()
        return True

    def _missed(self, scope: Scope) -> list[str]:
        """Why plain deliveries, one second apart, got no answer; the second is sent where the first got none."""
        missed: list[str] = []
        for pause_s in (0.0, _AGAIN_S):
            time.sleep(pause_s)
            failure = self._failure_of_plain(scope)
            if not failure:
                break
            missed.append(failure)
        return missed

    def _failure_of_plain(self, scope: Scope) -> str:
        with self._run.dispatcher.hurry.suspended():  # only the whole time-out shows that it is silent
            exchange = plain_exchange(self._unwatched, scope)
        if exchange.failure not in _SILENT:
            return ""
        self._run.state.excuse(exchange)
        return exchange.failure

    # It stopped

    def _stopped(self, stop: Stop, scope: Scope) -> None:
        """Waits for the receiver's return, and looks for what stopped it.

        Raises:
            UnmetPreconditionError: It did not come back.
        """
        state, suspects = self._run.state, suspects_of(self._run)
        stop.suspects = named(suspects)
        is_known = any(not earlier.culprit and earlier.is_long for earlier in state.stops)
        state.stop_seen(stop)
        stop.came_back = len(state.stops) <= _MOST_STOPS and self._comes_back(scope)
        if not stop.came_back:
            self._ends(stop)
        if is_known:
            return  # the second one without a culprit: nothing more has to be found out
        culprit = self._culprit(suspects, _WORK_S, stop, scope)
        if culprit is not None:
            suspect, contact = culprit
            stop.culprit = suspect.test.rule_id
            rule = self._run.config.catalogue[stop.culprit]
            add_late_finding(self._run, rule, finding_of(self._run, suspect, contact))

    def _culprit(
        self, suspects: Sequence[Stimulus], work_s: float, stop: Stop, scope: Scope
    ) -> tuple[Stimulus, CaseSession] | None:
        """The suspect that stops the receiver twice; what stops it later is played again with more time."""
        for place, suspect in enumerate(suspects):
            if self._stopped_by(suspect, work_s, stop, scope) is None:
                continue
            if contact := self._stopped_by(suspect, work_s, stop, scope):
                return suspect, contact
            if work_s < _LATER_WORK_S:
                earlier = suspects[max(0, place - _MOST_LATER) : place]
                return self._culprit(earlier[::-1], _LATER_WORK_S, stop, scope)
        return None

    def _stopped_by(self, suspect: Stimulus, work_s: float, stop: Stop, scope: Scope) -> CaseSession | None:
        """The suspect's session where the receiver stops after it, once it is back; None where it does not stop."""
        contact = play(self._unwatched, suspect, work_s)
        for exchange in contact.exchanges:
            self._run.state.excuse(exchange)
        if not _is_stop(self._missed(scope)):
            return None
        if not self._comes_back(scope):
            self._ends(stop)
        return contact

    def _ends(self, stop: Stop) -> None:
        stop.came_back = False
        sender = self._run.config.sender_of(stop.callback)
        self._run.state.receiver_stopped(sender, self._run.config.catalogue[STOP_RULE])
        self._refuse_stopped(sender)

    def _comes_back(self, scope: Scope) -> bool:
        """Waits for its return, and starts it again where the kit can."""
        process = self._run.config.process
        if self._lives_within(_RETURN_S, scope):
            return True
        if process is None:
            return False
        process.start_again()
        return self._lives_within(_START_S, scope)

    def _lives_within(self, seconds: float, scope: Scope) -> bool:
        process, end = self._run.config.process, time.monotonic() + seconds
        while self._failure_of_plain(scope):
            if time.monotonic() > end or (process is not None and process.ended()):
                return False
            time.sleep(_LOOK_S)
        return True

    def _refuse_stopped(self, sender: Sender) -> None:
        if self._run.state.stopped_by.get(sender) == STOP_RULE:
            raise UnmetPreconditionError(Block(STOP_RULE))

    # It is full

    def _after_refusal(
        self, exchange: Exchange, again: Callable[..., Exchange], stimulus: Stimulus | None, *, overlapped: bool
    ) -> Exchange:
        kind = _kind(stimulus)
        is_burst = stimulus is not None and stimulus.test.rule_id == BURST_RULE
        if is_burst or kind in self._stays or not is_selected(self._run.config):
            return exchange
        if not overlapped and not (self._is_limited and exchange.status in REFUSALS):
            at_once = again(at_once=True)
            if at_once.status not in _FULL:
                return exchange  # a limit would have refused that one, too: it is chance, or its own
            self._run.state.excuse(at_once)
        for _ in range(_TRIES_ALONE):
            time.sleep(_PAUSE_S)
            alone = again()
            if alone.answered and alone.status not in _FULL:
                break
        else:
            self._stays.add(kind)
            return alone
        self._run.state.excuse(exchange)
        self._leave_to_burst_rule(exchange, stimulus)
        return alone

    def _leave_to_burst_rule(self, exchange: Exchange, stimulus: Stimulus | None) -> None:
        finding = Finding(
            callback=exchange.delivery.callback,
            case=Text("case.other-deliveries", rule=stimulus.test.rule_id, case=stimulus.case.label)
            if stimulus
            else Text("case.plain"),
            expected=Text("expected.as-alone"),
            actual=exchange.described(),
            exchanges=(exchange,),
            repeated=False,
            broke=1,
            curl_suffices=False,
        )
        self._is_limited |= exchange.status in REFUSALS
        self._run.dispatcher.become_serial()
        burst = self._run.state.results.get(BURST_RULE)
        if burst is None:
            self._run.state.broke_in_contention(finding)
        elif not burst.broken:
            add_late_finding(self._run, burst.rule, finding)


def _is_stop(missed: list[str]) -> bool:
    """Whether plain deliveries missed an answer twice, or once because nobody listens any more."""
    return len(missed) > 1 or missed == ["refused"]


def _kind(stimulus: Stimulus | None) -> str:
    return "" if stimulus is None else stimulus.kind
