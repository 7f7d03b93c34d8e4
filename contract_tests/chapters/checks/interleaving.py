"""Check of interleaved messages: a Hypothesis state machine compares read-back with a model.

Neither content nor identity is drawn here: each run of the machine has its own messages. Only states are compared with
the model. `applied` is compared directly before and after a redelivery only, which the rules on
redelivery do.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from callback_contract.contract_tests.chapters.checks.stored_state import furthest
from callback_contract.contract_tests.generation.hypothesis_cache import keep_caches_out_of_sight
from callback_contract.contract_tests.model.cases import Case, Draw
from callback_contract.contract_tests.model.identity_ranges import MESSAGES_OF_A_RUN, interleaved_identity
from callback_contract.contract_tests.model.observations import described
from callback_contract.contract_tests.model.verdicts import Mismatch
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.text.message import Text, either

__all__ = ["interleaved_deliveries", "interleaving_flaw"]

_SPELLINGS = ("compact-escaped", "indented", "reversed-keys")
_SHRINKING_S = 20.0
_SETTLES, _LOOKS = "settles", "looks"


_Step = tuple[int, str, str]
_T = TypeVar("_T")


class _BrokenError(Exception):
    """The read-back contradicts the model.

    Hypothesis searches a shorter run that shows it, too.
    """


class _Stop(BaseException):
    """Ends all runs at once.

    Hypothesis treats every `Exception` as a failure, and lets this one pass.
    """


def _in_run(receiver: CaseSession, number: int) -> CaseSession:
    """Return the case session for the messages of one run."""
    return replace(receiver, identity=interleaved_identity(receiver.identity, number), exchanges=[])


@dataclass
class _Stage:
    """State that the runs of one machine share: session, budget and last failed run.

    Attributes:
        receiver: The case session; None for a rehearsal that only counts.
        most: The planned deliveries: the search for a shorter run is limited to the rest of them.
        scripts: The steps of a rehearsal's runs: a message, and a state that is sent in a spelling, or
            another step.
    """

    receiver: CaseSession | None
    order: Order
    most: int | None = None
    sent: int = 0
    runs: int = 0
    flaw: Mismatch | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    stopped_by: BaseException | None = None
    scripts: list[list[_Step]] = field(default_factory=list)
    _shrinking_until: float = 0.0

    def next_run(self) -> CaseSession | None:
        """Return a session for new messages."""
        number, self.runs = self.runs, self.runs + 1
        if self.receiver is None:
            self.scripts.append([])
            return None
        return _in_run(self.receiver, number)

    def rehearse(self, step: _Step) -> None:
        """Record a step of a run, in a rehearsal."""
        if self.receiver is None:
            self.scripts[-1].append(step)

    def spend(self) -> None:
        """Count one delivery.

        Raises:
            _Stop: A failure is known, and the budget is used up.
        """
        used_up = self.most is not None and self.sent >= self.most
        if self.flaw and (used_up or time.monotonic() > self._shrinking_until):
            raise _Stop
        self.sent += 1

    def failed(self, flaw: Mismatch, exchanges: list[Exchange]) -> None:
        """Store the run that failed last, the shortest one of Hypothesis."""
        if not self.flaw:
            self._shrinking_until = time.monotonic() + _SHRINKING_S
        self.flaw, self.exchanges = flaw, list(exchanges)


class _Looks:
    """Looks at some messages while others are told: a receiver may store late, or show slowly what it stored."""

    def __init__(self, receiver: CaseSession, order: Order) -> None:
        self._receiver, self._order = receiver, order
        self._workers = ThreadPoolExecutor(MESSAGES_OF_A_RUN, thread_name_prefix="interleaved look")
        self._begun: dict[int, Future[Mismatch | None]] = {}

    def begin(self, message: int, told: list[str]) -> None:
        """Begin to compare a message with what was told of it so far."""
        self._begun[message] = self._workers.submit(_shown_flaw, self._receiver, self._order, message, list(told))

    def flaw(self, message: int) -> Mismatch | None:
        """Return how the message that was looked at last deviates; this awaits the look."""
        begun = self._begun.pop(message, None)
        return None if begun is None else begun.result()

    def end(self) -> None:
        """Begin no further look."""
        self._workers.shutdown(wait=False, cancel_futures=True)


class _Machine(RuleBasedStateMachine):
    """Sends next, older and repeated states of several messages in turn."""

    def __init__(self, stage: _Stage) -> None:
        super().__init__()
        self.stage = stage
        self.receiver = stage.next_run()
        self.looks = None if self.receiver is None else _Looks(self.receiver, stage.order)
        self.lives: list[tuple[str, ...]] = []
        self.told: list[list[str]] = [[] for _ in range(MESSAGES_OF_A_RUN)]
        self.unsure: set[int] = set()
        self.message = 0
        self.over = False

    @initialize(chosen=st.lists(st.integers(0, 4), min_size=MESSAGES_OF_A_RUN, max_size=MESSAGES_OF_A_RUN))
    def live(self, chosen: list[int]) -> None:
        """Assign each message a life, mostly the longest one."""
        lives = sorted(self.stage.order.lives, key=len, reverse=True)
        self.lives = [lives[max(0, number - 2) % len(lives)] for number in chosen]

    @rule(turn=st.integers(0, 4 * MESSAGES_OF_A_RUN - 1))
    def next_state(self, turn: int) -> None:
        """Send a message's next state; one time in four the one after it."""
        self._turn(turn)
        self._tell_next(skipped=turn // (3 * MESSAGES_OF_A_RUN))

    @rule(turn=st.integers(0, MESSAGES_OF_A_RUN - 1))
    def older_state(self, turn: int) -> None:
        """Send an unsent state before the latest of a message, or else the next."""
        self._turn(turn)
        life, told = self.lives[self.message], self.told[self.message]
        older = [state for state in life[: max(0, self._position())] if state not in told]
        if older:
            self._tell(older[-1])
        else:
            self._tell_next()

    @rule(turn=st.integers(0, MESSAGES_OF_A_RUN - 1), spelling=st.sampled_from(_SPELLINGS))
    def same_state(self, turn: int, spelling: str) -> None:
        """Repeat a message's latest state in another spelling, or else send the next."""
        self._turn(turn)
        told, position = self.told[self.message], self._position()
        if position >= 0 and told.count(self.lives[self.message][position]) == 1:
            self._tell(self.lives[self.message][position], spelling)
        else:
            self._tell_next()

    @invariant()
    def shown_state_is_the_latest(self) -> None:
        """Begin to compare the last message with the model; the result is awaited before it is told again."""
        if self.told[self.message]:
            self._look(self.message)

    def teardown(self) -> None:
        """Compare every message once more, when all earlier deliveries are processed."""
        try:
            if self.over:
                return
            self._await_looks()
            self._guarded(self._settle)
            for message in range(MESSAGES_OF_A_RUN):
                self._look(message)
            self._await_looks()
        finally:
            if self.looks:
                self.looks.end()

    def _position(self) -> int:
        life = self.lives[self.message]
        return max((life.index(state) for state in self.told[self.message]), default=-1)

    def _tell_next(self, skipped: int = 0) -> None:
        # The messages start at different states, so that some lag behind in the simplest run, too.
        following = self._position() + 1 + skipped if self.told[self.message] else self.message
        life = self.lives[self.message]
        self._tell(life[min(following, len(life) - 1)])

    def _turn(self, turn: int) -> None:
        # Counted from the message before: the simplest run then speaks of all of them in turn.
        following = [(self.message + 1 + turn + more) % MESSAGES_OF_A_RUN for more in range(MESSAGES_OF_A_RUN)]
        untold = [message for message in following if self.lives[message][-1] not in self.told[message]]
        self.message = (untold or following)[0]

    def _tell(self, state: str, spelling: str = "") -> None:
        self._await_look(self.message)
        self._guarded(functools.partial(self._deliver, state, spelling))

    def _deliver(self, state: str, spelling: str) -> None:
        self.stage.spend()
        self.stage.rehearse((self.message, state, spelling))
        if self.receiver is not None:
            told = self.receiver.event(state, message=self.message, spelling=spelling)
            if not self.receiver.deliver(told).acknowledged:
                self.unsure.add(self.message)  # it may be stored or not, which another rule judges
        self.told[self.message].append(state)

    def _settle(self) -> None:
        self.stage.spend()
        self.stage.rehearse((0, _SETTLES, ""))
        if self.receiver is not None:
            self.receiver.stored_at_last()

    def _look(self, message: int) -> None:
        self.stage.rehearse((message, _LOOKS, ""))
        if self.looks and message not in self.unsure and self.told[message]:
            self.looks.begin(message, self.told[message])

    def _await_looks(self) -> None:
        for message in range(MESSAGES_OF_A_RUN):
            self._await_look(message)

    def _await_look(self, message: int) -> None:
        if self.receiver is None or self.looks is None:
            return
        flaw = self._guarded(functools.partial(self.looks.flaw, message))
        if flaw:
            self.over = True
            self.stage.failed(flaw, self.receiver.exchanges)
            raise _BrokenError

    def _guarded(self, act: Callable[[], _T]) -> _T:
        """Run an action outside of the machine; an error there ends all runs.

        Such an error is not a verdict.
        """
        try:
            return act()
        except BaseException as error:
            self.over = True
            if not isinstance(error, _Stop):
                self.stage.stopped_by = error
            raise _Stop from error


def _shown_flaw(receiver: CaseSession, order: Order, message: int, told: list[str]) -> Mismatch | None:
    """Return how a message's state deviates from its deliveries; None if it does not."""
    expected = furthest(order, told)
    stored = receiver.stored(lambda shown: shown is not None and shown.state in expected, message=message)
    if stored is not None and stored.state in expected:
        return None
    state = either(map(repr, sorted(expected)))
    due = Text("expected.state-of-one", number=message + 1, messages=MESSAGES_OF_A_RUN, state=state)
    return Mismatch(due, described(stored))


def _played(stage: _Stage, draw: Draw) -> None:
    def machine() -> _Machine:
        return _Machine(stage)

    quiet = settings(
        max_examples=draw.runs,
        stateful_step_count=draw.steps,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    keep_caches_out_of_sight()
    try:
        run_state_machine_as_test(
            seed(draw.seed)(machine),  # type: ignore[arg-type]  # any factory of machines is accepted
            settings=quiet,
        )
    except (_BrokenError, _Stop, Flaky):
        if stage.stopped_by is not None:
            raise stage.stopped_by from None


def _order(case: Case) -> Order:
    order = case.callback.delivery.order
    assert order is not None  # guaranteed by the stimuli
    return order.without(set(order.states) - set(case.states))


@functools.lru_cache(maxsize=64)
def _rehearsed(order: Order, draw: Draw) -> _Stage:
    stage = _Stage(None, order)
    _played(stage, draw)
    return stage


def interleaved_deliveries(case: Case) -> int:
    """Return the number of deliveries to a receiver that follows the model."""
    assert case.draw is not None
    return _rehearsed(_order(case), case.draw).sent


def interleaving_flaw(receiver: CaseSession) -> Mismatch | None:
    """Play the case's interleavings; return the first deviation from the model.

    It is None without one. The case session then has only the exchanges of the failing run. When prefetched, all runs
    are sent concurrently, as rehearsed: they have separate messages, and no run is shortened before its turn.
    """
    case = receiver.case
    assert case.draw is not None
    if receiver.ahead_of:
        return _flaw_side_by_side(receiver, _rehearsed(_order(case), case.draw))
    stage = _Stage(receiver, _order(case), most=interleaved_deliveries(case))
    _played(stage, case.draw)
    receiver.exchanges[:] = stage.exchanges
    return stage.flaw


def _flaw_side_by_side(receiver: CaseSession, rehearsal: _Stage) -> Mismatch | None:
    runs = [_in_run(receiver, number) for number in range(len(rehearsal.scripts))]
    workers = ThreadPoolExecutor(max_workers=len(runs), thread_name_prefix="interleaved")
    try:
        flaws = list(workers.map(functools.partial(_told, rehearsal.order), runs, rehearsal.scripts))
    finally:  # an interruption does not wait for them
        workers.shutdown(wait=False, cancel_futures=True)
    for run, flaw in zip(runs, flaws, strict=True):
        if flaw:
            receiver.exchanges[:] = run.exchanges
            return flaw
    receiver.exchanges += [exchange for run in runs for exchange in run.exchanges]
    return None


def _told(order: Order, receiver: CaseSession, script: list[_Step]) -> Mismatch | None:
    """Tells one run's messages; gives the first flaw that it shows."""
    told: list[list[str]] = [[] for _ in range(MESSAGES_OF_A_RUN)]
    unsure: set[int] = set()
    looks = _Looks(receiver, order)
    try:
        for message, step, spelling in script:
            awaited = range(MESSAGES_OF_A_RUN) if step == _SETTLES else [message] if step != _LOOKS else []
            if flaw := next(filter(None, map(looks.flaw, awaited)), None):
                return flaw
            if step == _SETTLES:
                receiver.stored_at_last()
            elif step == _LOOKS:
                if message not in unsure and told[message]:
                    looks.begin(message, told[message])
            else:
                if not receiver.deliver(receiver.event(step, message=message, spelling=spelling)).acknowledged:
                    unsure.add(message)
                told[message].append(step)
        return next(filter(None, map(looks.flaw, range(MESSAGES_OF_A_RUN))), None)
    finally:
        looks.end()
