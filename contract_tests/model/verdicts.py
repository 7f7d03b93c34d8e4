"""Verdicts on rules, and the exit code of a whole run, see README.md, "Exit codes and verdicts"."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ParamSpec, TypeVar

from callback_contract.contract_tests.model.observations import Burst, Look
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text

__all__ = [
    "Block",
    "Finding",
    "LacksMeans",
    "Means",
    "Mismatch",
    "NotApplicable",
    "RuleBroken",
    "RuleResult",
    "Verdict",
    "check",
    "exit_code",
]


class Verdict(StrEnum):
    """What is said about one rule."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    FLAKY = "flaky"
    NOT_APPLICABLE = "not applicable"
    BLOCKED = "blocked"
    WAIVED = "waived"
    ERROR = "error"


@dataclass(frozen=True)
class Mismatch:
    """What a check's assertion says when it fails, where the last response does not say what came instead."""

    expected: Text
    actual: Text


class RuleBroken(AssertionError):
    """A check found that the receiver broke a rule; any other assertion is the kit's own and no verdict.

    Attributes:
        expected: What a right receiver does.
        actual: What this one did; None where its last response says it.
    """

    def __init__(self, expected: Text, actual: Text | None = None) -> None:
        super().__init__(expected, actual)
        self.expected, self.actual = expected, actual


_P = ParamSpec("_P")
_R = TypeVar("_R")


def check(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Declares a check: an assertion that fails in its own body, and in nothing that it calls, is a verdict.

    What the assertion says is a `Text`, what was expected, or a `Mismatch`. An assertion with
    neither is an error of the kit.
    Where pytest would rewrite a module, and make strings of both, its docstring has `PYTEST_DONT_REWRITE`.
    """

    @functools.wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except RuleBroken:
            raise
        except AssertionError as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is None or trace.tb_frame.f_code is not function.__code__:
                raise
            said = error.args[0] if error.args else None
            if isinstance(said, Mismatch):
                raise RuleBroken(said.expected, said.actual) from error
            if isinstance(said, Text):
                raise RuleBroken(said) from error
            raise

    return checked


class NotApplicable(Exception):
    """The contract leaves nothing to ask of a rule; the text says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


class Means(StrEnum):
    """What the user can give so that more is judged; the value names it in a report."""

    READ_BACK = "read-back"
    SHOWN_LAST = "last"
    APPLIED = "applied"
    SCHEME = "signature"
    SECRET = "secret"  # noqa: S105  # a name in a report, and no secret
    RECORDINGS = "samples"
    TLS = "https"
    AT_ONCE = "at-once"
    DELIVERIES = "max-deliveries"
    DEPTH = "depth"
    EVENT = "event"
    RATE = "rate"
    TLS_ENDPOINTS = "tls"


class LacksMeans(NotApplicable):
    """A rule could be judged if the user gave more; the text says how to give it."""

    def __init__(self, means: Means, text: Text) -> None:
        super().__init__(text)
        self.means = means


@dataclass(frozen=True)
class Block:
    """Why nothing is judged: what was found before explains what would be seen.

    Attributes:
        by: The rule that is broken; empty where it is no rule's.
        through: The required rule that is itself blocked by it; empty where `by` is required itself.
        why: What else there is to say than that `by` is broken.
    """

    by: str = ""
    through: str = ""
    why: Text | None = None

    @property
    def cause(self) -> Text:
        """What was found."""
        what = self.why or Text("reason.is-broken", rule=self.by)
        return Text("reason.through", what=what, rule=self.through) if self.through else what

    @property
    def text(self) -> Text:
        """Why nothing is judged."""
        return Text("reason.blocked", cause=self.cause)


@dataclass(frozen=True)
class Finding:
    """One way in which a rule was broken.

    Attributes:
        case: What was special about the stimulus.
        expected: What a right receiver does.
        actual: What this one did.
        exchanges: Everything that was sent and came back, in order.
        repeated: Whether it broke again on the second try.
        curl_suffices: Whether one delivery shows it.
        case_index: Which of the rule's cases for this callback it is; None when it is none of them.
        case_number: The number of the case within the run, which its identities carry.
        tries: How often the case was put before the receiver.
        broke: How many of the tries broke the rule.
        looks: What read-back showed, in order.
    """

    callback: str
    case: str
    expected: Text
    actual: Text
    exchanges: tuple[Exchange, ...]
    repeated: bool
    curl_suffices: bool
    case_index: int | None = None
    case_number: int = 0
    tries: int = 2
    broke: int = 2
    looks: tuple[Look, ...] = ()


@dataclass
class RuleResult:
    """What a run found out about one rule.

    Attributes:
        reason: Why it is not applicable or an error; a count of broken cases otherwise.
        deliveries: How many deliveries this rule caused; a shared one counts where it was sent first.
        cases: How many cases were judged.
        blocked_for: The callbacks of which nothing was judged, since a broken rule explains what would be seen.
        lacks: Means that would let it be judged, or judged of more callbacks.
        duration_s: Seconds that judging took, deliveries that were sent ahead for later rules included.
        bursts: Deliveries that went out together, where that is what the rule judges.
    """

    rule: Rule
    verdict: Verdict
    reason: str = ""
    deliveries: int = 0
    cases: int = 0
    findings: list[Finding] = field(default_factory=list)
    blocked_for: dict[str, Block] = field(default_factory=dict)
    lacks: set[Means] = field(default_factory=set)
    duration_s: float = 0.0
    bursts: tuple[Burst, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether the receiver broke the rule, be it once, waived or only a SHOULD."""
        return self.verdict in {Verdict.WARN, Verdict.FAIL, Verdict.FLAKY, Verdict.WAIVED}

    @property
    def blocked(self) -> bool:
        """Whether nothing of it was judged, since a broken rule explains what it would have seen."""
        return self.verdict is Verdict.BLOCKED

    @property
    def judged(self) -> bool:
        """Whether something can be said of the receiver."""
        return self.broken or self.verdict is Verdict.PASS

    @property
    def broken_for(self) -> frozenset[str]:
        """The callbacks that it was broken for."""
        return frozenset(finding.callback for finding in self.findings)

    @property
    def blocks_the_gate(self) -> bool:
        """Whether it alone makes the run fail."""
        return self.verdict is Verdict.FAIL or (self.verdict is Verdict.FLAKY and self.rule.level == "MUST")


def exit_code(results: Iterable[RuleResult], *, strict: bool) -> int:
    """The exit code of a run that judged something: 3, 1 or 0 (2 and 130 are decided where they arise)."""
    verdicts = list(results)
    if not any(r.judged for r in verdicts) or any(r.verdict is Verdict.ERROR for r in verdicts):
        return 3
    if any(r.blocks_the_gate for r in verdicts):
        return 1
    if strict and any(r.verdict in {Verdict.WARN, Verdict.FLAKY} for r in verdicts):
        return 1
    return 0
