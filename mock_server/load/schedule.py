"""Schedule of a worker: which delivery goes out next, and what its answer means for the life of its message."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from callback_contract.mock_server.client.flow_control import FlowControl
from callback_contract.mock_server.load.measures import Measures
from callback_contract.mock_server.load.shares import FINISHED, Share
from callback_contract.mock_server.provider.lifecycles import Step
from callback_contract.mock_server.provider.lives import Life, Lives
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi.contract.model import Retry

__all__ = ["Answered", "Job", "Schedule"]

_NO_RETRY = Retry(0.0, 0)
_MOST_OPEN = 50_000  # lives of one worker: without a rate they would begin faster than they end
_MOST_WAITS = 30  # as `send`: a receiver that takes others refuses this one
_LONGEST_WAIT_S = 120.0
_CREDIT_S = 0.05  # what a turn that came late may be made up for
_LOOK_S = 0.25


@dataclass(frozen=True)
class Answered:
    """What came of one try.

    Attributes:
        kind: The status, or why there was no answer.
        elapsed_s: Seconds until the answer; None without one.
        wait_s: Seconds that the receiver asks to wait; None where it does not.
    """

    kind: str
    status: int
    acknowledged: bool
    elapsed_s: float | None
    wait_s: float | None = None


@dataclass(slots=True)
class _Message:
    life: Life
    share: Share
    begins_s: float
    planned_s: list[float]
    todo: Iterator[int]
    over: int
    under_way: int = 0
    jobs: dict[int, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Job:
    """One delivery that is due.

    Attributes:
        tries: How many went out before.
        taken_over: Whether a lost worker may have sent it.
    """

    message: _Message
    position: int
    taken_over: bool
    tries: int = 0
    waits: int = 0

    @property
    def step(self) -> Step:
        """The step of the message's life."""
        return self.message.life.steps[self.position]


