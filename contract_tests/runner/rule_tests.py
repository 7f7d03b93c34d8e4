"""Rule test: the stimuli and the check of a rule, and the means that its judgement needs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from callback_contract.contract_tests.model import verdicts
from callback_contract.contract_tests.model.cases import Case, Stimuli, declaration_of, purpose_of
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.openapi.contract.model import Callback

__all__ = ["RuleTest", "Stimulus", "Story", "each", "over_the_run", "story", "story_key"]


@dataclass(frozen=True)
class Story:
    """Deliveries of a case that several rules look at: they are told once, and a second try tells them afresh.

    Attributes:
        tell: Delivers, with the case's `CaseSession`; what it returns is the session's `told`.
        sends: Deliveries per case.
    """

    tell: Callable[[Any], Any]
    sends: int | Callable[[Case], int]


def story_key(story: Story, case: Case) -> tuple[object, ...]:
    """By what a story of a case is known that was told."""
    case = case.goes_on or case
    return (story, case.callback.name, case.label, case.states)


def story(*, sends: int | Callable[[Case], int]) -> Callable[[Callable[[Any], Any]], Story]:
    """Turns a function of a `CaseSession` into a story."""
    return lambda tell: Story(tell, sends)


@dataclass(frozen=True)
class RuleTest:
    """A rule's stimuli and its assertion.

    Attributes:
        check: Takes the exchange of a case, or the case's `CaseSession` when it delivers by itself.
        sends: Deliveries per case when the check delivers by itself; 0 when it looks at a shared exchange or story.
        at_once: Cases that may be under way together; None for as many as the pace allows.
        together: Whether it shows nothing unless several deliveries are under way at once.
        connects: Whether the check looks at the connection itself and delivers nothing.
        needs: Says what else is missing to judge it in a run; None for nothing.
        narrows: Whether later rules do without what it found refused, instead of being blocked by it.
        named: Whether every broken case is named: each is somebody's, and none stands for others.
        over_the_run: Whether the check looks at all that the run saw; it takes the run and the rule.
        rule_id: The rule that it judges; empty before it is collected.
        sends_again: Deliveries of a case that looks at an earlier one, where that one was sent.
        story: What is told before the check; None when the check looks at one exchange or delivers all by itself.
        timed: Whether it measures time: a machine that stands still for a moment is no mistake of the receiver's.
        settles: Whether the last delivery of `sends` only shows that all before is worked off, so that it is sent once
            for all the cases whose stories were told before.
    """

    stimuli: Stimuli
    check: Callable[..., Any]
    sends: int | Callable[[Case], int] = 0
    at_once: int | None = None
    together: bool = False
    connects: bool = False
    needs: Callable[[RunConfig], verdicts.NotApplicable | None] | None = None
    narrows: bool = False
    named: bool = False
    over_the_run: bool = False
    rule_id: str = ""
    sends_again: int = 0
    story: Story | None = None
    timed: bool = False
    settles: bool = False

    def deliveries(self, case: Case) -> int:
        """How many deliveries a case costs at a receiver that does everything right."""
        if self.connects or self.over_the_run:
            return 0
        if self.shares:
            return 1
        told = 0 if self.story is None else _number(self.story.sends, case.goes_on or case)
        return _number(self.sends, case) + told

    def further_deliveries(self, case: Case) -> int:
        """The same where another rule has told the case's story."""
        return _number(self.sends, case)

    @property
    def shares(self) -> bool:
        """Whether the check looks at an exchange that other rules may look at, too."""
        return self.sends == 0 and self.story is None and not self.connects and not self.over_the_run

    @property
    def purpose(self) -> str:
        """What its identities are numbered by: two checks share messages only where they share exchanges."""
        return purpose_of(self.stimuli if self.shares else self.check)

    def place(self, callback: Callback, index: int) -> tuple[str, str, int]:
        """By what the exchange of one of its cases is known, by the case's index among the stimuli."""
        return (self.purpose, callback.name, index)

    @functools.cached_property
    def wants_callback(self) -> bool:
        """Whether the check compares with what the contract says of the callback."""
        return "callback" in inspect.signature(self.check).parameters

    @property
    def hostile(self) -> bool:
        """Whether its stimuli may harm a receiver."""
        return declaration_of(self.stimuli).hostile

    @property
    def goes_ahead(self) -> bool:
        """Whether its stimuli go out with those of its chapter, before its turn."""
        return self.shares and not self.hostile

    @property
    def waits_its_turn(self) -> bool:
        """Whether nothing of it may be sent while other rules are in hand."""
        has_turn = self.hostile or self.together or self.connects or self.over_the_run
        return has_turn or declaration_of(self.stimuli).in_turn


@dataclass(frozen=True, eq=False)
class Stimulus:
    """A case of a rule, as it was put before the receiver; it can be put there again."""

    test: RuleTest
    case: Case
    number: int

    @property
    def kind(self) -> str:
        """What it has in common with the other cases of the same stimuli."""
        return self.test.purpose

    @property
    def key(self) -> tuple[str, str, int]:
        """What no other case of the run has."""
        return self.kind, self.case.callback.name, self.number


def _number(sends: int | Callable[[Case], int], case: Case) -> int:
    return sends(case) if callable(sends) else sends


def each(
    stimuli: Stimuli,
    *,
    sends: int | Callable[[Case], int] = 0,
    at_once: int | None = None,
    together: bool = False,
    connects: bool = False,
    needs: Callable[[RunConfig], verdicts.NotApplicable | None] | None = None,
    narrows: bool = False,
    named: bool = False,
    sends_again: int = 0,
    story: Story | None = None,
    timed: bool = False,
    settles: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turns a check of one case into a pytest test of a rule.

    Args:
        stimuli: Gives the cases; the check runs once for each.
        sends: How often the check delivers, a number or a function of the case; leave it out for a check that
            takes `exchange`.
        at_once: Cases that may be under way together.
        together: See `RuleTest`; likewise connects, needs, narrows, named, sends_again, story, timed
            and settles.
    """

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        wanted = ["receiver"] if sends or connects or story else ["exchange", "callback"]
        names = list(inspect.signature(check).parameters)
        if names not in (wanted, wanted[:1]):
            raise TypeError(f"{check.__name__} takes {' and '.join(wanted)}, not {names}")

        declaration_of(stimuli)  # what is not declared is said when the tests are loaded
        made = RuleTest(stimuli, verdicts.check(check), sends, at_once, together, connects, needs, narrows, named)
        rule_test = replace(made, sends_again=sends_again, story=story, timed=timed, settles=settles)

        return _as_test(rule_test, check)

    return decorate


def over_the_run(stimuli: Stimuli) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Turns a function of the run and the rule, which gives the rule's result, into a pytest test of the rule.

    Args:
        stimuli: Says for which contracts there is anything to judge.
    """

    def decorate(check: Callable[..., Any]) -> Callable[..., None]:
        return _as_test(RuleTest(stimuli, check, over_the_run=True), check)

    return decorate


def _as_test(rule_test: RuleTest, check: Callable[..., Any]) -> Callable[..., None]:
    def test(judge_rule: Callable[[RuleTest], None]) -> None:
        judge_rule(rule_test)

    # Not functools.wraps: pytest would follow it to the check's own parameters.
    test.__name__, test.__qualname__, test.__module__ = check.__name__, check.__qualname__, check.__module__
    test.rule_test = rule_test  # type: ignore[attr-defined]
    return test
