"""Search for the capacity of a receiver: raises the rate in steps, and names the last one that it kept up with."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from callback_contract.mock_server.load.measures import Measures, Moment

__all__ = ["Pilot", "Search", "Step"]

_SETTLES = 0.25  # share of a step before it is looked at: the lives of the step before still go on
_KEEPS = 0.95  # of the rate that is answered
_FAILS = 0.01  # share of answers that fail
_CLOSE = 1.1  # the rate that breaks is no more than this factor above the one that holds
_BUSY = 0.85  # of a core: a sender that uses more is the limit
_FULL = 0.9  # of what may be under way
_REPORTED_S = 1.0  # until then every worker has reported what it did
_DRAINS_S = 30.0  # no receiver is waited for longer
_LEAST_RATE = 0.5


class Pilot(Protocol):
    """Decides the rate of a campaign while it runs."""

    is_over: bool
    rate: float | None

    def stop(self) -> None:
        """End, since no message is left to send."""

    def look(
        self, now_s: float, measures: Measures, in_flight: int, cpu: float, recent: Collection[int]
    ) -> float | None:
        """Return the rate from now on; None for no limit."""


@dataclass(frozen=True)
class Step:
    """One rate that was tried.

    Attributes:
        achieved: Deliveries a second that were answered.
        failed: Share of tries that were not acknowledged.
        broke: `deadline`, `answers`, `lost`, `receiver` or `senders` (did not keep up); empty where it held.
    """

    rate: float
    achieved: float
    p95_s: float
    failed: float
    cpu: float
    broke: str


@dataclass
class Search:
    """The search: doubles the rate until a step breaks, and then halves the distance.

    Attributes:
        rate: Deliveries a second now; 0 between two steps, until nothing is under way.
        deadline_s: No more than one answer of twenty may take longer.
        step_s: Seconds of a step.
        most: No higher rate is tried.
        at_once: The most deliveries under way.
        acknowledges: Whether a kind of answer acknowledges.
        lost: How many of some messages the receiver did not keep.
    """

    rate: float | None
    deadline_s: float
    step_s: float
    most: float
    at_once: float = math.inf
    acknowledges: Callable[[str], bool] = lambda kind: kind.startswith("2")
    lost: Callable[[Collection[int]], int] = lambda numbers: 0
    is_over: bool = False
    steps: list[Step] = field(default_factory=list)
    _begun_s: float | None = None
    _looks: list[tuple[int, float]] = field(default_factory=list)
    _next: float = 0.0
    _drains_since_s: float | None = None

    @property
    def capacity(self) -> float | None:
        """The highest rate that held; None where none did."""
        return max((step.rate for step in self.steps if not step.broke), default=None)

    @property
    def limit(self) -> str:
        """What broke the lowest rate that did; empty where none did up to the highest."""
        broken = [step for step in self.steps if step.broke]
        return min(broken, key=lambda step: step.rate).broke if broken else ""

    def stop(self) -> None:
        """End, since no message is left to send; the step that goes on is not judged."""
        self.is_over = True

    def look(
        self, now_s: float, measures: Measures, in_flight: int, cpu: float, recent: Collection[int]
    ) -> float | None:
        """Return the rate from now on."""
        if self.is_over:
            return 0.0
        if self._drains_since_s is not None:
            if in_flight and now_s - self._drains_since_s < _DRAINS_S:
                return self.rate
            self._drains_since_s, self._begun_s, self.rate = None, None, self._next
        if self._begun_s is None:
            if not measures.tries and not self.steps and not in_flight:
                return self.rate  # nothing goes out yet
            self._begun_s, self._looks = now_s, []
        elif now_s - self._begun_s >= _SETTLES * self.step_s:
            self._looks.append((in_flight, cpu))
            if now_s - self._begun_s >= self.step_s + _REPORTED_S:
                self._judge(now_s, measures, recent)
        return self.rate

    def _judge(self, now_s: float, measures: Measures, recent: Collection[int]) -> None:
        assert self._begun_s is not None
        assert self.rate is not None
        whole, seconds = _within(measures, self._begun_s + _SETTLES * self.step_s, now_s - _REPORTED_S)
        failed = sum(number for kind, number in whole.answers.items() if not self.acknowledges(kind))
        share = failed / max(1, whole.answers.total())
        achieved, p95_s = whole.answers.total() / seconds, whole.latencies.percentile(0.95)
        cpu = sum(each for _, each in self._looks) / len(self._looks)
        broke = ""
        if share > _FAILS:
            broke = "answers"
        elif p95_s > self.deadline_s:
            broke = "deadline"
        elif achieved < _KEEPS * self.rate:
            broke = "receiver" if cpu <= _BUSY and self._waits_for_answers(achieved, seconds) else "senders"
        elif self.lost(recent):
            broke = "lost"
        self.steps.append(Step(self.rate, achieved, p95_s, share, cpu, broke))
        self._go_on(now_s)

    def _waits_for_answers(self, achieved: float, seconds: float) -> bool:
        """Whether what was not answered was sent at all, and is under way."""
        assert self.rate is not None
        first, last = self._looks[0][0], self._looks[-1][0]
        return last >= _FULL * self.at_once or last - first >= (self.rate - achieved) * seconds / 2

    def _go_on(self, now_s: float) -> None:
        held = self.capacity
        broken = min((step.rate for step in self.steps if step.broke), default=math.inf)
        if held is None:
            rate = broken / 2
        elif broken == math.inf:
            rate = min(2 * held, self.most)
        else:
            rate = math.sqrt(held * broken)
        close = held is not None and (broken / held <= _CLOSE or held >= self.most)
        if close or rate < _LEAST_RATE:
            self.is_over = True
            return
        self._next, self.rate, self._drains_since_s = rate, 0.0, now_s


def _within(measures: Measures, from_s: float, to_s: float) -> tuple[Moment, float]:
    """Return what happened in the whole stretches of some time, and the seconds that they have."""
    stretch_s = measures.stretch_s
    first = math.ceil(from_s / stretch_s)
    last = max(math.floor(to_s / stretch_s), first + 1)
    whole = Moment()
    for at in range(first, last):
        whole.add(measures.course.get(at, Moment()))
    return whole, (last - first) * stretch_s