class Schedule:
    """The open lives of one worker, and when each goes on.

    All times are seconds from the start of the run.

    Args:
        speed: Seconds of the campaign per second of the clock; gaps and retry delays shrink by it.
        per_second: Messages that begin per second, of the whole campaign; None begins one when nothing else is due.
        burst: The number of messages that begin at the same moment.

    Attributes:
        rate: Deliveries a second of this worker; None for no limit, 0 for a pause.
        left: How many deliveries may go out yet, waited-for ones included; None for no limit.
    """

    def __init__(self, lives: Lives, *, speed: float, per_second: float | None = None, burst: int = 1) -> None:
        self.rate: float | None = None
        self.left: int | None = None
        self.in_flight = 0
        self._lives, self._speed, self._per_second, self._burst = lives, speed, per_second, burst
        self._retry = lives.composer.callback.delivery.retry or _NO_RETRY
        self._flow = FlowControl()
        self._waiting: deque[tuple[Share, int, int]] = deque()
        self._ready: deque[Job] = deque()
        self._due: list[tuple[float, int, _Message, Job | None]] = []
        self._tie = itertools.count()
        self._not_before_s = 0.0
        self._open = 0
        self._changed: dict[int, dict[int, int]] = {}
        self._spoiled: list[int] = []
        self._measures = Measures()
        self._sent = 0

    def add(self, share: Share) -> None:
        """Take a share."""
        self._waiting.extend((share, number, over) for number, over in share.left())

    @property
    def unbegun(self) -> int:
        """How many of its messages have not begun."""
        return len(self._waiting)

    def next(self, now_s: float) -> Job | float:
        """Return the delivery that goes out now, or the seconds until there may be one."""
        if self.rate == 0:
            return _LOOK_S
        if self._not_before_s > now_s:
            return self._not_before_s - now_s
        if not self._ready:
            if self._due and self._due[0][0] <= now_s:
                _, _, message, job = heapq.heappop(self._due)
                if job is not None:
                    self._ready.append(job)
                else:
                    self._make_ready(message)
            elif self._waiting and self._open < _MOST_OPEN and self._begins_s(self._waiting[0][1]) <= now_s:
                self._begin()
        if not self._ready:
            return self._idle_s(now_s)
        if self.left is not None:
            if self.left == 0:
                return _LOOK_S
            self.left -= 1
        self._sent += 1
        interval_s = max(1 / self.rate if self.rate else 0.0, self._flow.interval_s)
        self._not_before_s = max(self._not_before_s, now_s - _CREDIT_S) + interval_s if interval_s else 0.0
        self.in_flight += 1
        return self._ready.popleft()

    def delivery(self, job: Job) -> Delivery:
        """Return the bytes of a delivery: the same ones whenever and wherever they are made."""
        message, step = job.message, job.step
        first = next(i for i, each in enumerate(message.life.steps) if each.state == step.state)
        told_s = message.begins_s + message.planned_s[first] - message.life.steps[first].age_s
        return self._lives.delivery(message.life, step.state, told_s)

    def done(self, job: Job, answered: Answered, now_s: float) -> None:
        """Take the answer to a delivery."""
        self.in_flight -= 1
        self._flow.note(answered.status, now_s)
        if answered.wait_s is not None and answered.wait_s <= _LONGEST_WAIT_S and job.waits < _MOST_WAITS:
            self._measures.waits += 1
            self._measures.answers[answered.kind] += 1
            job.waits += 1
            self._later(now_s + answered.wait_s, job.message, job)
            return
        measures, step = self._measures, job.step
        measures.answered(step.state, answered.kind, answered.elapsed_s, now_s)
        measures.retried += job.tries > 0
        measures.repeated += step.again and job.tries == 0
        measures.taken_over += job.taken_over and job.tries == 0
        job.tries += 1
        if answered.acknowledged:
            self._end(job, delivered=True)
        elif job.tries <= self._retry.max_tries and not self._retry.ends_with(answered.status):
            self._later(now_s + self._retry.wait_s(job.tries - 1) / self._speed, job.message, job)
        else:
            self._end(job, delivered=False)
        if job.tries == 1:
            self._go_on(job.message, now_s)

    def interrupted(self, job: Job) -> None:
        """Take back a delivery whose answer nobody waits for: it may have arrived, and goes out again."""
        self.in_flight -= 1
        job.taken_over = True
        self._ready.append(job)

    def report(self) -> dict[str, Any]:
        """Return what happened since the last report, in the form in which it travels.

        Deliveries that are allowed, and for which nothing is left to do, are given back.
        """
        is_idle = not self._open and not self._waiting
        report = {
            "progress": self._changed,
            "spoiled": self._spoiled,
            "measures": self._measures.to_dict(),
            "sent": self._sent,
            "returned": self.left or 0 if is_idle else 0,
            "idle": is_idle,
        }
        if is_idle and self.left is not None:
            self.left = 0
        self._changed, self._spoiled, self._measures, self._sent = {}, [], Measures(), 0
        return report

    def _begins_s(self, number: int) -> float:
        return (number // self._burst) * self._burst / self._per_second if self._per_second else 0.0

    def _begin(self) -> None:
        share, number, over = self._waiting.popleft()
        life = self._lives.of(number)
        planned = list(itertools.accumulate(step.gap_s / self._speed for step in life.steps))
        todo = (position for position in range(len(life.steps)) if not over >> position & 1)
        begins_s = max(share.begins_s, self._begins_s(number))
        self._open += 1
        self._make_ready(_Message(life, share, begins_s, planned, todo, over))

    def _make_ready(self, message: _Message) -> None:
        position = next(message.todo)
        doubt_s = message.share.doubt_s
        in_doubt = doubt_s is not None and message.begins_s + message.planned_s[position] <= doubt_s
        times = message.life.steps[position].times
        message.jobs[position] = [times, 0, 0]
        message.under_way += times
        self._ready.extend(Job(message, position, in_doubt) for _ in range(times))

    def _later(self, at_s: float, message: _Message, job: Job | None = None) -> None:
        heapq.heappush(self._due, (at_s, next(self._tie), message, job))

    def _go_on(self, message: _Message, now_s: float) -> None:
        """Schedule the message's next event once the previous one has its answer."""
        message.under_way -= 1
        if message.under_way:
            return
        position = next(message.todo, None)
        if position is not None:
            message.todo = itertools.chain([position], message.todo)
            self._later(now_s + message.life.steps[position].gap_s / self._speed, message)

    def _end(self, job: Job, *, delivered: bool) -> None:
        """Count an event once its last try is over; those of one step together, so that no total has half of it."""
        message, counts = job.message, job.message.jobs[job.position]
        counts[0] -= 1
        counts[1 if delivered else 2] += 1
        if not delivered:
            self._spoiled.append(message.life.number)
        if counts[0]:
            return
        del message.jobs[job.position]
        self._measures.delivered += counts[1]
        self._measures.given_up += counts[2]
        message.over |= 1 << job.position
        is_over = message.over == (1 << len(message.life.steps)) - 1
        self._open -= is_over
        changed = self._changed.setdefault(message.share.number, {})
        changed[message.life.number] = FINISHED if is_over else message.over

    def _idle_s(self, now_s: float) -> float:
        moments = [self._due[0][0]] if self._due else []
        if self._waiting and self._open < _MOST_OPEN:
            moments.append(self._begins_s(self._waiting[0][1]))
        return max(min(moments, default=math.inf) - now_s, 0.0)
