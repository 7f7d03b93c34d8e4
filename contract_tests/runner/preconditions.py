"""Unmet preconditions: judge a receiver that rejects some listed values by the cases without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case
from callback_contract.contract_tests.model.verdicts import Block, NotApplicable
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.mock_server.wire.identity import Identity
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.rules.catalogue import Rule

if TYPE_CHECKING:
    from callback_contract.contract_tests.runner.rule_tests import RuleTest
    from callback_contract.contract_tests.runner.state import RunContext

__all__ = ["UnmetPreconditionError", "can_do_without", "cases_of", "narrow"]


class UnmetPreconditionError(NotApplicable):
    """No case of a rule can do without what the receiver refuses."""

    def __init__(self, block: Block) -> None:
        super().__init__(block.text)
        self.block = block


def narrow(run: RunContext, rule: Rule, test: RuleTest) -> None:
    """Remembers which listed values were refused; the rule explains those and nothing else."""
    refused = []
    for scope in run.config.scopes:
        try:
            cases = applicable_cases(test.stimuli, scope)
        except NotApplicable:
            continue
        for index, case in enumerate(cases):
            exchange = run.state.shared.get(test.place(scope.callback, index))
            if case.listed and (exchange is None or not exchange.acknowledged):
                refused.append((scope.callback.name, case.listed))
    run.state.values_refused(rule, refused)


def cases_of(run: RunContext, test: RuleTest, scope: Scope) -> list[tuple[int, Case]]:
    """A rule's cases that speak of nothing the receiver refuses, each with its place among the stimuli.

    Raises:
        NotApplicable: The means to judge the rule are missing, or the contract asks nothing of the kind.
        UnmetPreconditionError: Every case needs a refused value.
    """
    cases = list(enumerate(applicable_cases(test.stimuli, scope)))
    refused = run.state.refused.get(scope.callback.name)
    if not refused:
        return cases
    state = scope.callback.delivery.state
    without = scope.without(frozenset(str(value) for pointer, value in refused if pointer == state))
    try:
        told = list(enumerate(applicable_cases(test.stimuli, without)))
    except NotApplicable:
        told = []
    kept = [(index, case) for index, case in told if not _tells(run, case, refused)]
    if cases and not kept:
        raise UnmetPreconditionError(Block(run.state.narrowed_by))
    return kept


def can_do_without(run: RunContext, block: Block) -> bool:
    """Whether a required rule was blocked by a refused value alone: what requires it may need no such value."""
    return bool(run.state.narrowed_by) and block == Block(run.state.narrowed_by)


def _tells(run: RunContext, case: Case, refused: list[tuple[str, jp.Json]]) -> bool:
    """Whether a refused value stands in the content, or in the bytes that are made of it."""
    try:
        sent = decode_body(case.callback, case.delivery(Identity(run.state.run, 0)).body)
    except (Unparsable, Unusable, ValueError):
        sent = None
    return any(_holds(value, *listed) for value in (case.content, sent) for listed in refused)


def _holds(content: jp.Json, pointer: str, value: jp.Json) -> bool:
    try:
        return bool(jp.get(content, pointer) == value)
    except (LookupError, TypeError):
        return False
