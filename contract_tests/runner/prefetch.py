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
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.planning import first_number, out_of_reach, unmet_precondition
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError, cases_of
from callback_contract.contract_tests.runner.rule_tests import RuleTest, story_key
from callback_contract.contract_tests.runner.sharing.combinations import deliver_combined, parts_of
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli.combined import packs_of
from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["prefetch", "prefetched"]

_LONG = 10
"""Deliveries of a case, one after the other, that make it begin first: nothing else takes as many rounds."""


def prefetch(run: RunContext, rule: Rule, tests: Mapping[str, RuleTest]) -> None:
    """Delivers what this rule and the following ones of its chapter look at, all side by side.

    A slow receiver would otherwise be waited for once per rule. Hostile stimuli are left out: what they do to a
    receiver has to be seen rule by rule. At one that works on deliveries side by side, whatever waits for no turn
    of its own is begun, of all chapters.
    """
    if _prefetches_all(run, rule, tests):
        _begin_all(run, rule, tests)
    elif _has_time(run, rule):
        _begin_pausing(run, rule, tests)
    ahead: list[_Begun] = []
    for following in run.config.order[run.config.order.index(rule) :]:
        test = tests.get(following.id)
        if (
            following.chapter != rule.chapter
            or following.id in run.state.left_out
            or test is None
            or test.hostile
            or not test.shares
        ):
            continue
        for scope in run.config.scopes:
            if unmet_precondition(run, following, test, scope):
                continue
            with contextlib.suppress(NotApplicable):
                ahead += _ahead(run, following, test, scope)
    jobs: list[Callable[[], None]] = []
    first = {each.case.digest: each.key for each in reversed(ahead)}
    for some in _together(run, [each for each in ahead if first[each.case.digest] == each.key]):
        run.state.deliveries_prefetched(some[0].rule, 1)
        jobs.append(functools.partial(_deliver, run, some))
    for _ in run.dispatcher.side_by_side(jobs):
        pass


def _ahead(run: RunContext, rule: Rule, test: RuleTest, scope: Scope) -> list[_Begun]:
    key = (test.purpose, scope.callback.name)
    if _is_known(run, key):
        return []  # asked first: making the cases again for every rule that follows is most of the work
    cases = cases_of(run, test, scope)
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
    if dispatcher.prefetches.has_begun_all or dispatcher.is_serial or not dispatcher.concurrency.bears_more:
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
        return (*self.key, self.index)

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
