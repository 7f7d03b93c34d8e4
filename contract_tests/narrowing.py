"""Decides what is judged of a receiver that refuses some listed values: whatever can be told without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.cases import Case
from contract_tests.corpus import Scope
from contract_tests.soundness import sound_cases
from contract_tests.verdicts import NotApplicable
from mock_server.bodies import decode_body
from mock_server.decoding import Unparsable, Unusable
from mock_server.stamping import Identity
from openapi import pointer as jp
from openapi.catalogue import Rule

if TYPE_CHECKING:
    from contract_tests.bench import Bench
    from contract_tests.rule_tests import RuleTest

__all__ = ["BlockedError", "can_do_without", "cases_of", "narrow"]


class BlockedError(NotApplicable):
    """No case of a rule can do without what the receiver refuses."""


def narrow(bench: Bench, rule: Rule, test: RuleTest) -> None:
    """Remembers which listed values were refused; the rule explains those and nothing else."""
    bench.narrowed_by = rule.id
    for scope in bench.scopes:
        try:
            cases = sound_cases(test.stimuli, scope)
        except NotApplicable:
            continue
        for index, case in enumerate(cases):
            exchange = bench.shared.get((test.purpose, scope.callback.name, index))
            if case.listed and (exchange is None or not exchange.acknowledged):
                bench.refused.setdefault(scope.callback.name, []).append(case.listed)


def cases_of(bench: Bench, test: RuleTest, scope: Scope) -> list[tuple[int, Case]]:
    """A rule's cases that speak of nothing the receiver refuses, each with its place among the stimuli.

    Raises:
        NotApplicable: The means to judge the rule are missing.
        BlockedError: Every case needs a refused value.
    """
    cases = list(enumerate(sound_cases(test.stimuli, scope)))
    refused = bench.refused.get(scope.callback.name)
    if not refused:
        return cases
    state = scope.callback.delivery.state
    without = scope.without(frozenset(str(value) for pointer, value in refused if pointer == state))
    try:
        told = list(enumerate(sound_cases(test.stimuli, without)))
    except NotApplicable:
        told = []
    kept = [(index, case) for index, case in told if not _tells(bench, case, refused)]
    if cases and not kept:
        raise BlockedError(_reason(bench))
    return kept


def can_do_without(bench: Bench, reason: str) -> bool:
    """Whether a required rule was blocked by a refused value alone: what requires it may need no such value."""
    return bool(bench.narrowed_by) and reason == _reason(bench)


def _reason(bench: Bench) -> str:
    return f"blocked: {bench.narrowed_by} is broken"


def _tells(bench: Bench, case: Case, refused: list[tuple[str, jp.Json]]) -> bool:
    """Whether a refused value stands in the content, or in the bytes that are made of it."""
    try:
        sent = decode_body(case.callback, case.delivery(Identity(bench.run, 0)).body)
    except (Unparsable, Unusable, ValueError):
        sent = None
    return any(_holds(value, *listed) for value in (case.content, sent) for listed in refused)


def _holds(content: jp.Json, pointer: str, value: jp.Json) -> bool:
    try:
        return bool(jp.get(content, pointer) == value)
    except (LookupError, TypeError):
        return False
