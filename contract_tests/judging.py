"""Decides how a rule comes to its verdict: cases side by side, a broken one tried twice, blame given once."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contract_tests.bench import Bench, Contact
from contract_tests.cases import Case, Stimuli
from contract_tests.corpus import Scope
from contract_tests.crowding import (
    CROWD_RULE,
    crowd_breaks,
    is_crowd_rule_due,
    left_to_crowd_rule,
    take_over,
    was_crowded_out,
)
from contract_tests.narrowing import BlockedError, can_do_without, cases_of, narrow
from contract_tests.readback import ReadBackError
from contract_tests.retrying import Tally, frequency, tallied
from contract_tests.routes import hosts
from contract_tests.soundness import sound_cases
from contract_tests.verdicts import Finding, NotApplicable, RuleResult, Verdict
from mock_server.delivery import Exchange, Framing
from mock_server.stamping import Identity
from openapi.catalogue import Rule
from openapi.errors import KitError

__all__ = [
    "Plan",
    "RuleTest",
    "credentials_error",
    "each",
    "judge",
    "missing_means",
    "plain_case",
    "planned",
    "send_ahead",
    "tried",
]

_ENOUGH_BROKEN = 3
"""Broken cases after which a rule's remaining ones are not sent: they would cost the receiver and tell nothing new."""


@dataclass(frozen=True)
class RuleTest:
    """A rule's stimuli and its assertion.

    Attributes:
        check: Takes the exchange of a case, or the case's `Contact` when it delivers by itself.
        sends: Deliveries per case when the check delivers by itself; 0 when it looks at a shared exchange.
        at_once: Cases that may be under way together; None for as many as the pace allows.
        together: Whether it shows nothing unless several deliveries are under way at once.
        connects: Whether the check looks at the connection itself and delivers nothing.
        needs: Says what else is missing to judge it at a bench; empty for nothing.
        narrows: Whether later rules do without what it found refused, instead of being blocked by it.
    """

    stimuli: Stimuli
    check: Callable[..., None]
    sends: int | Callable[[Case], int] = 0
    at_once: int | None = None
    together: bool = False
    connects: bool = False
    needs: Callable[[Bench], str] | None = None
    narrows: bool = False

    def deliveries(self, case: Case) -> int:
        """How many deliveries a case costs at a receiver that does everything right."""
        if self.connects:
            return 0
        return self.sends(case) if callable(self.sends) else max(1, self.sends)

    @property
    def shares(self) -> bool:
        """Whether the check looks at an exchange that other rules may look at, too."""
        return self.sends == 0 and not self.connects

    @property
    def purpose(self) -> str:
        """What its identities are numbered by: two checks share messages only where they share exchanges."""
        source = self.stimuli if self.shares else self.check
        return f"{source.__module__}.{source.__qualname__}"

    @functools.cached_property
    def wants_callback(self) -> bool:
        """Whether the check compares with what the contract says of the callback."""
        return "callback" in inspect.signature(self.check).parameters

    @property
    def hostile(self) -> bool:
        """Whether its stimuli may harm a receiver."""
        return getattr(self.stimuli, "hostile", False)


