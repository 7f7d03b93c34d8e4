"""Combined deliveries: sends several harmless cases in one delivery, and finds those that a receiver stumbles over.

A case of an acknowledged combination holds. In its rule's turn, what a rule has in a combination that was not
acknowledged is sent again, fresh and alone, and halved until the smallest parts that break are found.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.observations import BrokenCombination
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.contention import is_burst_rule_due, was_contended
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli.combined import Part, combined_case
from callback_contract.mock_server.wire.delivery import Exchange

__all__ = ["deliver_combined", "narrow_combined", "parts_of"]

_ENOUGH_BROKEN = 3
"""Broken parts after which the rest of a combination is no longer halved: a rule names no more."""


def parts_of(test: RuleTest, scope: Scope, cases: Iterable[tuple[int, Case]]) -> list[Part]:
    """The cases of a rule that may share deliveries with others."""
    found = cases if test.goes_ahead else ()
    return [
        Part(test.place(scope.callback, index), test.stimuli, case) for index, case in found if case.joins is not None
    ]


def deliver_combined(
    run: RunContext, test: RuleTest, scope: Scope, parts: Sequence[Part], number: int, ahead_of: str = ""
) -> None:
    """Sends some cases in one delivery; what it shows of each waits for the case's rule.

    Args:
        test: That of the first case.
    """
    exchange = CaseSession.of(run, combined_case(scope, parts), number, ahead_of=ahead_of, test=test).deliver()
    if exchange.acknowledged:
        _share(run, parts, exchange)
    else:
        run.state.combination_broke(BrokenCombination(exchange, tuple(part.place for part in parts)))


def narrow_combined(run: RunContext, test: RuleTest, scope: Scope, cases: Iterable[tuple[int, Case]]) -> None:
    """Finds what of a rule's own cases breaks alone, in its turn, of combinations that were not acknowledged.

    Afterwards each of these cases has an exchange that tells of it, or goes alone as every other case.
    """
    known: Mapping[tuple[str, str, int], BrokenCombination] = run.state.combinations
    waiting = [part for part in parts_of(test, scope, cases) if part.place in known]
    waiting = [part for part in waiting if part.place in known[part.place].waiting]
    for broken, own in itertools.groupby(
        sorted(waiting, key=lambda p: known[p.place].places[0]), lambda p: known[p.place]
    ):
        _Narrowing(run, test, scope, broken).narrow(list(own))


def _share(run: RunContext, parts: Sequence[Part], exchange: Exchange) -> None:
    for part in parts:
        run.state.exchange_shared(part.place, exchange)
    if len(parts) > 1:
        run.state.combination_held(exchange)


class _Narrowing:
    def __init__(self, run: RunContext, test: RuleTest, scope: Scope, broken: BrokenCombination) -> None:
        self._run, self._test, self._scope, self._broken = run, test, scope, broken

    def narrow(self, parts: list[Part]) -> None:
        self._broken.waiting -= {part.place for part in parts}
        self._broken.is_explained |= self._halved(parts) > 0
        if self._broken.is_explained or self._broken.waiting:
            return
        # Nothing of it breaks again. Beside others it may have been too much for the receiver, which the rule on
        # bursts tells of one of the cases; otherwise each of these goes alone.
        contended = was_contended(self._run, [self._broken.exchange]) and is_burst_rule_due(self._run)
        if contended:
            _share(self._run, parts[:1], self._broken.exchange)
        elif not self._run.dispatcher.overloaded([self._broken.exchange]):
            self._forget(parts)

    def _halved(self, parts: list[Part]) -> int:
        """How many smallest parts break, of all that were looked for."""
        exchange = self._delivered(parts)
        if exchange.acknowledged or len(parts) == 1:
            _share(self._run, parts, exchange)
            return int(not exchange.acknowledged)
        middle, broken = len(parts) // 2, 0
        for half in (parts[:middle], parts[middle:]):
            if broken < _ENOUGH_BROKEN:
                broken += self._halved(half)
        if not broken:
            self._forget(parts)  # only together do they break: each goes alone, and nothing fails for that
        return broken

    def _delivered(self, parts: list[Part]) -> Exchange:
        purpose, _, index = parts[0].place
        number = self._run.state.number(f"{purpose} {index} to {parts[-1].place[2]}", self._scope, 1)
        self._run.dispatcher.spend(1)
        return CaseSession.of(self._run, combined_case(self._scope, parts), number, 1, test=self._test).deliver()

    def _forget(self, parts: Iterable[Part]) -> None:
        self._run.state.forget_shared(part.place for part in parts)
