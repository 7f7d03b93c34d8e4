"""Attempts at one case: a first try, a second one that confirms a failure, and more that count its frequency."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.identity_ranges import ATTEMPT_AGAIN, ATTEMPTS
from callback_contract.contract_tests.model.verdicts import Finding, RuleBroken
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.contention import (
    BURST_RULE,
    contention_breaks,
    is_burst_rule_due,
    left_to_burst_rule,
    was_contended,
)
from callback_contract.contract_tests.runner.rule_tests import RuleTest, story_key
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text

__all__ = [
    "MOST_TRIES",
    "Attempts",
    "Outcome",
    "confirmed",
    "count_attempts",
    "first_try",
    "frequency",
    "is_hurried",
    "run_case",
    "tried",
]

MOST_TRIES = ATTEMPTS
"""Tries of one case in all; the first and the second decide the verdict, the others only count."""

_LONGEST_S = 10.0
"""Seconds after which a case is not tried any further: a receiver that keeps us waiting is judged by two tries."""

_SHARE_OF_TIME = 0.1  # of what --max-time leaves; the other rules need the rest


@dataclass
class Outcome:
    """One case that was put before the receiver, and the assertion that it broke."""

    contact: CaseSession
    broken: RuleBroken | None


def confirmed(run: RunContext, rule: Rule, test: RuleTest, outcome: Outcome, number: int) -> Finding | None:
    """Tries a broken case a second time; gives nothing where that was not the receiver's doing."""
    contended = was_contended(run, outcome.contact.exchanges)
    if contended and test.together:
        # Being together is this rule's stimulus; it is no explanation unless others break down together, too.
        contended = rule.id != BURST_RULE and is_burst_rule_due(run) and contention_breaks(run, outcome.contact)
        again = outcome if contended else _second_try(run, test, outcome.contact.case, number)
        if again is None:
            return None
        excused = contended
    else:
        again = _second_try(run, test, outcome.contact.case, number)
        if again is None:
            return None
        if again.broken is None and _is_silent(outcome):
            if is_hurried(run, outcome):
                return None  # its first answer may have been right, and only later than it was waited for
            run.dispatcher.hurry.answered_afresh()
        excused = again.broken is None and (contended or run.dispatcher.overloaded(outcome.contact.exchanges))
    tally = Attempts(2, 1)
    if not (excused and contended):
        breaks = functools.partial(_breaks, run, test, outcome.contact.case, number)
        tally = count_attempts(run, test, outcome.contact.case, again_broke=again.broken is not None, breaks=breaks)
        # Overload excuses what breaks no more, however often it is asked alone.
        excused = excused and tally.broke == 1
    if test.timed and tally.tries - tally.broke > 1:
        return None  # it held more than once: the machine stood still at the other times
    last = again if again.broken is not None else outcome
    assert last.broken is not None  # a case that held is not confirmed
    finding = _finding(last, last.broken, test, tally)
    if not excused:
        return finding
    if run.dispatcher.overloaded(outcome.contact.exchanges):
        return None  # it was our choice to go beyond what the pace says, and no rule speaks of that
    if is_burst_rule_due(run) and any(exchange.status >= 500 for exchange in outcome.contact.exchanges):
        run.state.broke_in_contention(left_to_burst_rule(finding, rule))
        run.dispatcher.become_serial()
    return None


def _second_try(run: RunContext, test: RuleTest, case: Case, number: int) -> Outcome | None:
    """Tries a case afresh; where no answer came in a hurry, with all the time that an answer has.

    It gives nothing where the answer took just that time.
    """
    hurry = run.dispatcher.hurry
    again, most_s = run_case(run, test, case, number, None), hurry.most_s
    if again.broken is None or most_s is None or not _is_silent(again):
        return again
    with hurry.suspended():
        again = run_case(run, test, case, number, None, run.state.number_attempt())
    took_it = any(exchange.answered and exchange.elapsed_s > most_s for exchange in again.contact.exchanges)
    return None if again.broken is None and took_it else again


def _is_silent(outcome: Outcome) -> bool:
    return any(exchange.failure == "timeout" for exchange in outcome.contact.exchanges)


def is_hurried(run: RunContext, outcome: Outcome) -> bool:
    """Whether an answer was waited for shorter than the time-out says."""
    timeouts = (exchange for exchange in outcome.contact.exchanges if exchange.failure == "timeout")
    is_shorter = (each.elapsed_s < run.config.sender_of(each.delivery.callback).access.timeout_s for each in timeouts)
    return run.dispatcher.hurry.most_s is not None and any(is_shorter)


def first_try(run: RunContext, test: RuleTest, case: Case, number: int, index: int, ahead: Outcome | None) -> Outcome:
    """Runs a case, or takes what came of it when it was prefetched.

    A story that broke there is told again, in its turn: among many others more came between its deliveries than its
    rule speaks of. An error that contention brings out counts, as long as no more was under way than the pace says.
    """
    tried = ahead or run_case(run, test, case, number, index)
    if tried.broken is None or not (ahead or tried.contact.told_ahead):
        return tried
    exchanges = tried.contact.exchanges
    counts = any(not exchange.answered for exchange in exchanges) and not run.dispatcher.overloaded(exchanges)
    return tried if counts else run_case(run, test, case, number, None, ATTEMPT_AGAIN)


def _breaks(run: RunContext, test: RuleTest, case: Case, number: int, attempt: int) -> bool:
    return run_case(run, test, case, number, None, attempt).broken is not None


