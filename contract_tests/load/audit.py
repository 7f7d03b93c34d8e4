"""Audit of a campaign: reads back what the receiver kept, and finds lost, doubled and backward messages.

Judged are messages whose every event was acknowledged; what was given up the receiver may have kept or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from callback_contract.contract_tests.model.observations import ReadBack, Stored
from callback_contract.mock_server.client.pacing import OutOfBudget
from callback_contract.mock_server.provider.lifecycles import Step
from callback_contract.mock_server.provider.lives import Lives
from callback_contract.mock_server.wire.identity import id_at
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.text.errors import KitError

__all__ = ["FAULTS", "Audit", "Expected", "Finding", "audited", "evenly", "expected_of"]

FAULTS = ("lost", "doubled", "backwards", "otherwise")
"""What the receiver may have made of a message: less than it acknowledged, more, an earlier state, or another one."""

_MOST_SHOWN = 20

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")
Each = Callable[[Callable[[_Thing], _Result], Iterable[_Thing]], Iterable[_Result]]


@dataclass(frozen=True)
class Expected:
    """What a right receiver stores of a message.

    Attributes:
        late: States that arrived when a later one was stored already.
        least: How many events took effect at least, where it counts them.
        most: How many there were.
    """

    state: str
    late: frozenset[str]
    least: int
    most: int

    def fault(self, stored: Stored | None, order: Order) -> str:
        """Return which of `FAULTS` what is stored shows; empty for none."""
        if stored is None:
            return "lost"
        if stored.applied is not None and stored.applied > self.most:
            return "doubled"
        if stored.state != self.state:
            if stored.state in self.late:
                return "backwards"
            return "lost" if order.is_before(stored.state, self.state) else "otherwise"
        return "lost" if stored.applied is not None and stored.applied < self.least else ""


@dataclass(frozen=True)
class Finding:
    """One message that the receiver did not keep as it acknowledged it."""

    fault: str
    message_id: str
    expected: str
    stored: str | None
    applied: int | None


@dataclass
class Audit:
    """What read-back showed.

    Attributes:
        messages: How many were to be judged.
        read: How many were read.
        counts: How many messages have each of `FAULTS`.
        findings: The first ones.
        left_out: Messages of the sample with an event that was given up.
        error: Why the read-back could not be used; empty when it could.
    """

    messages: int
    read: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FAULTS, 0))
    findings: list[Finding] = field(default_factory=list)
    left_out: int = 0
    error: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not any(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """The form in which the report has it."""
        return {
            "messages": self.messages,
            "read": self.read,
            "left_out": self.left_out,
            **self.counts,
            "findings": [
                {
                    "fault": each.fault,
                    "id": each.message_id,
                    "expected": each.expected,
                    "stored": each.stored,
                    "applied": each.applied,
                }
                for each in self.findings
            ],
            "error": str(self.error),
        }


def expected_of(steps: Sequence[Step], order: Order) -> Expected:
    """Return what a right receiver stores after the deliveries of a life, in the order in which they went out."""
    current: str | None = None
    advancing, late = 0, set()
    for step in steps:
        if order.advances(current, step.state):
            current = step.state
            advancing += 1
        elif step.state != current:
            late.add(step.state)
    assert current is not None  # a life has at least one step
    return Expected(current, frozenset(late), advancing, len({step.state for step in steps}))


def evenly(messages: int, most: int | None) -> Iterator[int]:
    """Yield so many of all numbers, spread evenly; None yields all."""
    if most is None or most >= messages:
        yield from range(messages)
    else:
        yield from (number * messages // most for number in range(most))


def audited(
    lives: Lives,
    numbers: Iterable[int],
    read: ReadBack,
    *,
    is_spoiled: Callable[[int], bool],
    each: Each[int, tuple[int, Stored | None]] = map,
    settle: Callable[[], None] = lambda: None,
) -> Audit:
    """Read messages back, and judge what is stored of each.

    Args:
        is_spoiled: Whether an event of a message was given up.
        each: Maps over the messages, several at once.
        settle: Waits for what the receiver may store after it answered; the faulty ones are then read again.

    Raises:
        KitError: The read-back cannot be used; nothing is read after the first failure.
        OutOfBudget: It may take no longer.
    """
    callback = lives.composer.callback
    order = callback.delivery.order
    place = callback.delivery.correlation
    assert order is not None
    assert place is not None
    sampled = list(numbers)
    judged = [number for number in sampled if not is_spoiled(number)]
    audit = Audit(len(judged), left_out=len(sampled) - len(judged))

    failures: list[KitError | OutOfBudget] = []

    def stored_of(number: int) -> tuple[int, Stored | None]:
        if failures:
            return number, None
        try:
            return number, read(id_at(callback, place, lives.identity(number)))
        except (KitError, OutOfBudget) as error:  # not raised here: each of many at once would be a traceback
            failures.append(error)
            return number, None

    def faulty(some: Iterable[int]) -> Iterator[tuple[str, int, Expected, Stored | None]]:
        for number, stored in each(stored_of, some):
            if failures:
                raise failures[0]
            expected = expected_of(lives.of(number).steps, order)
            if fault := expected.fault(stored, order):
                yield fault, number, expected, stored

    suspects = [number for _, number, _, _ in faulty(judged)]
    audit.read = len(judged)
    if suspects:
        settle()
    for fault, number, expected, stored in faulty(suspects):
        audit.counts[fault] += 1
        if len(audit.findings) < _MOST_SHOWN:
            message_id = id_at(callback, place, lives.identity(number))
            state, applied = (stored.state, stored.applied) if stored else (None, None)
            audit.findings.append(Finding(fault, message_id, expected.state, state, applied))
    return audit
