"""Events of a run: what a progress bar, a terminal or a file of JSON lines learns while rules are judged.

The runner publishes them and knows no consumer. They come in this order, deliveries from several threads:

    RunStarted
      DeliverySent …                       the first contact
      RuleStarted
        DeliverySent, CaseFinished …       deliveries that are prefetched for later rules, too
        Waiting, WaitEnded …               of everything that may take long, from the thread that waits
        PaceLearned                        where the receiver says that it is too much
        ReceiverStopped                    where it acknowledges no valid delivery any more
      RuleJudged
    RunFinished
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import RuleResult
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule

__all__ = [
    "CaseFinished",
    "Consumer",
    "DeliverySent",
    "Event",
    "PaceLearned",
    "ReceiverStopped",
    "RuleJudged",
    "RuleStarted",
    "RunFinished",
    "RunStarted",
    "WaitEnded",
    "Waiting",
]


@dataclass(frozen=True)
class RunStarted:
    """The plan is made, and nothing is sent yet.

    Attributes:
        urls: Where deliveries go, without secrets.
        deliveries: How many a receiver gets that does everything right.
    """

    run_id: str
    urls: tuple[str, ...]
    callbacks: tuple[str, ...]
    rules: tuple[Rule, ...]
    deliveries: int


@dataclass(frozen=True)
class RuleStarted:
    """A rule is in hand."""

    rule: Rule


@dataclass(frozen=True)
class DeliverySent:
    """One delivery was answered, or not; it comes from the thread that sent it."""

    exchange: Exchange


@dataclass(frozen=True, eq=False)
class Waiting:
    """Something is waited for from here on, until `WaitEnded` has the same object.

    Attributes:
        what: `answer` of a delivery, `read-back` of a message, or `asked`: the receiver asked to come later.
        most_s: Seconds that this takes at the most.
        message: Which of a case's messages is read back, from 1; 0 where it has one, and of anything else.
    """

    what: str
    most_s: float
    message: int = 0


@dataclass(frozen=True)
class WaitEnded:
    """What was waited for has come, or has not."""

    wait: Waiting


@dataclass(frozen=True)
class PaceLearned:
    """The receiver takes no more than so many deliveries a second.

    Attributes:
        left: Deliveries of the plan that are still to come.
    """

    per_second: float
    left: int

    @property
    def left_s(self) -> float:
        """Seconds that these take at least."""
        return self.left / self.per_second


@dataclass(frozen=True)
class CaseFinished:
    """One case of a rule was judged.

    Attributes:
        is_broken: Whether it counts as broken: it was not excused by what went on beside it.
    """

    rule: Rule
    case: Case
    is_broken: bool


@dataclass(frozen=True)
class ReceiverStopped:
    """A receiver acknowledges no valid delivery any more after what a rule sent."""

    rule: Rule
    url: str


@dataclass(frozen=True)
class RuleJudged:
    """A rule has its verdict, the policy's waivers and grace periods applied."""

    result: RuleResult


@dataclass(frozen=True)
class RunFinished:
    """Nothing more is judged.

    Attributes:
        incomplete: Why the run ended early; empty when it did not.
    """

    incomplete: str


Event = (
    RunStarted
    | RuleStarted
    | DeliverySent
    | Waiting
    | WaitEnded
    | PaceLearned
    | CaseFinished
    | ReceiverStopped
    | RuleJudged
    | RunFinished
)

Consumer = Callable[[Event], None]
"""Takes each event; it is called from several threads."""
