"""Reproduction of a finding: finds its case in the rule's own stimuli and plays it with a fresh identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.observations import Stored
from callback_contract.contract_tests.model.verdicts import Finding, NotApplicable
from callback_contract.contract_tests.runner.attempts import tried
from callback_contract.contract_tests.runner.judge import judge
from callback_contract.contract_tests.runner.liveness import death
from callback_contract.contract_tests.runner.planning import out_of_reach, planned
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.mock_server.wire.identity import Run
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text

__all__ = ["Look", "Played", "Scene", "scene_of"]

_SEVERAL_TRIES = 10
_TRIES_OF_HOSTILE = 3  # more only on request: each may cost the receiver


@dataclass(frozen=True)
class Look:
    """A read-back of a message that differs from the previous one."""

    message_id: str
    stored: Stored | None


@dataclass
class Played:
    """One try: exchanges and read-backs in order, and the finding, if any."""

    run: Run
    steps: list[Exchange | Look] = field(default_factory=list)
    broken: Finding | None = None


@dataclass(frozen=True)
class Scene:
    """The case of a finding, found again in this kit.

    Attributes:
        case: The case; None for all cases of the rule followed by a plain valid delivery.
        number: The case's number in its first run: phone numbers depend on it.
    """

    rule: Rule
    test: RuleTest
    scope: Scope
    case: Case | None
    number: int

    def tries(self, *, flaky: bool) -> int:
        """Return the number of tries: races and flaky receivers do not fail each time."""
        if self.case is None or not (self.test.together or flaky):
            return 1
        return _TRIES_OF_HOSTILE if self.test.hostile else _SEVERAL_TRIES

    def deliveries(self, run: RunContext) -> int:
        """Return the number of deliveries of one try at a correct receiver."""
        if self.case is None:
            return planned(run, self.rule, self.test, {}).deliveries
        return self.test.deliveries(self.case) + self.test.hostile

    def play(self, run: RunContext) -> Played:
        """Play the case once, as a new run would.

        Raises:
            NotApplicable: A precondition is not met.
            KitError: The run cannot go on.
            OutOfBudget: A limit is reached.
        """
        if lacking := out_of_reach(run.config, self.rule, self.test):
            raise lacking
        played = Played(run.state.started_again())
        sent = len(run.state.exchanges)
        looks: list[tuple[int, Look]] = []
        try:
            played.broken = self._broken(_remembering(run, looks))
        finally:
            played.steps = list(_in_order(run.state.exchanges, sent, looks))
        return played

    def _broken(self, run: RunContext) -> Finding | None:
        if self.case is None:
            result = judge(run, self.rule, self.test)
            return result.findings[-1] if run.state.stopped_by else None
        contact, finding = tried(run, self.test, self.case, self.number)
        if finding is not None or not self.test.hostile:
            return finding
        run.config.sender_of(self.case.callback.name).renew()
        # After a hostile delivery a receiver has to respond, as in a check.
        return death(contact.deliver_plain, self.case.callback.name, Text("case.plain-after-it"))


def scene_of(run: RunContext, tests: dict[str, RuleTest], rule_id: str, finding: dict[str, Any]) -> Scene | None:
    """Find a finding's case by rule, callback, index and what its label was made of.

    It is None when this kit or contract no longer has it.
    """
    rule = next((rule for rule in run.config.catalogue.rules if rule.id == rule_id), None)
    scope = next((scope for scope in run.config.scopes if scope.callback.name == finding["callback"]), None)
    if rule is None or scope is None or rule_id not in tests:
        return None
    test = tests[rule_id]
    if finding["case_index"] is None:
        return Scene(rule, test, scope, None, 0) if test.hostile else None
    found = (_case(test, narrowed, finding) for narrowed in _narrowed(scope))
    case = next((case for case in found if case is not None), None)
    return None if case is None else Scene(rule, test, scope, case, finding["case_number"])


def _case(test: RuleTest, scope: Scope, finding: dict[str, Any]) -> Case | None:
    try:
        cases = applicable_cases(test.stimuli, scope)
    except NotApplicable:
        return None
    same = [index for index, case in enumerate(cases) if _is_of(finding, case)]
    index = finding["case_index"] if finding["case_index"] in same else same[0] if len(same) == 1 else None
    return None if index is None else cases[index]


def _is_of(finding: dict[str, Any], case: Case) -> bool:
    made = finding.get("texts", {}).get("case")  # earlier reports have the English sentence alone
    return bool(case.label == finding["case"] if made is None else case.label.to_dict() == made)


def _narrowed(scope: Scope) -> Iterator[Scope]:
    """Yield the scope, then scopes without one state, for receivers that reject it."""
    yield scope
    order = scope.callback.delivery.order
    yield from (scope.without(frozenset({state})) for state in (order.states if order else ()))


def _remembering(run: RunContext, looks: list[tuple[int, Look]]) -> RunContext:
    """Return the run with a read-back that records each change, with the number of exchanges."""
    read, shown = run.config.read_back, dict[str, Stored | None]()
    if read is None:
        return run

    def reading(message_id: str) -> Stored | None:
        stored = read(message_id)
        if message_id not in shown or shown[message_id] != stored:
            shown[message_id] = stored
            looks.append((len(run.state.exchanges), Look(message_id, stored)))
        return stored

    return replace(run, config=replace(run.config, read_back=reading, drawn=run.config.scopes))


def _in_order(exchanges: list[Exchange], start: int, looks: list[tuple[int, Look]]) -> Iterator[Exchange | Look]:
    waiting = list(looks)
    for count, exchange in enumerate(exchanges[start:], start):
        while waiting and waiting[0][0] <= count:
            yield waiting.pop(0)[1]
        yield exchange
    yield from (look for _, look in waiting)
