"""Search for the capacity of a receiver: raises the rate in steps, and names the last one that it kept up with."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from callback_contract.mock_server.load.measures import Histogram, Measures

__all__ = ["Pilot", "Search", "Step"]

_SETTLES = 0.25  # share of a step before it is looked at: the lives of the step before still go on
_KEEPS = 0.95  # of the rate that is answered
_FAILS = 0.01  # share of answers that fail
_CLOSE = 1.1  # the rate that breaks is no more than this factor above the one that holds
_BUSY = 0.85  # of a core: a sender that uses more is the limit
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
        acknowledges: Whether a kind of answer acknowledges.
        lost: How many of some messages the receiver did not keep.
    """

    rate: float | None
    deadline_s: float
    step_s: float
    most: float
    acknowledges: Callable[[str], bool] = lambda kind: kind.startswith("2")
    lost: Callable[[Collection[int]], int] = lambda numbers: 0
    is_over: bool = False
    steps: list[Step] = field(default_factory=list)
    _begun_s: float | None = None
    _before: Measures | None = None
    _looked_s: float = 0.0
    _cpu: list[float] = field(default_factory=list)
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
            self._begun_s, self._before, self._cpu = now_s, None, []
        elif self._before is None and now_s - self._begun_s >= _SETTLES * self.step_s:
            self._before, self._looked_s = copy.deepcopy(measures), now_s
        elif self._before is not None:
            self._cpu.append(cpu)
            if now_s - self._begun_s >= self.step_s:
                self._judge(now_s, measures, recent)
        return self.rate

    def _judge(self, now_s: float, measures: Measures, recent: Collection[int]) -> None:
        before, seconds = self._before, now_s - self._looked_s
        assert before is not None
        assert self.rate is not None
        answers = measures.answers - before.answers
        latencies = Histogram(measures.latencies - before.latencies)
        failed = sum(number for kind, number in answers.items() if not self.acknowledges(kind))
        share = failed / max(1, answers.total())
        achieved, p95_s = answers.total() / seconds, latencies.percentile(0.95)
        cpu = sum(self._cpu) / max(1, len(self._cpu))
        broke = ""
        if share > _FAILS:
            broke = "answers"
        elif p95_s > self.deadline_s:
            broke = "deadline"
        elif achieved < _KEEPS * self.rate:
            broke = "senders" if cpu > _BUSY else "receiver"
        elif self.lost(recent):
            broke = "lost"
        self.steps.append(Step(self.rate, achieved, p95_s, share, cpu, broke))
        self._go_on(now_s)

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
