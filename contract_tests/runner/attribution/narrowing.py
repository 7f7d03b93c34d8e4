"""Narrowing of a drawn content that broke a rule: makes plain what does not matter, and leaves the members that do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, declaration_of, purpose_of
from callback_contract.contract_tests.model.verdicts import Finding
from callback_contract.contract_tests.runner.attempts import Outcome, run_case
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.stimuli.hard import DrawnMistake
from callback_contract.contract_tests.stimuli.valid import generated
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, listed
from callback_contract.openapi.text.printable import printable

__all__ = ["is_drawn", "members_that_break", "narrowed"]

_MOST_TRIES = 24
_LONGEST_S = 20.0  # a message that is not known is waited for each time
_FIRST_ATTEMPT = 16  # after those that confirm and count
_LONGEST = 60
_MOST_NAMED = 3
_ABSENT = object()


def is_drawn(test: RuleTest, case: Case) -> bool:
    """Whether a case's content is drawn, and not made for one purpose."""
    looks_at_drawn = case.looks_at is not None and case.looks_at[0] == purpose_of(generated)
    return declaration_of(test.stimuli).drawn or looks_at_drawn


def narrowed(run: RunContext, test: RuleTest, scope: Scope, case: Case, number: int, finding: Finding) -> Finding:
    """Return the finding with the members that do it, and with the delivery in which only these are not plain.

    A receiver that gave no answer is not asked so often: it may be waited for each time.
    """
    if not all(exchange.answer for exchange in finding.exchanges):
        return finding
    mistake = case.edit if isinstance(case.edit, DrawnMistake) else None
    plain, drawn = (mistake.pinned_in(scope.plain), mistake.content) if mistake else (scope.plain, case.content)
    until_s = time.monotonic() + _LONGEST_S
    attempts = iter(range(_FIRST_ATTEMPT, _FIRST_ATTEMPT + _MOST_TRIES))
    last: list[Outcome] = []

    def breaks(content: jp.Json) -> bool:
        attempt = next(attempts, None)
        if (
            attempt is None
            or time.monotonic() > until_s
            or not run.dispatcher.affords(1)
            or not (mistake or scope.strict.is_valid(content))
        ):
            return False
        run.dispatcher.spend(1)
        told = replace(case, edit=replace(mistake, content=content)) if mistake else replace(case, content=content)
        outcome = run_case(run, test, told, number, None, attempt)
        last.extend([outcome] if outcome.broken is not None else [])
        return outcome.broken is not None

    left = members_that_break(plain, drawn, breaks)
    if not left:
        return finding
    members = listed(_said(drawn, pointer) for pointer in left[:_MOST_NAMED])
    exchanges = tuple(last[-1].contact.exchanges) if last else finding.exchanges
    return replace(finding, actual=Text("actual.narrowed", what=finding.actual, members=members), exchanges=exchanges)


def members_that_break(plain: jp.Json, content: jp.Json, breaks: Callable[[jp.Json], bool]) -> list[str]:
    """Return the members that have to stay as they are for a content to break, as far as `breaks` shows it.

    Halves become plain before single members do.
    """
    left = list(_differences(plain, content))
    size = len(left) // 2
    while size:
        for start in range(0, len(left), size):
            chunk = left[start : start + size]
            kept = [pointer for pointer in left if pointer not in chunk]
            if kept and breaks(_plain_but_for(plain, content, kept)):
                left = kept
                break
        else:
            size //= 2
    return left


def _differences(plain: jp.Json, content: jp.Json, pointer: str = "") -> Iterator[str]:
    if isinstance(plain, dict) and isinstance(content, dict):
        for key in {**plain, **content}:
            yield from _differences(plain.get(key, _ABSENT), content.get(key, _ABSENT), pointer + jp.join([key]))
    elif plain != content and pointer:
        yield pointer


def _plain_but_for(plain: jp.Json, content: jp.Json, pointers: Sequence[str]) -> jp.Json:
    for pointer in pointers:
        value = _at(content, pointer)
        plain = jp.without(plain, pointer) if value is _ABSENT else jp.replaced(plain, pointer, value)
    return plain


def _at(content: jp.Json, pointer: str) -> jp.Json:
    try:
        return jp.get(content, pointer)
    except LookupError:
        return _ABSENT


def _said(content: jp.Json, pointer: str) -> Text:
    value = _at(content, pointer)
    if value is _ABSENT:
        return Text("actual.member-without", pointer=pointer)
    return Text("actual.member-is", pointer=pointer, now=printable(json.dumps(value, ensure_ascii=False)[:_LONGEST]))
