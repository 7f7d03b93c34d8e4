"""Judge of one rule: judges its cases, confirms a failure with a second try, and attributes it once.

What it is made of lies below: `rule_tests` (what a rule's test is), `planning` (what of it can be judged), `attempts`
(at one case), `prefetch` (what was sent before the rule's turn), `liveness` (whether the receiver still acknowledges).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from callback_contract.contract_tests.generation.contract_examples import from_examples
from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.observations import Stored
from callback_contract.contract_tests.model.verdicts import (
    Block,
    Finding,
    LacksMeans,
    Means,
    NotApplicable,
    RuleResult,
    Verdict,
)
from callback_contract.contract_tests.runner.attempts import confirmed, first_try, frequency, is_hurried
from callback_contract.contract_tests.runner.attribution.chance import may_be_chance
from callback_contract.contract_tests.runner.attribution.deadlines import judge_deadlines
from callback_contract.contract_tests.runner.attribution.narrowing import is_drawn, narrowed
from callback_contract.contract_tests.runner.attribution.respelling import leave_to_spelling_rule, take_over_respelt
from callback_contract.contract_tests.runner.attribution.stops import verdict_on_stops
from callback_contract.contract_tests.runner.case_session import CaseSession, plain_exchange
from callback_contract.contract_tests.runner.contention import (
    BURST_RULE,
    broke_in_contention,
    is_selected,
    take_over,
)
from callback_contract.contract_tests.runner.liveness import look_after, refuse_lost_credentials
from callback_contract.contract_tests.runner.planning import (
    STOP_RULE,
    first_number,
    out_of_reach,
    scopes_of,
    unmet_precondition,
)
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError, cases_of, narrow
from callback_contract.contract_tests.runner.prefetch import prefetch, prefetched
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.sharing.combinations import narrow_combined
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.read_back import HttpReadBack, ReadBackError, known_states
from callback_contract.mock_server.client.pacing import OutOfBudget
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, joined

__all__ = ["add_example_hint", "add_read_back_hint", "judge", "judge_in_turn", "judge_rules"]

_MOST_NAMED = 5
_LONGEST = 40

_ENOUGH_BROKEN = 3
"""Broken cases after which a rule's remaining ones are not sent: they would cost the receiver and tell nothing new."""

_ENOUGH_NAMED = 20
"""The same for a rule that names each broken case; those beyond the first are not tried a second time."""


def judge_rules(run: RunContext, tests: Mapping[str, RuleTest], *, fail_fast: bool = False) -> Rule | None:
    """Judges the rules that were asked for, one after the other; the run's state holds what came of each.

    What breaks most receivers comes first; what explains a breaking is judged before what it explains.

    Returns:
        The rule that ended it before the last one, as the first that failed and where that was asked for.

    Raises:
        KitError: The run cannot go on: credentials were refused.
        OutOfBudget: Nothing more may be sent.
    """
    for rule in run.config.order:
        if rule.id in tests:
            result = judge_in_turn(run, rule, tests[rule.id], tests)
            if fail_fast and result.blocks_the_gate and rule is not run.config.order[-1]:
                return rule
    judge_deadlines(run)
    if STOP_RULE not in run.state.results and run.state.stops:
        stops = verdict_on_stops(run, run.config.catalogue[STOP_RULE])
        run.config.policy.apply(stops)
        if stops.broken:  # what the others are blocked by is told, whether or not it was asked for
            run.state.rule_judged(stops)
    return None


def judge_in_turn(run: RunContext, rule: Rule, test: RuleTest, tests: Mapping[str, RuleTest]) -> RuleResult:
    """Judges the rule in hand, after what it and later rules look at was delivered; see `judge_rules`."""
    run.state.rule_started(rule)
    begun, bursts = time.monotonic(), len(run.state.bursts)
    try:
        if INTERRUPTION.cause is not None:  # it got lost in a callback of the interpreter
            raise INTERRUPTION.cause
        prefetch(run, rule, tests)
        result = _left_out(run, rule) or judge(run, rule, test)
        add_read_back_hint(run, result)
        add_example_hint(run, result)
    except (OutOfBudget, KitError):
        raise
    except Exception as error:  # whatever is not an assertion is the kit's or the set-up's
        result = RuleResult(rule, Verdict.ERROR, f"{type(error).__name__}: {error}")
    result.duration_s = time.monotonic() - begun
    result.bursts = tuple(run.state.bursts[bursts:]) if test.together else ()
    run.config.policy.apply(result)
    run.state.rule_judged(result, is_final=not may_be_chance(run, result))
    return result


def _left_out(run: RunContext, rule: Rule) -> RuleResult | None:
    """What is said of a rule for which the deliveries do not suffice."""
    reason = run.state.left_out.get(rule.id)
    if reason is None:
        return None
    means = Means.DEPTH if reason.key == "reason.left-out-quickly" else Means.DELIVERIES
    return RuleResult(rule, Verdict.NOT_APPLICABLE, reason, lacks={means})


