"""Prefetch: sends cases before their rule's turn, of the same chapter or of all later ones."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.runner.attempts import Outcome, run_case
from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.planning import first_number, out_of_reach, unmet_precondition
from callback_contract.contract_tests.runner.preconditions import cases_of
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["prefetch", "prefetched"]

_LONG = 10
"""Deliveries of a case, one after the other, that make it begin first: nothing else takes as many rounds."""


def prefetch(bench: Bench, rule: Rule, tests: dict[str, RuleTest]) -> None:
    """Delivers what this rule and the following ones of its chapter look at, all side by side.

    A slow receiver would otherwise be waited for once per rule. Hostile stimuli are left out: what they do to a
    receiver has to be seen rule by rule. At one that works on deliveries side by side, whatever waits for no turn
    of its own is begun, of all chapters.
    """
    if _goes_far(bench, rule, tests):
        _begin_all(bench, rule, tests)
    elif _has_time(bench, rule):
        _begin_pausing(bench, rule, tests)
    jobs: list[Callable[[], None]] = []
    for following in bench.rules[bench.rules.index(rule) :]:
        test = tests.get(following.id)
        if following.chapter != rule.chapter or test is None or test.hostile or not test.shares:
            continue
        for scope in bench.scopes:
            if unmet_precondition(bench, following, test, scope):
                continue
            with contextlib.suppress(NotApplicable):
                jobs += _deliveries_ahead(bench, following, test, scope)
    for _ in bench.side_by_side(jobs):
        pass


def _deliveries_ahead(bench: Bench, rule: Rule, test: RuleTest, scope: Scope) -> list[Callable[[], None]]:
    key = (test.purpose, scope.callback.name)
    if _is_known(bench, key):
        return []  # asked first: making the cases again for every rule that follows is most of the work
    cases = cases_of(bench, test, scope)
    bench.under_way.add(key)
    bench.sent_ahead[rule.id] = bench.sent_ahead.get(rule.id, 0) + len(cases)
    first = first_number(bench, test, scope, cases)

    def deliver(index: int, case: Case) -> None:
        bench.shared[(*key, index)] = CaseSession.of(bench, case, first + index).deliver()

    return [functools.partial(deliver, index, case) for index, case in cases]


def _is_known(bench: Bench, key: tuple[str, str]) -> bool:
    return (*key, 0) in bench.shared or key in bench.under_way


def _goes_far(bench: Bench, rule: Rule, tests: dict[str, RuleTest]) -> bool:
    """Whether later chapters are begun: once, for a receiver that is waited for, when it is known what it refuses."""
    if bench.begun_far or bench.one_by_one or not bench.company.bears_more:
        return False
    following = bench.rules[bench.rules.index(rule) :]
    return not any(tests[later.id].narrows for later in following if later.id in tests)


def _has_time(bench: Bench, rule: Rule) -> bool:
    """Whether what is sent with pauses may be begun: once, when the first chapter has told what a receiver refuses."""
    unlimited = bench.company.most > bench.company.usual
    begun = bench.begun_far or bench.begun_pausing
    return unlimited and not begun and not bench.one_by_one and rule.chapter != bench.rules[0].chapter


def _begin_pausing(bench: Bench, rule: Rule, tests: dict[str, RuleTest]) -> None:
    """Begins the shared stimuli that take their time at any receiver; only what is acknowledged meanwhile counts.

    Hostile deliveries of other rules go out beside them. Whatever they explain is asked again when its turn comes.
    """
    bench.begun_pausing = True

    def deliver(begun: _Begun) -> None:
        contact = CaseSession.of(bench, begun.case, begun.number)
        exchange = bench.send(begun.case.delivery(contact.identity), ahead_of=begun.rule.id, apart=True)
        if exchange.acknowledged:
            bench.shared[(*begun.key, begun.index)] = exchange

    for begun in _unsent(bench, rule, tests):
        if begun[0].test.shares and any(each.case.framing.pause_s for each in begun):
            _mark(bench, begun[0])
            for each in begun:
                bench.far[each.key][each.index] = bench.far_workers.submit(deliver, each)


@dataclass(frozen=True)
class _Begun:
    rule: Rule
    test: RuleTest
    case: Case
    number: int
    index: int

    @property
    def key(self) -> tuple[str, str]:
        """By what its stimuli are known to be under way."""
        return (self.test.purpose, self.case.callback.name)

    @property
    def is_long(self) -> bool:
        """Whether others would be waited for long if it did not begin first."""
        return self.test.deliveries(self.case) > _LONG or self.case.framing.pause_s > 0


def _begin_all(bench: Bench, rule: Rule, tests: dict[str, RuleTest]) -> None:
    bench.begun_far = True
    begun: list[_Begun] = []
    for some in _unsent(bench, rule, tests):
        _mark(bench, some[0])
        begun += some
    for each in sorted(begun, key=lambda each: not each.is_long):
        bench.far[each.key][each.index] = bench.far_workers.submit(_run, bench, each)


def _mark(bench: Bench, begun: _Begun) -> None:
    """Keeps others that have the same stimuli from sending them, too."""
    bench.far[begun.key] = {}
    bench.under_way.add(begun.key)


def _unsent(bench: Bench, rule: Rule, tests: dict[str, RuleTest]) -> Iterator[list[_Begun]]:
    """The cases of each following rule that waits for no turn and whose stimuli nobody has marked by then."""
    for following in bench.rules[bench.rules.index(rule) :]:
        test = tests.get(following.id)
        if test is None or test.waits_its_turn or out_of_reach(bench, following, test):
            continue
        for scope in bench.scopes:
            key = (test.purpose, scope.callback.name)
            if key in bench.far or _is_known(bench, key) or unmet_precondition(bench, following, test, scope):
                continue
            with contextlib.suppress(NotApplicable):
                cases = cases_of(bench, test, scope)
                first = first_number(bench, test, scope, cases)
                if begun := [_Begun(following, test, case, first + index, index) for index, case in cases]:
                    yield begun


def _run(bench: Bench, begun: _Begun) -> Outcome | None:
    if not begun.test.shares:
        return run_case(bench, begun.test, begun.case, begun.number, begun.index, ahead_of=begun.rule.id)
    contact = CaseSession.of(bench, begun.case, begun.number, ahead_of=begun.rule.id)
    bench.shared[(*begun.key, begun.index)] = contact.deliver()
    return None


def prefetched(bench: Bench, test: RuleTest, scope: Scope) -> dict[int, Outcome]:
    """What came of a rule's cases that were begun far ahead, by index, once all of them are done.

    Raises:
        NotApplicable, ReadBackError, OutOfBudget: What ended one of them.
    """
    begun = bench.far.get((test.purpose, scope.callback.name), {})
    if not all(future.done() for future in begun.values()):
        with bench.company.let_in():
            done = {index: future.result() for index, future in begun.items()}
    else:
        done = {index: future.result() for index, future in begun.items()}
    return {index: outcome for index, outcome in done.items() if outcome is not None}