def each(
    stimuli: Stimuli,
    *,
    sends: int | Callable[[Case], int] = 0,
    at_once: int | None = None,
    together: bool = False,
    connects: bool = False,
    needs: Callable[[Bench], str] | None = None,
    narrows: bool = False,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turns a check of one case into a pytest test of a rule.

    Args:
        stimuli: Gives the cases; the check runs once for each.
        sends: How often the check delivers, a number or a function of the case; leave it out for a check that
            takes `exchange`.
        at_once: Cases that may be under way together.
        together: See `RuleTest`; likewise connects, needs and narrows.
    """

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        wanted = ["receiver"] if sends or connects else ["exchange", "callback"]
        names = list(inspect.signature(check).parameters)
        if names not in (wanted, wanted[:1]):
            raise TypeError(f"{check.__name__} takes {' and '.join(wanted)}, not {names}")

        rule_test = RuleTest(stimuli, check, sends, at_once, together, connects, needs, narrows)

        def test(judge_rule: Callable[[RuleTest], None]) -> None:
            judge_rule(rule_test)

        # Not functools.wraps: pytest would follow it to the check's own parameters.
        test.__name__, test.__qualname__, test.__module__ = check.__name__, check.__qualname__, check.__module__
        test.rule_test = rule_test  # type: ignore[attr-defined]
        return test

    return decorate


@dataclass
class Plan:
    """What a run is going to send to a receiver that does everything right."""

    deliveries: int = 0
    cases: int = 0
    reason: str = ""


def planned(bench: Bench, rule: Rule, test: RuleTest, seen: set[tuple[str, str]]) -> Plan:
    """Counts what one rule adds to the deliveries; `seen` carries the stimuli that are already counted."""
    plan = Plan(reason="; ".join(bench.withheld.values()))
    if lacking := missing_means(bench, rule, test):
        plan.reason = lacking
        return plan
    for scope in _scopes(bench, test):
        try:
            cases = sound_cases(test.stimuli, scope)
        except NotApplicable as reason:
            plan.reason = str(reason)
            continue
        plan.cases += len(cases)
        key = (test.purpose, scope.callback.name)
        if test.shares and key in seen:
            continue
        if test.shares:
            seen.add(key)
        plan.deliveries += sum(test.deliveries(case) for case in cases) + test.hostile
    return plan


def send_ahead(bench: Bench, rule: Rule, tests: dict[str, RuleTest]) -> None:
    """Delivers what this rule and the following ones of its chapter look at, all side by side.

    A slow receiver would otherwise be waited for once per rule. Hostile stimuli are left out: what they do to a
    receiver has to be seen rule by rule.
    """
    jobs: list[Callable[[], None]] = []
    for following in bench.rules[bench.rules.index(rule) :]:
        test = tests.get(following.id)
        if following.chapter != rule.chapter or test is None or test.hostile or not test.shares:
            continue
        if _blocker(bench, following, test):
            continue
        for scope in bench.scopes:
            with contextlib.suppress(NotApplicable):
                jobs += _deliveries_ahead(bench, following, test, scope)
    for _ in bench.side_by_side(jobs):
        pass


def _deliveries_ahead(bench: Bench, rule: Rule, test: RuleTest, scope: Scope) -> list[Callable[[], None]]:
    key = (test.purpose, scope.callback.name)
    if (*key, 0) in bench.shared or key in bench.under_way:
        return []  # asked first: making the cases again for every rule that follows is most of the work
    cases = cases_of(bench, test, scope)
    bench.under_way.add(key)
    bench.sent_ahead[rule.id] = bench.sent_ahead.get(rule.id, 0) + len(cases)
    first = _first_number(bench, test, scope, cases)

    def deliver(index: int, case: Case) -> None:
        bench.shared[(*key, index)] = bench.contact(case, first + index).deliver()

    return [functools.partial(deliver, index, case) for index, case in cases]


def _first_number(bench: Bench, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]]) -> int:
    """What the first of a rule's stimuli is numbered by, whether or not that one is sent."""
    return bench.number(test.purpose, scope, cases[-1][0] + 1 if cases else 0)


@dataclass
class _Outcome:
    contact: Contact
    broken: AssertionError | None


def judge(bench: Bench, rule: Rule, test: RuleTest) -> RuleResult:
    """Puts every case of a rule before the receiver and says what came of it.

    Raises:
        KitError: The run cannot go on: credentials were refused.
        OutOfBudget: Nothing more may be sent.
    """
    blocker = _blocker(bench, rule, test)
    if blocker:
        return RuleResult(rule, Verdict.NOT_APPLICABLE, blocker, blocked=True)
    if lacking := missing_means(bench, rule, test):
        return RuleResult(rule, Verdict.NOT_APPLICABLE, lacking)
    if rule.evidence == "read-back" and bench.read_back_error is not None:
        return RuleResult(rule, Verdict.ERROR, f"read-back broke down before: {bench.read_back_error.what}")
    result = RuleResult(rule, Verdict.PASS)
    before = len(bench.exchanges)
    reasons = list(bench.withheld.values())
    for scope in _scopes(bench, test):
        try:
            cases = cases_of(bench, test, scope)
        except NotApplicable as reason:
            result.blocked = result.blocked or isinstance(reason, BlockedError)
            reasons.append(str(reason))
            continue
        result.cases += len(cases)
        try:
            _judge_cases(bench, rule, test, scope, cases, result)
        except NotApplicable as reason:
            result.cases -= len(cases)
            reasons.append(str(reason))
        except ReadBackError as error:
            # What was found so far stands, and the rules that look at answers alone go on.
            bench.read_back_error = error
            result.verdict, result.reason = Verdict.ERROR, str(error)
            break
        if test.hostile and len(bench.exchanges) > before:
            result.findings += _look_after(bench, scope, rule)
    result.deliveries = len(bench.exchanges) - before + bench.sent_ahead.pop(rule.id, 0)
    take_over(bench, rule, result)
    result.blocked = result.blocked and result.cases == 0
    if result.verdict is Verdict.ERROR:
        return result
    if result.cases == 0:
        result.verdict, result.reason = Verdict.NOT_APPLICABLE, "; ".join(dict.fromkeys(reasons))
    elif result.findings:
        repeated = [finding for finding in result.findings if finding.repeated]
        result.verdict = Verdict.FLAKY if not repeated else Verdict.FAIL if rule.level == "MUST" else Verdict.WARN
        result.reason = "; ".join(filter(None, (result.reason, frequency(result.findings))))
        if test.narrows:
            narrow(bench, rule, test)
    return result


def missing_means(bench: Bench, rule: Rule, test: RuleTest) -> str:
    """What a rule needs that the user did not give, with the option that gives it; empty when nothing is missing."""
    if rule.evidence == "read-back" and bench.state is None:
        return "needs read-back: give --state-url 'https://…/{id}' or --plugin FILE"
    if test.needs is not None and (lacking := test.needs(bench)):
        return lacking
    if test.together and bench.sender.pace.at_once < 2:
        return "needs several deliveries under way together: raise --at-once"
    return ""


def _scopes(bench: Bench, test: RuleTest) -> tuple[Scope, ...]:
    """The callbacks that a rule is judged by; one for each host when it is judged by the connection."""
    return hosts(bench) if test.connects else bench.scopes


def _blocker(bench: Bench, rule: Rule, test: RuleTest) -> str:
    for required in rule.requires:
        result = bench.results.get(required)
        if result is not None and result.broken and required != bench.narrowed_by:
            return f"blocked: {required} is broken"
        if result is not None and result.blocked and not can_do_without(bench, result):
            root = result.reason.partition(" (through")[0]
            return f"{root} (through {required})"
    if bench.shut and not test.connects:
        return f"blocked: {bench.shut}"
    if bench.killed_by:
        return f"blocked: the receiver acknowledged no valid delivery any more after {bench.killed_by}"
    return ""


def _judge_cases(
    bench: Bench, rule: Rule, test: RuleTest, scope: Scope, cases: Sequence[tuple[int, Case]], result: RuleResult
) -> None:
    first = _first_number(bench, test, scope, cases)
    jobs = [functools.partial(_try, bench, test, case, first + index, index) for index, case in cases]
    numbers = iter(first + index for index, _ in cases)
    broken = crowded = 0
    for batch in bench.at_once(list(jobs), test.at_once):
        for outcome, number in zip(batch, numbers, strict=False):
            assert isinstance(outcome, _Outcome)
            if outcome.broken is None:
                continue
            if broken >= _ENOUGH_BROKEN:
                broken += 1
                continue
            _refuse_lost_credentials(bench, scope, outcome)
            finding = _confirmed(bench, rule, test, outcome, number)
            if finding is None:
                crowded += 1
            else:
                result.findings.append(replace(finding, case_index=number - first))
                broken += 1
        if broken >= _ENOUGH_BROKEN:
            break
    if broken == result.cases > 1:
        result.reason = f"all {result.cases} cases broke it"
    elif broken:
        told = f"{broken} of {result.cases} cases broke it"
        result.reason = told if broken < _ENOUGH_BROKEN else f"at least {told}"
    elif crowded:
        result.reason = f"{crowded} of {result.cases} cases broke among others and held alone; {CROWD_RULE} judges that"


def _confirmed(bench: Bench, rule: Rule, test: RuleTest, outcome: _Outcome, number: int) -> Finding | None:
    """Tries a broken case a second time; gives nothing where it broke only for want of room."""
    crowded = was_crowded_out(bench, outcome.contact.exchanges)
    if crowded and test.together:
        # Being together is this rule's stimulus; it is no explanation unless others break down together, too.
        crowded = rule.id != CROWD_RULE and is_crowd_rule_due(bench) and crowd_breaks(bench, outcome.contact)
        again = outcome if crowded else _try(bench, test, outcome.contact.case, number, None)
        excused = crowded
    else:
        again = _try(bench, test, outcome.contact.case, number, None)
        excused = crowded and again.broken is None
    tally = Tally(2, 1)
    if not excused:
        breaks = functools.partial(_breaks, bench, test, outcome.contact.case, number)
        tally = tallied(bench, test, outcome.contact.case, again_broke=again.broken is not None, breaks=breaks)
    finding = _finding(again if again.broken is not None else outcome, test, None, tally)
    if not excused:
        return finding
    if is_crowd_rule_due(bench) and any(exchange.status >= 500 for exchange in outcome.contact.exchanges):
        bench.crowded.append(left_to_crowd_rule(finding, rule))
        bench.one_by_one = True  # the rest of what it is asked is asked alone
    return None


def _breaks(bench: Bench, test: RuleTest, case: Case, number: int, attempt: int) -> bool:
    return _try(bench, test, case, number, None, attempt).broken is not None


def _try(bench: Bench, test: RuleTest, case: Case, number: int, shared_as: int | None, attempt: int = 1) -> _Outcome:
    """Runs one case; `shared_as` is its index among the stimuli, None for a further try with a fresh identity."""
    contact = bench.contact(case, number, attempt=attempt if shared_as is None else 0)
    try:
        if not test.shares:
            test.check(contact)
        else:
            exchange = _exchange(bench, test, contact, shared_as)
            test.check(exchange, case.callback) if test.wants_callback else test.check(exchange)
    except AssertionError as error:
        if not _is_a_check(error):
            raise RuntimeError(f"an assumption of the kit does not hold: {error}") from error
        return _Outcome(contact, error)
    return _Outcome(contact, None)


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
    outcome = _try(bench, test, case, number, None)
    return outcome.contact, None if outcome.broken is None else _finding(outcome, test, None, Tally(1, 1))


def _finding(outcome: _Outcome, test: RuleTest, index: int | None, tally: Tally) -> Finding:
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


def plain_case(scope: Scope) -> Case:
    """One plain valid delivery, as first contact and after anything hostile."""
    return Case(scope.callback, "a plain valid delivery", scope.plain)


def _plain_exchange(bench: Bench, scope: Scope) -> Exchange:
    number = bench.number("a plain valid delivery", scope, 1)
    bench.plain_sent += 1
    delivery = plain_case(scope).delivery(
        Identity(bench.run, number, bench.plain_sent, group=0x800000 + bench.plain_sent)
    )
    # On a connection of its own: what a kept connection does after a broken body is another rule's matter.
    return bench.send(replace(delivery, framing=Framing(fresh_connection=True)))


def _look_after(bench: Bench, scope: Scope, rule: Rule) -> list[Finding]:
    """Sends one valid delivery after something hostile: a receiver that died is found at once, and by whom."""
    bench.sender_of(scope.callback.name).renew()  # no later rule pays for what a broken body left on a connection
    if _plain_exchange(bench, scope).acknowledged:
        return []
    again = _plain_exchange(bench, scope)
    if again.acknowledged:
        return []
    bench.killed_by = rule.id
    return [
        Finding(
            callback=scope.callback.name,
            case="the plain valid delivery after all of these",
            expected="an acknowledgement (2xx), as before",
            actual=again.described(),
            exchanges=(again,),
            repeated=True,
            curl_suffices=False,
        )
    ]


def _refuse_lost_credentials(bench: Bench, scope: Scope, outcome: _Outcome) -> None:
    # A 401 or 403 to a hostile body alone may be a firewall; to a plain delivery it is the credentials.
    if not any(exchange.status in {401, 403} for exchange in outcome.contact.exchanges):
        return
    plain = _plain_exchange(bench, scope)
    if plain.status in {401, 403}:
        raise credentials_error(plain)


def credentials_error(exchange: Exchange) -> KitError:
    """Says that the receiver wants to know who sends."""
    return KitError(
        f"the receiver refuses the credentials: it answered {exchange.described()}",
        remedy="Give them with --header 'Authorization: …', --auth USER:PASSWORD, --cert FILE or --signature SCHEME.",
        exit_code=3,
    )
