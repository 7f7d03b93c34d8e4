"""Decides how often a broken case is tried again: once to confirm it, and more to say how often a flaky one breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.cases import Case
from contract_tests.verdicts import Finding

if TYPE_CHECKING:
    from contract_tests.bench import Bench
    from contract_tests.rule_tests import RuleTest

__all__ = ["MOST_TRIES", "Tally", "frequency", "tallied"]

MOST_TRIES = 5
"""Tries of one case in all; the first and the second decide the verdict, the others only count."""

_LONGEST_S = 10.0
"""Seconds after which a case is not tried any further: a receiver that keeps us waiting is judged by two tries."""

_SHARE_OF_TIME = 0.1  # of what --max-time leaves; the other rules need the rest


@dataclass(frozen=True)
class Tally:
    """How often a case was tried, and how many of the tries broke the rule."""

    tries: int
    broke: int


def tallied(bench: Bench, test: RuleTest, case: Case, *, again_broke: bool, breaks: Callable[[int], bool]) -> Tally:
    """Counts how often a case breaks that broke at its first try, and tries it further where it held at its second.

    Args:
        again_broke: Whether the second try broke, too: then there is nothing to count.
        breaks: Runs the try with that number, counted from 0, and says whether it broke the rule.
    """
    cost = test.deliveries(case)
    _spend(bench, cost)
    if again_broke:
        return Tally(2, 2)
    tries, broke = 2, 1
    begun = time.monotonic()
    # Something hostile is not sent more often than the verdict needs.
    while tries < MOST_TRIES and not test.hostile and _may_go_on(bench, cost, time.monotonic() - begun):
        _spend(bench, cost)
        broke += breaks(tries)
        tries += 1
    return Tally(tries, broke)


def frequency(findings: Iterable[Finding]) -> str:
    """Says how often cases failed that did not fail each time."""
    shown = list(findings)
    flaky = [finding for finding in shown if finding.broke < finding.tries]
    broke, tries = sum(f.broke for f in flaky), sum(f.tries for f in flaky)
    who = "" if len(flaky) == len(shown) else "flaky ones "
    return f"{who}failed {broke} of {tries} tries" if flaky else ""


def _spend(bench: Bench, cost: int) -> None:
    if bench.spare is not None:
        bench.spare -= cost


def _may_go_on(bench: Bench, cost: int, took_s: float) -> bool:
    if bench.spare is not None and bench.spare < cost:
        return False
    until = bench.sender.pace.until
    left_s = _LONGEST_S if until is None else min(_LONGEST_S, (until - time.monotonic()) * _SHARE_OF_TIME)
    return took_s < left_s
