"""Prefetch: sends cases before their rule's turn, of the same chapter or of all later ones."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.runner.attempts import Outcome, run_case
from callback_contract.contract_tests.runner.attribution.stops import stopped_among
from callback_contract.contract_tests.runner.case_session import CaseSession, plain_exchange
from callback_contract.contract_tests.runner.liveness import plain_after
from callback_contract.contract_tests.runner.planning import first_number, out_of_reach, unmet_precondition
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError, cases_of
from callback_contract.contract_tests.runner.rule_tests import RuleTest, story_key
from callback_contract.contract_tests.runner.sharing.combinations import deliver_combined, parts_of
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli.combined import packs_of
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["prefetch", "prefetched"]

_FEWEST_RULES = 2
_MANY = 32
"""Hostile deliveries of several rules: after as many, no further rule joins those that one plain delivery follows."""

_LONG = 10
"""Deliveries of a case, one after the other, that make it begin first: nothing else takes as many rounds."""


def prefetch(run: RunContext, rule: Rule, tests: Mapping[str, RuleTest]) -> None:
    """Delivers what this rule and the following ones of its chapter look at, all side by side.

    A slow receiver would otherwise be waited for once per rule. Hostile stimuli are left out: what they do to a
    receiver has to be seen rule by rule. At one that works on deliveries side by side, and at one that takes its time
    to store or to show, whatever waits for no turn of its own is begun, of all chapters.
    """
    if _prefetches_all(run, rule, tests):
        _begin_all(run, rule, tests)
    elif _has_time(run, rule):
        _begin_pausing(run, rule, tests)
    ahead: list[_Begun] = []
    for following, test, scope in _following(run, rule, tests, hostile=False):
        ahead += _ahead(run, following, test, scope)
    jobs: list[Callable[[], None]] = []
    for some in _together(run, _different(ahead)):
        run.state.deliveries_prefetched(some[0].rule, 1)
        jobs.append(functools.partial(_deliver, run, some))
    for _ in run.dispatcher.side_by_side(jobs):
        pass
    if rule.id in tests and tests[rule.id].hostile and run.dispatcher.concurrency.is_waited_for:
        _deliver_hostile(run, rule, tests)


def _following(
    run: RunContext, rule: Rule, tests: Mapping[str, RuleTest], *, hostile: bool
) -> Iterator[tuple[Rule, RuleTest, Scope]]:
    """This rule and the following ones of its chapter that look at shared exchanges, with each callback to judge."""
    for following in run.config.order[run.config.order.index(rule) :]:
        test = tests.get(following.id)
        is_left_out = following.chapter != rule.chapter or following.id in run.state.left_out
        if is_left_out or test is None or test.hostile is not hostile or not test.shares:
            continue
        for scope in run.config.scopes:
            if not unmet_precondition(run, following, test, scope):
                yield following, test, scope


def _different(ahead: Sequence[_Begun]) -> list[_Begun]:
    """Those of which no earlier one of other stimuli is equal."""
    first = {each.case.digest: each.key for each in reversed(ahead)}
    return [each for each in ahead if first[each.case.digest] == each.key]


def _deliver_hostile(run: RunContext, rule: Rule, tests: Mapping[str, RuleTest]) -> None:
    """Delivers hostile stimuli of several rules, side by side, and one plain valid delivery after them all.

    What gets no answer is delivered again in its rule's turn. Where the plain one is not acknowledged all of it is, and
    the rest of the run goes rule by rule.
    """
    prefetches, scope = run.dispatcher.prefetches, run.config.scopes[0]
    if prefetches.has_parted_hostile or run.dispatcher.is_serial or run.state.stops:
        return
    group: list[_Begun] = []
    for following, test, of in _following(run, rule, tests, hostile=True):
        if of is scope and test.at_once is None and len(group) < _MANY:
            group += _ahead(run, following, test, scope)
    if len({each.rule.id for each in group}) < _FEWEST_RULES:
        return

    def deliver(begun: _Begun) -> Exchange | None:
        run.state.deliveries_prefetched(begun.rule, 1)
        with contextlib.suppress(UnmetPreconditionError):  # the receiver has stopped, and its rule says so
            return CaseSession.of(run, begun.case, begun.number, test=begun.test).deliver()
        return None

    sent = _different(group)
    came = list(run.dispatcher.side_by_side([functools.partial(deliver, each) for each in sent]))
    answered = [(each, exchange) for each, exchange in zip(sent, came, strict=True) if exchange and exchange.answer]
    firsts = {each.key: each.case for each, _ in reversed(answered)}
    with contextlib.suppress(UnmetPreconditionError):
        if plain_after(run, scope, firsts.values()).acknowledged and not run.state.stops:
            for each, exchange in answered:
                run.state.exchange_shared(each.place, exchange, each.case.digest)
            return
        prefetches.part_hostile()
        again = plain_exchange(run, scope)
        if not (again.acknowledged or run.state.stops or again.status in {401, 403}):
            stopped_among(run, scope, again)


def _ahead(run: RunContext, rule: Rule, test: RuleTest, scope: Scope) -> list[_Begun]:
    key = (test.purpose, scope.callback.name)
    if _is_known(run, key):
        return []  # asked first: making the cases again for every rule that follows is most of the work
    try:
        cases = cases_of(run, test, scope)
    except NotApplicable:
        return []
    run.dispatcher.prefetches.mark(key)
    first = first_number(run, test, scope, cases)
    return [
        _Begun(rule, test, scope, case, first + index, index)
        for index, case in cases
        if run.state.exchange_of_equal(test.purpose, case.digest) is None
    ]


def _together(run: RunContext, begun: Sequence[_Begun]) -> list[list[_Begun]]:
    """What goes in one delivery, each where the first of its cases stands."""
    by_place = {each.place: each for each in begun}
    packs: list[list[_Begun]] = []
    for scope in run.config.scopes:
        own = [(each.index, each.case, each.test) for each in begun if each.scope is scope]
        parts = [part for index, case, test in own for part in parts_of(test, scope, [(index, case)])]
        packs += [[by_place[part.place] for part in pack] for pack in packs_of(scope, parts)]
    for first, *_ in packs:
        run.state.number(first.combined, first.scope, 1)  # here, so that ids do not depend on which goes out first
    combined = {each.place: pack for pack in packs for each in pack}
    return [
        combined.get(each.place, [each])
        for each in begun
        if each.place not in combined or combined[each.place][0] is each
    ]


def _deliver(run: RunContext, some: Sequence[_Begun], ahead_of: str = "") -> None:
    first = some[0]
    if first.rule.id in run.state.late_findings:
        return  # it stops the receiver
    with contextlib.suppress(UnmetPreconditionError):  # the receiver has stopped, and its rule says so
        if len(some) > 1:
            parts = [part for each in some for part in parts_of(each.test, each.scope, [(each.index, each.case)])]
            number = run.state.number(first.combined, first.scope, 1)
            deliver_combined(run, first.test, first.scope, parts, number, ahead_of)
        else:
            contact = CaseSession.of(run, first.case, first.number, ahead_of=ahead_of, test=first.test)
            run.state.exchange_shared(first.place, contact.deliver(), first.case.digest)


def _is_known(run: RunContext, key: tuple[str, str]) -> bool:
    return (*key, 0) in run.state.shared or run.dispatcher.prefetches.is_marked(key)


def _prefetches_all(run: RunContext, rule: Rule, tests: Mapping[str, RuleTest]) -> bool:
    """Whether later chapters are begun: once, for a receiver that is waited for, when it is known what it refuses."""
    dispatcher = run.dispatcher
    is_waited_for = dispatcher.concurrency.bears_more or dispatcher.prefetches.looks_take_long
    if dispatcher.prefetches.has_begun_all or dispatcher.is_serial or not is_waited_for:
        return False
    following = run.config.order[run.config.order.index(rule) :]
    return not any(tests[later.id].narrows for later in following if later.id in tests)


def _has_time(run: RunContext, rule: Rule) -> bool:
    """Whether what is sent with pauses may be begun: once, when the first chapter has told what a receiver refuses."""
    concurrency, prefetches = run.dispatcher.concurrency, run.dispatcher.prefetches
    begun = prefetches.has_begun_all or prefetches.has_begun_pauses
    unlimited = concurrency.most > concurrency.usual
    return unlimited and not begun and not run.dispatcher.is_serial and rule.chapter != run.config.order[0].chapter


def _begin_pausing(run: RunContext, rule: Rule, tests: Mapping[str, RuleTest]) -> None:
    """Begins the shared stimuli that take their time at any receiver; only what is acknowledged meanwhile counts.

    Hostile deliveries of other rules go out beside them. Whatever they explain is asked again when its turn comes.
    """
    run.dispatcher.prefetches.begin_pauses()

    def deliver(begun: _Begun) -> None:
        contact = CaseSession.of(run, begun.case, begun.number, test=begun.test)
        exchange = run.dispatcher.send(
            begun.case.delivery(contact.identity), ahead_of=begun.rule.id, apart=True, stimulus=contact.stimulus
        )
        if exchange.acknowledged:
            run.state.exchange_shared(begun.place, exchange, begun.case.digest)

    for begun in _unsent(run, rule, tests):
        if begun[0].test.shares and any(each.case.framing.pause_s for each in begun):
            run.dispatcher.prefetches.mark(begun[0].key)
            for each in begun:
                run.dispatcher.prefetches.begin(each.key, each.index, run.dispatcher.begin(deliver, each))


@dataclass(frozen=True)
class _Begun:
    rule: Rule
    test: RuleTest
    scope: Scope
    case: Case
    number: int
    index: int

    @property
    def key(self) -> tuple[str, str]:
        """By what its stimuli are known to be under way."""
        return (self.test.purpose, self.case.callback.name)

    @property
    def place(self) -> tuple[str, str, int]:
        """By what its exchange is known."""
        return self.test.place(self.case.callback, self.index)

    @property
    def combined(self) -> str:
        """What the message is numbered by that tells of it and of others in one delivery."""
        return f"{self.test.purpose} {self.index} and others"

    @property
    def is_long(self) -> bool:
        """Whether others would be waited for long if it did not begin first."""
        return self.test.deliveries(self.case) > _LONG or self.case.framing.pause_s > 0


def _begin_all(run: RunContext, rule: Rule, tests: Mapping[str, RuleTest]) -> None:
    run.dispatcher.prefetches.begin_all()
    begun: list[_Begun] = []
    for some in _unsent(run, rule, tests):
        run.dispatcher.prefetches.mark(some[0].key)
        begun += [each for each in some if not _is_told(run, each)]
    shared = _together(run, [each for each in begun if each.test.shares])
    told = [[each] for each in begun if not each.test.shares]
    for some in sorted([*told, *shared], key=lambda some: not some[0].is_long):
        under_way = run.dispatcher.begin(_run, run, some)
        for each in some:
            run.dispatcher.prefetches.begin(each.key, each.index, under_way)


def _unsent(run: RunContext, rule: Rule, tests: Mapping[str, RuleTest]) -> Iterator[list[_Begun]]:
    """The cases of each following rule that waits for no turn and whose stimuli nobody has marked by then."""
    for following in run.config.order[run.config.order.index(rule) :]:
        test = tests.get(following.id)
        is_left_out = following.id in run.state.left_out
        if test is None or is_left_out or test.waits_its_turn or out_of_reach(run.config, following, test):
            continue
        for scope in run.config.scopes:
            key = (test.purpose, scope.callback.name)
            if _is_known(run, key) or unmet_precondition(run, following, test, scope):
                continue
            with contextlib.suppress(NotApplicable):
                cases = cases_of(run, test, scope)
                first = first_number(run, test, scope, cases)
                if begun := [_Begun(following, test, scope, case, first + index, index) for index, case in cases]:
                    yield begun


def _is_told(run: RunContext, begun: _Begun) -> bool:
    """Whether the case's story is told already, or by a rule that was begun before."""
    if begun.test.story is None:
        return False
    key = story_key(begun.test.story, begun.case)
    return key in run.state.stories or not run.dispatcher.prefetches.claim(key)


def _run(run: RunContext, some: Sequence[_Begun]) -> Outcome | None:
    begun = some[0]
    if not begun.test.shares:
        return run_case(run, begun.test, begun.case, begun.number, begun.index, ahead_of=begun.rule.id)
    _deliver(run, some, begun.rule.id)
    return None


def prefetched(run: RunContext, test: RuleTest, scope: Scope) -> dict[int, Outcome]:
    """What came of a rule's prefetched cases, by index, once all of them are done.

    Raises:
        NotApplicable, ReadBackError, OutOfBudget: What ended one of them.
    """
    begun = run.dispatcher.prefetches.begun((test.purpose, scope.callback.name))
    if not all(future.done() for future in begun.values()):
        with run.dispatcher.concurrency.let_in():
            done = {index: future.result() for index, future in begun.items()}
    else:
        done = {index: future.result() for index, future in begun.items()}
    return {index: outcome for index, outcome in done.items() if outcome is not None}
