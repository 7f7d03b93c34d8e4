"""Measures of a campaign: counts, latencies and their course, which add up over workers and stay small."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Histogram", "Measures", "Moment"]

_PER_DOUBLING = 16  # buckets; a percentile is known to 2.2 %
_MOST_MOMENTS = 600  # of the course; beyond, two become one
_COUNTS = ("delivered", "given_up", "tries", "retried", "repeated", "waits", "taken_over")


class Histogram(Counter[int]):
    """Latencies, counted in buckets whose width grows with them."""

    def add(self, seconds: float) -> None:
        """Count one latency."""
        self[bucket_of(seconds)] += 1

    def percentile(self, share: float) -> float:
        """Return the seconds at a share of all latencies; 0 without any."""
        place = min(max(1, math.ceil(share * self.total())), self.total())
        for bucket in sorted(self):
            place -= self[bucket]
            if place <= 0:
                return float(2 ** ((bucket + 0.5) / _PER_DOUBLING) / 1e6)
        return 0.0


def bucket_of(seconds: float) -> int:
    """Return the bucket of a latency."""
    return int(_PER_DOUBLING * math.log2(max(seconds * 1e6, 1.0)))


@dataclass
class Moment:
    """What happened in one stretch of the course.

    Attributes:
        answers: Count of each kind of answer: a status, or why there was none.
        latencies: Of every try with an answer.
    """

    answers: Counter[str] = field(default_factory=Counter)
    latencies: Histogram = field(default_factory=Histogram)

    def add(self, other: Moment) -> None:
        """Add another one."""
        self.answers.update(other.answers)
        self.latencies.update(other.latencies)


@dataclass
class Measures:
    """Counts and latencies of a campaign, or of what one worker did since its last report.

    Attributes:
        delivered: Events that were acknowledged, a repeated one each time.
        given_up: Events that were not acknowledged after every try.
        tries: Sent deliveries, retries and duplicates included.
        retried: Of these, the ones after a missing or failed answer.
        repeated: Of these, the duplicates sent on purpose.
        waits: Waits for `Retry-After`.
        taken_over: Of the tries, the ones that a lost worker may have sent before.
        states: Latencies of each state of messages.
        answers: Count of each kind of answer.
        course: What happened in each stretch of `stretch_s` seconds.
    """

    delivered: int = 0
    given_up: int = 0
    tries: int = 0
    retried: int = 0
    repeated: int = 0
    waits: int = 0
    taken_over: int = 0
    states: dict[str, Histogram] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    course: dict[int, Moment] = field(default_factory=dict)
    stretch_s: int = 1

    def answered(self, state: str, answer: str, elapsed_s: float | None, now_s: float) -> None:
        """Count one try.

        Args:
            elapsed_s: Seconds until its answer; None where none came.
        """
        self.tries += 1
        self.answers[answer] += 1
        at = int(now_s) // self.stretch_s
        moment = self.course.get(at)
        if moment is None:
            moment = self.course[at] = Moment()
        moment.answers[answer] += 1
        if elapsed_s is None:
            return
        bucket = bucket_of(elapsed_s)
        moment.latencies[bucket] += 1
        histogram = self.states.get(state)
        if histogram is None:
            histogram = self.states[state] = Histogram()
        histogram[bucket] += 1

    @property
    def latencies(self) -> Histogram:
        """All latencies."""
        return _sum(self.states.values())

    def add(self, other: Measures) -> None:
        """Add what a worker reported."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.answers.update(other.answers)
        for state, histogram in other.states.items():
            self.states.setdefault(state, Histogram()).update(histogram)
        for at, moment in other.course.items():
            self.course.setdefault(at * other.stretch_s // self.stretch_s, Moment()).add(moment)
        while len(self.course) > _MOST_MOMENTS:
            self._coarsen()

    def _coarsen(self) -> None:
        before, self.course = self.course, {}
        self.stretch_s *= 2
        for at, moment in before.items():
            self.course.setdefault(at // 2, Moment()).add(moment)

    def to_dict(self) -> dict[str, Any]:
        """The form in which it travels."""
        return {
            "counts": {name: getattr(self, name) for name in _COUNTS},
            "answers": dict(self.answers),
            "states": {state: dict(histogram) for state, histogram in self.states.items()},
            "course": {at: [dict(each.answers), dict(each.latencies)] for at, each in self.course.items()},
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Measures:
        """Return the measures that travelled."""
        course = {int(at): Moment(Counter(answers), _of(counts)) for at, (answers, counts) in value["course"].items()}
        states = {state: _of(counts) for state, counts in value["states"].items()}
        return cls(**value["counts"], states=states, answers=Counter(value["answers"]), course=course)


def _of(counts: Mapping[Any, int]) -> Histogram:
    return Histogram({int(bucket): count for bucket, count in counts.items()})


def _sum(histograms: Iterable[Histogram]) -> Histogram:
    found = Histogram()
    for histogram in histograms:
        found.update(histogram)
    return found