def judge(run: RunContext, rule: Rule, test: RuleTest) -> RuleResult:
    """Puts every case of a rule before the receiver and says what came of it.

    Raises:
        KitError: The run cannot go on: credentials were refused.
        OutOfBudget: Nothing more may be sent.
    """
    scopes = scopes_of(run.config, test)
    blocks = {scope.callback.name: unmet_precondition(run, rule, test, scope) for scope in scopes}
    blocked_for = {name: block for name, block in blocks.items() if block is not None}
    if blocked_for and len(blocked_for) == len(scopes):
        return RuleResult(rule, Verdict.BLOCKED, _blocked(blocked_for), blocked_for=blocked_for)
    if test.over_the_run:
        found: RuleResult = test.check(run, rule)
        return found
    if lacking := out_of_reach(run.config, rule, test):
        return RuleResult(rule, Verdict.NOT_APPLICABLE, lacking.text, lacks=_means(lacking))
    if rule.evidence == "read-back" and run.state.read_back_error is not None:
        why = Text("reason.read-back-broke-before", what=run.state.read_back_error.what)
        return RuleResult(rule, Verdict.ERROR, why)
    result = RuleResult(rule, Verdict.PASS, blocked_for=blocked_for)
    before = run.state.sent_in_turn
    reasons = list(run.config.withheld.values())
    if run.config.withheld and not test.connects:
        result.lacks.add(Means.SCHEME)
    for scope in scopes:
        if scope.callback.name in blocked_for:
            continue
        try:
            result.cases += _judge_scope(run, rule, test, scope, result)
        except NotApplicable as lacked:
            if isinstance(lacked, UnmetPreconditionError):
                blocked_for[scope.callback.name] = lacked.block
            result.lacks |= _means(lacked)
            reasons.append(lacked.text)
        except ReadBackError as error:
            # What was found so far stands, and the rules that look at answers alone go on.
            run.state.read_back_broke(error)
            result.verdict, result.reason = Verdict.ERROR, error.reported
            break
    result.findings += run.state.late_findings.get(rule.id, [])
    result.deliveries = run.state.sent_in_turn - before + run.state.take_prefetched(rule)
    take_over(run.state, rule, result)
    take_over_respelt(run.state, rule, result)
    if result.verdict is Verdict.ERROR:
        return result
    if result.cases == 0 and not result.findings:
        result.verdict = Verdict.BLOCKED if blocked_for else Verdict.NOT_APPLICABLE
        result.reason = joined([*reasons, _blocked(blocked_for)])
        return result
    if result.findings:
        result.verdict = _broken(rule, result.findings)
        if test.narrows:
            narrow(run, rule, test)
    apart = [Text("reason.not-judged-of", callback=name, cause=block.cause) for name, block in blocked_for.items()]
    result.reason = joined((result.reason, frequency(result.findings), *apart))
    return result


def _broken(rule: Rule, findings: Iterable[Finding]) -> Verdict:
    if not any(finding.repeated for finding in findings):
        return Verdict.FLAKY
    return Verdict.FAIL if rule.level == "MUST" else Verdict.WARN


def _blocked(blocked_for: Mapping[str, Block]) -> str:
    return joined(block.text for block in blocked_for.values())


def _means(lacked: NotApplicable) -> set[Means]:
    return {lacked.means} if isinstance(lacked, LacksMeans) else set()


def _judge_scope(run: RunContext, rule: Rule, test: RuleTest, scope: Scope, result: RuleResult) -> int:
    """Judges the cases of one callback, and gives how many there are.

    Raises:
        NotApplicable: Nothing is judged: there is nothing to ask, the means are missing, or the receiver has stopped.
        ReadBackError: Nothing can be read back.
    """
    before = run.state.sent_in_turn
    cases = cases_of(run, test, scope)
    try:
        if rule.evidence == "read-back":
            _look_up(run, cases)
        _judge_cases(run, rule, test, scope, cases, result)
    except ReadBackError:
        plain_exchange(run, scope)  # a receiver that has stopped shows nothing, either, and the watch says so
        raise
    if test.hostile and run.state.sent_in_turn > before:
        result.findings += look_after(run, scope, rule, cases[0][1])
    return len(cases)