def run_case(
    run: RunContext,
    test: RuleTest,
    case: Case,
    number: int,
    shared_as: int | None,
    attempt: int = 1,
    ahead_of: str = "",
) -> Outcome:
    """Runs one case; `shared_as` is its index among the stimuli, None for a further try with a fresh identity.

    Args:
        ahead_of: The rule, when the case is prefetched for it.
    """
    contact = CaseSession.of(run, case, number, attempt if shared_as is None else 0, ahead_of, test)
    try:
        if not test.shares:
            contact = _told(test, contact, is_first=shared_as is not None)
            test.check(contact)
        else:
            exchange = _exchange(run, test, contact, shared_as)
            test.check(exchange, case.callback) if test.wants_callback else test.check(exchange)
    except RuleBroken as broken:
        return Outcome(contact, broken)
    except AssertionError as error:
        raise RuntimeError(f"an assumption of the kit does not hold: {error}") from error
    return Outcome(contact, None)


def _told(test: RuleTest, contact: CaseSession, *, is_first: bool) -> CaseSession:
    """The session in which the case's story is told: at a first try by whichever rule comes first."""
    if test.story is None:
        return contact
    key = story_key(test.story, contact.case)
    known = contact.run.state.stories.get(key) if is_first else None
    if is_old := known is not None and contact.is_past_retries(known.exchanges[0]):
        known = None  # the provider would try none of it again
    is_told_before = known is not None
    if known is None:
        known = contact.of_story()
        known.told = test.story.tell(known)
        if is_first and not is_old:
            contact.run.state.story_told(key, known)
    told_ahead = bool(known.ahead_of) and not contact.ahead_of
    # A copy: what a rule goes on to do is of no concern to the next one.
    return replace(
        known,
        case=contact.case,
        stimulus=contact.stimulus,
        exchanges=list(known.exchanges),
        looks=list(known.looks),
        ahead_of=contact.ahead_of,
        told_ahead=told_ahead,
        told_before=is_told_before,
    )


def _exchange(run: RunContext, test: RuleTest, contact: CaseSession, shared_as: int | None) -> Exchange:
    if shared_as is None:
        if contact.is_empty:  # nothing can be varied in it, so something else comes in between
            replace(contact, exchanges=[]).deliver_plain()
        return contact.deliver()
    key = test.place(contact.case.callback, shared_as)
    digest = contact.case.digest
    known = run.state.shared.get(key) or run.state.exchange_of_equal(test.purpose, digest)
    if known is None:
        known = contact.deliver()
    else:
        contact.exchanges.append(known)
    run.state.exchange_shared(key, known, digest)
    return known


def tried(run: RunContext, test: RuleTest, case: Case, number: int) -> tuple[CaseSession, Finding | None]:
    """Puts one case before the receiver, alone and afresh; the finding says how it broke the rule, if it did."""
    outcome = run_case(run, test, case, number, None)
    return outcome.contact, None if outcome.broken is None else _finding(outcome, outcome.broken, test, Attempts(1, 1))


def _finding(outcome: Outcome, broken: RuleBroken, test: RuleTest, tally: Attempts) -> Finding:
    case, exchanges = outcome.contact.case, tuple(outcome.contact.exchanges)
    return Finding(
        callback=case.callback.name,
        case=case.label,
        expected=broken.expected,
        actual=broken.actual or (exchanges[-1].described() if exchanges else Text("actual.nothing-sent")),
        exchanges=exchanges,
        repeated=tally.broke == tally.tries,
        curl_suffices=test.sends in {0, 1} and test.story is None and not test.connects,
        case_number=outcome.contact.identity.case,
        tries=tally.tries,
        broke=tally.broke,
        looks=tuple(outcome.contact.looks),
    )


@dataclass(frozen=True)
class Attempts:
    """How often a case was tried, and how many of the tries broke the rule."""

    tries: int
    broke: int


def count_attempts(
    run: RunContext, test: RuleTest, case: Case, *, again_broke: bool, breaks: Callable[[int], bool]
) -> Attempts:
    """Counts how often a case breaks that broke at its first try, and tries it further where it held at its second.

    Args:
        again_broke: Whether the second try broke, too: then there is nothing to count.
        breaks: Runs the try with that number, counted from 0, and says whether it broke the rule.
    """
    cost = test.deliveries(case)
    run.dispatcher.spend(cost)
    if again_broke:
        return Attempts(2, 2)
    tries, broke = 2, 1
    begun = time.monotonic()
    # Something hostile is not sent more often than the verdict needs.
    while tries < MOST_TRIES and not test.hostile and _may_go_on(run, cost, time.monotonic() - begun):
        run.dispatcher.spend(cost)
        broke += breaks(tries)
        tries += 1
    return Attempts(tries, broke)


def frequency(findings: Iterable[Finding]) -> str:
    """Says how often cases failed that did not fail each time."""
    shown = list(findings)
    flaky = [finding for finding in shown if finding.broke < finding.tries]
    broke, tries = sum(f.broke for f in flaky), sum(f.tries for f in flaky)
    key = "reason.failed-tries" if len(flaky) == len(shown) else "reason.flaky-ones-failed"
    return Text(key, broke=broke, tries=tries) if flaky else ""


def _may_go_on(run: RunContext, cost: int, took_s: float) -> bool:
    if not run.dispatcher.affords(cost):
        return False
    until = run.config.sender.pace.until
    left_s = _LONGEST_S if until is None else min(_LONGEST_S, (until - time.monotonic()) * _SHARE_OF_TIME)
    return took_s < left_s
