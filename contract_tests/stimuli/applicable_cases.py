"""Applicable cases: select the cases of a stimulus that are in their class by this contract.

A stimulus is written once for every contract. A contract may forbid a text of that length or an unknown member, or
allow a body without a member; judging a receiver by such a case would be a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import (
    Case,
    Declaration,
    Stimuli,
    declaration_of,
    default_headers,
)
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.mock_server.signing import Scheme
from callback_contract.mock_server.signing.members import member_text, with_member
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.mock_server.wire.delivery import Headers
from callback_contract.mock_server.wire.identity import Identity, Run, stamp
from callback_contract.mock_server.wire.json_spelling import encode
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.bodies import Unencodable
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, listed

__all__ = ["applicable_cases", "is_applicable"]

_WHOLE = {"http", "story"}
_WRITTEN_INTO = {"valid", "forward-compatible", "off-schema"}
_SOMEBODY = Identity(Run("00000000", datetime(2025, 1, 1, tzinfo=UTC)), 1)


def applicable_cases(stimuli: Stimuli, scope: Scope) -> list[Case]:
    """Return the applicable cases of a kind, made once for each scope.

    Raises:
        NotApplicable: The means are missing, or no case applies to the contract.
    """
    made = scope.made.get(stimuli)
    if made is None:
        try:
            made = _made(stimuli, scope)
        except NotApplicable as reason:
            made = reason
        scope.made[stimuli] = made
    if isinstance(made, NotApplicable):
        raise made.with_traceback(None)
    return list(made)


def is_applicable(stimuli: Stimuli, scope: Scope, case: Case) -> bool:
    """Return whether a case that was made of a kind's cases is in their class, too."""
    test = _test_of(stimuli, scope)
    return (scope.callback.is_json or _has_form(case)) and (test is None or test(case))


def _made(stimuli: Stimuli, scope: Scope) -> list[Case]:
    made = list(stimuli(scope))
    cases = [case for case in made if not _is_replaced(case, scope)]
    if made and not cases:
        raise NotApplicable(Text("reason.header-is-given", names=listed(sorted(scope.given))))
    if not scope.callback.is_json:
        cases = [case for case in cases if _has_form(case)]
    test = _test_of(stimuli, scope)
    sound = [case for case in cases if test(case)] if test else cases
    kind = declaration_of(stimuli).kind
    scheme = scope.signature
    if test and kind in _WRITTEN_INTO and scheme is not None and scheme.members:
        signed = ((case, _signed(case, scheme)) for case in sound)
        sound = [case for case, as_sent in signed if test(as_sent) and (kind == "off-schema" or _has(as_sent, scheme))]
    if not sound:
        raise NotApplicable(Text("reason.no-such-case"))
    return _some(sound, declaration_of(stimuli), scope.depth.alone)


def _some(cases: list[Case], declared: Declaration, alone: int | None) -> list[Case]:
    """Return of the cases that go alone only so many, from the first to the last one.

    Of hostile ones it is one, but where the first one breaks a member and the last one all of them. Of recordings it
    is each: the user chose them.
    """
    counted = [case for case in cases if _goes_alone(case)]
    if alone is None or len(counted) <= 1:
        return cases
    if declared.hostile and declared.kind != "off-schema":
        chosen = counted[:1]
    else:
        chosen = [counted[round(number * (len(counted) - 1) / (alone - 1))] for number in range(alone)]
    kept = {id(case) for case in chosen}
    return [case for case in cases if not _goes_alone(case) or id(case) in kept]


def _goes_alone(case: Case) -> bool:
    """Return whether a case has a delivery of its own that may be left out: one that looks at another's has none."""
    return all(each is None for each in (case.joins, case.listed, case.looks_at, case.sent))


def _is_replaced(case: Case, scope: Scope) -> bool:
    """Return whether a case is plain but for headers in whose place the user's are sent."""
    if not scope.given or case.headers is None or case.method not in {"", case.callback.method}:
        return False
    usual = default_headers(case.callback)
    return _without(case.headers, scope.given) == _without(usual, scope.given)


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    return tuple(header for header in headers if header[0].lower() not in names)


def _test_of(stimuli: Stimuli, scope: Scope) -> Callable[[Case], bool] | None:
    kind = declaration_of(stimuli).kind
    if not scope.callback.is_json and kind in _WHOLE:
        return lambda case: case.edit is not None or case.mangle is not None or scope.strict.is_valid(_body(case))
    if kind in _WHOLE:
        # They break some parts on purpose; a part without an edit has to be valid.
        return lambda case: case.edit is not None or scope.strict.is_valid(case.content)
    tests: dict[str, Callable[[Case], bool]] = {
        "valid": lambda case: scope.strict.is_valid(_body(case)),
        "forward-compatible": lambda case: scope.tolerant.is_valid(_body(case)),
        "off-schema": lambda case: not scope.is_some_callback(_body(case)),
        "unparsable": lambda case: not _is_json(case),
    }
    return tests.get(kind)  # a contract may allow some hard values


def _body(case: Case) -> jp.Json:
    if not case.callback.is_json:
        # A form has only texts: the decoded value counts.
        return decode_body(case.callback, replace(case, mangle=None).delivery(_SOMEBODY).body)
    value = stamp(case.callback, case.content, _SOMEBODY, later_s=case.later_s)
    return case.edit(value) if case.edit is not None else value


def _signed(case: Case, scheme: Scheme) -> Case:
    """Return a case with the members of its scheme, which the signer writes whatever stood there."""

    def edit(value: jp.Json) -> jp.Json:
        body = encode(value if case.edit is None else case.edit(value))
        for pointer in scheme.members:
            body = with_member(body, pointer, "1" if pointer == scheme.timestamp_member else "text")
        return decode(body)

    return replace(case, edit=edit)


def _has(case: Case, scheme: Scheme) -> bool:
    body = encode(_body(case))
    return all(member_text(body, pointer) is not None for pointer in scheme.members)


_MOST_QUERY_BYTES = 3000  # common servers take request lines of 4 094 bytes, and the URL has more parts


def _has_form(case: Case) -> bool:
    try:
        _body(case)
    except (Unencodable, Unparsable, Unusable):
        return False
    return not case.callback.by_query or len(case.delivery(_SOMEBODY).body) <= _MOST_QUERY_BYTES


def _is_json(case: Case) -> bool:
    try:
        decode(case.delivery(_SOMEBODY).body)
    except Unparsable:
        return False
    except Unusable:
        return True
    return True