def _judge_cases(
    run: RunContext, rule: Rule, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]], result: RuleResult
) -> None:
    first = first_number(run, test, scope, cases)
    ahead = prefetched(run, test, scope)
    narrow_combined(run, test, scope, cases)
    jobs = [
        functools.partial(first_try, run, test, case, first + index, index, ahead.get(index)) for index, case in cases
    ]
    numbers = iter(first + index for index, _ in cases)
    broken = contended = overloaded = 0
    further: list[str] = []
    # What is told again after it broke far ahead has the company that it would have had in the first place.
    for batch in run.dispatcher.in_batches(jobs, run.dispatcher.concurrency.usual if ahead else test.at_once):
        if rule.id in run.state.late_findings:
            break  # it stops the receiver: the rest would stop it again
        for outcome, number in zip(batch, numbers, strict=False):
            case = outcome.contact.case
            if outcome.broken is None:
                run.state.case_finished(rule, case, is_broken=False)
                continue
            if broken >= _ENOUGH_BROKEN:
                broken += 1
                further.append(case.label)
                run.state.case_finished(rule, case, is_broken=True)
                continue
            refuse_lost_credentials(run, scope, outcome)
            result.reason = joined((result.reason, leave_to_spelling_rule(run, rule, outcome)))
            finding = confirmed(run, rule, test, outcome, number)
            run.state.case_finished(rule, case, is_broken=finding is not None)
            if finding is None and (test.timed or is_hurried(run, outcome)):
                result.reason = joined((result.reason, Text("reason.slow-at-first")))
            elif finding is None:
                is_ours = run.dispatcher.overloaded(outcome.contact.exchanges)
                overloaded, contended = overloaded + is_ours, contended + (not is_ours)
            else:
                if is_drawn(test, case):
                    finding = narrowed(run, test, scope, case, number, finding)
                result.findings.append(replace(finding, case_index=number - first))
                broken += 1
        if broken >= (_ENOUGH_NAMED if test.named else _ENOUGH_BROKEN):
            break
    said = _told_of(len(cases), broken, contended, overloaded, _ENOUGH_NAMED if test.named else _ENOUGH_BROKEN)
    if not is_selected(run.config) and any(broke_in_contention(run.dispatcher, finding) for finding in result.findings):
        said.append(Text("reason.not-alone", rule=BURST_RULE))
    if test.named and further:
        said.append(Text("reason.once-each", cases=tuple(further)))
    if said and len(run.config.scopes) > 1:
        said = [Text("reason.of-callback", callback=scope.callback.name, said=joined(said))]
    result.reason = joined((result.reason, *said))


def _told_of(cases: int, broken: int, contended: int, overloaded: int, enough: int) -> list[Text]:
    """How many cases broke a rule, or broke without being its matter."""
    if broken == cases > 1:
        return [Text("reason.all-broke", broken=broken)]
    if broken:
        return [Text(f"reason.{'some' if broken < enough else 'at-least'}-broke", broken=broken, cases=cases)]
    if contended:
        return [Text("reason.broke-among-others", broken=contended, cases=cases, rule=BURST_RULE)]
    if overloaded:
        return [Text("reason.broke-in-company", broken=overloaded, cases=cases)]
    return []


def _look_up(run: RunContext, cases: Sequence[tuple[int, Case]]) -> None:
    """Reads what the cases look at, each message once: one delivery may hold many cases."""
    found: dict[str, functools.partial[Stored | None]] = {}
    for _, case in cases:
        place = None if case.states else case.looks_at  # a story goes on about what it looks at
        exchange = run.state.shared.get((place[0], case.callback.name, place[1])) if place else None
        session = CaseSession.of(run, case, 0)
        if exchange is not None and session.has_to_be_kept(exchange):
            message_id = exchange.delivery.ids[0]
            found.setdefault(message_id, functools.partial(session.looked_up, message_id))
    for _ in run.dispatcher.side_by_side(list(found.values())):
        pass


def add_read_back_hint(run: RunContext, result: RuleResult) -> None:
    """Adds a question to the reason of a broken rule; the verdict stays, since either answer is possible."""
    if result.rule.evidence == "read-back" and result.findings and (doubt := _doubt(run)):
        result.reason = joined((result.reason, doubt))


def add_example_hint(run: RunContext, result: RuleResult) -> None:
    """Adds what came from the contract's examples to the first rule that tells of a refused first contact."""
    if result.rule.requires or not result.findings:
        return
    told = [from_examples(scope) for scope in run.config.scopes if scope.callback.name in run.state.contacts_refused]
    result.reason = joined((result.reason, *filter(None, told)))


def _doubt(run: RunContext) -> str:
    shown, known, read_back = run.state.states_shown, known_states(run.config.contract), run.config.read_back
    if not shown and isinstance(read_back, HttpReadBack):
        return Text("reason.nothing-read-back-url", url=read_back.access.shown_url)
    if not shown:
        return Text("reason.nothing-read-back-plugin")
    if known and not shown & known:
        words = tuple(repr(printable(word[:_LONGEST])) for word in sorted(shown)[:_MOST_NAMED])
        return Text("reason.unknown-states", states=words)
    return ""
