"""Decides whether one case breaks its rule: tried alone or among others, and a broken one a second time."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from contract_tests.bench import Bench
from contract_tests.cases import Case
from contract_tests.contact import Contact
from contract_tests.crowding import (
    CROWD_RULE,
    crowd_breaks,
    is_crowd_rule_due,
    is_strained,
    left_to_crowd_rule,
    was_crowded_out,
)
from contract_tests.retrying import Tally, tallied
from contract_tests.rule_tests import RuleTest
from contract_tests.verdicts import Finding
from mock_server.delivery import Exchange
from openapi.catalogue import Rule

__all__ = ["Outcome", "confirmed", "first_try", "run_case", "tried"]

_AGAIN = 9  # numbers the try of what is asked again; further tries, and what they send later, are below 8


@dataclass
class Outcome:
    """One case that was put before the receiver, and the assertion that it broke."""

    contact: Contact
    broken: AssertionError | None


def confirmed(bench: Bench, rule: Rule, test: RuleTest, outcome: Outcome, number: int) -> Finding | None:
    """Tries a broken case a second time; gives nothing where it broke only for want of room."""
    crowded = was_crowded_out(bench, outcome.contact.exchanges)
    if crowded and test.together:
        # Being together is this rule's stimulus; it is no explanation unless others break down together, too.
        crowded = rule.id != CROWD_RULE and is_crowd_rule_due(bench) and crowd_breaks(bench, outcome.contact)
        again = outcome if crowded else run_case(bench, test, outcome.contact.case, number, None)
        excused = crowded
    else:
        again = run_case(bench, test, outcome.contact.case, number, None)
        excused = again.broken is None and (crowded or is_strained(bench, outcome.contact.exchanges))
    tally = Tally(2, 1)
    if not (excused and crowded):
        breaks = functools.partial(_breaks, bench, test, outcome.contact.case, number)
        tally = tallied(bench, test, outcome.contact.case, again_broke=again.broken is not None, breaks=breaks)
        # More company than usual excuses what breaks no more, however often it is asked alone.
        excused = excused and tally.broke == 1
    finding = _finding(again if again.broken is not None else outcome, test, None, tally)
    if not excused:
        return finding
    if is_strained(bench, outcome.contact.exchanges):
        return None  # it was our choice to go beyond what the pace says, and no rule speaks of that
    if is_crowd_rule_due(bench) and any(exchange.status >= 500 for exchange in outcome.contact.exchanges):
        bench.crowded.append(left_to_crowd_rule(finding, rule))
        bench.one_by_one = True  # the rest of what it is asked is asked alone
        bench.company.keep_to(1)
    return None


def first_try(bench: Bench, test: RuleTest, case: Case, number: int, index: int, ahead: Outcome | None) -> Outcome:
    """Runs a case, or takes what came of it far ahead.

    A story that broke there is told again, in its turn: among many others more came between its deliveries than its
    rule speaks of. An error that company brings out counts, as long as it is no more company than the pace says.
    """
    if ahead is None:
        return run_case(bench, test, case, number, index)
    exchanges = ahead.contact.exchanges
    counts = any(not exchange.answered for exchange in exchanges) and not is_strained(bench, exchanges)
    return ahead if ahead.broken is None or counts else run_case(bench, test, case, number, None, _AGAIN)


def _breaks(bench: Bench, test: RuleTest, case: Case, number: int, attempt: int) -> bool:
    return run_case(bench, test, case, number, None, attempt).broken is not None


def run_case(
    bench: Bench,
    test: RuleTest,
    case: Case,
    number: int,
    shared_as: int | None,
    attempt: int = 1,
    ahead_of: str = "",
) -> Outcome:
    """Runs one case; `shared_as` is its index among the stimuli, None for a further try with a fresh identity.

    Args:
        ahead_of: The rule, when it is run far ahead of that rule's turn.
    """
    contact = bench.contact(case, number, attempt if shared_as is None else 0, ahead_of)
    try:
        if not test.shares:
            test.check(contact)
        else:
            exchange = _exchange(bench, test, contact, shared_as)
            test.check(exchange, case.callback) if test.wants_callback else test.check(exchange)
    except AssertionError as error:
        if not _is_a_check(error):
            raise RuntimeError(f"an assumption of the kit does not hold: {error}") from error
        return Outcome(contact, error)
    return Outcome(contact, None)


def _is_a_check(error: AssertionError) -> bool:
    """Whether a rule's own check raised it: any other assertion is the kit's, and no verdict on a receiver."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = Path(trace.tb_frame.f_code.co_filename) if trace else Path()
    return place.parent.name == "chapters" or place.name == "comparing.py"


def _exchange(bench: Bench, test: RuleTest, contact: Contact, shared_as: int | None) -> Exchange:
    if shared_as is None:
        return contact.deliver()
    key = (test.purpose, contact.case.callback.name, shared_as)
    known = bench.shared.get(key)
    if known is None:
        known = bench.shared[key] = contact.deliver()
    else:
        contact.exchanges.append(known)
    return known


def tried(bench: Bench, test: RuleTest, case: Case, number: int) -> tuple[Contact, Finding | None]:
    """Puts one case before the receiver, alone and afresh; the finding says how it broke the rule, if it did."""
    outcome = run_case(bench, test, case, number, None)
    return outcome.contact, None if outcome.broken is None else _finding(outcome, test, None, Tally(1, 1))


def _finding(outcome: Outcome, test: RuleTest, index: int | None, tally: Tally) -> Finding:
    case, exchanges = outcome.contact.case, tuple(outcome.contact.exchanges)
    lines = str(outcome.broken).splitlines() or ["what the rule says"]
    expected, _, actual = lines[0].partition(" <- ")
    return Finding(
        callback=case.callback.name,
        case=case.label,
        expected=expected,
        actual=actual or (exchanges[-1].described() if exchanges else "nothing was sent"),
        exchanges=exchanges,
        repeated=tally.broke == tally.tries,
        curl_suffices=test.sends in {0, 1} and not test.connects,
        case_index=index,
        case_number=outcome.contact.identity.case,
        tries=tally.tries,
        broke=tally.broke,
        looks=tuple(outcome.contact.looks),
    )
