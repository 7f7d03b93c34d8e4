"""Test vectors: deliveries of the suite, each with the statuses that the rules on it allow.

Nothing is written twice: the bytes are those of the rules' own stimuli, and the expectations are those of their own
checks, which are called with a response of every status. A rule that a status alone cannot decide has no vectors and is
listed.
"""

from __future__ import annotations

import base64
import importlib.metadata
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from callback_contract.contract_tests.generation.corpus import Depth, Scope
from callback_contract.contract_tests.model.cases import Case, declaration_of, default_headers
from callback_contract.contract_tests.model.verdicts import NotApplicable, RuleBroken
from callback_contract.contract_tests.runner.collection import collect_tests
from callback_contract.contract_tests.runner.rule_tests import RuleTest
from callback_contract.contract_tests.stimuli.applicable_cases import applicable_cases
from callback_contract.mock_server.signing import lacking_signature
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.mock_server.wire.delivery import PLAIN, Delivery, Exchange, Headers, Response
from callback_contract.mock_server.wire.identity import MARK, Identity, Run
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documenting.export import MADE_BY
from callback_contract.openapi.documents.runtime_expression import header_of
from callback_contract.openapi.rules.catalogue import Catalogue, Rule
from callback_contract.openapi.text.message import Text, details_of

_ACKNOWLEDGED = {"valid", "forward-compatible", "story", "signature"}
_CLASSES = {"valid", "forward-compatible", "off-schema", "unparsable"}
__all__ = ["vectors_document"]

_RUN = Run("00000000", datetime(2026, 1, 1, 12, tzinfo=UTC))
"""The run of the vectors; no other run has this id, so stored ones are recognised."""

_STATUSES = range(200, 600)

_ANSWERS: tuple[tuple[Headers, bytes], ...] = (
    # The headers and bodies that pass the checks of headers and bodies, and those that fail.
    ((("Content-Type", "application/json"), ("Allow", "POST")), b"{}"),
    ((("Content-Type", "application/json"),), b"{}"),
    ((("Content-Type", "text/html"),), b"<html><script>alert(1)</script>Traceback (most recent call last):</html>"),
)


def vectors_document(
    contract: Contract, callbacks: Iterable[Callback], catalogue: Catalogue, depth: Depth, seed: int
) -> dict[str, Any]:
    """Return all vectors of some callbacks; equal arguments give equal documents.

    Args:
        callbacks: Always signed callbacks are left out, since only a signer can deliver them.
    """
    vectors: list[dict[str, Any]] = []
    signed: dict[str, str] = {}
    without = {rule.id: rule.untestable for rule in catalogue.rules}
    tests = collect_tests()
    methods = frozenset(callback.method for callback in contract.callbacks)
    for callback in callbacks:
        if lacking := lacking_signature(callback, None):
            signed[callback.name] = details_of(lacking)[0]
        else:
            vectors += _vectors(Scope(callback, depth, seed, methods=methods), catalogue, tests, without)
    shown = {expectation["rule"] for vector in vectors for expectation in vector["expect"]}
    return {
        "made_by": f"{MADE_BY} {importlib.metadata.version('callback-contract')}",
        "schema_version": "1.1",
        "contract": {"title": contract.title, "version": contract.version, "digest": contract.digest},
        "seed": seed,
        "depth": depth.name,
        "identities": {
            "prefix": MARK + _RUN.id,
            "note": "Fixed and synthetic: every id starts with the prefix, every time is in the past, phone numbers "
            "are reserved for fiction. Use a fresh store, or these are redeliveries.",
        },
        "left_out": {
            "rules": {rule: why for rule, why in without.items() if rule not in shown},
            "callbacks": signed,
        },
        "vectors": vectors,
    }


@dataclass(frozen=True)
class _Expected:
    """The statuses that a rule allows."""

    words: str
    statuses: tuple[str, ...]


def _refuse_untellable(rule: Rule, test: RuleTest) -> None:
    if rule.evidence != "black-box":
        raise NotApplicable(Text("reason.needs-evidence", evidence=rule.evidence))
    if test.connects:
        raise NotApplicable(Text("reason.about-connection"))
    if not test.shares:
        raise NotApplicable(Text("reason.more-than-one-delivery"))


def _expected(test: RuleTest, callback: Callback) -> _Expected:
    """Call the check with every status, in responses of several kinds.

    Raises:
        NotApplicable: The rule depends on more than the status of one response.
    """
    allowed, words = [], ""
    for status in _STATUSES:
        said = [_refused(test, callback, Response(status, "", headers, body)) for headers, body in _ANSWERS]
        if len({flaw is None for flaw in said}) == 2:
            raise NotApplicable(Text("reason.not-by-status"))
        if said[0] is None:
            allowed.append(status)
        else:
            words = said[0]
    if not words:
        raise NotApplicable(Text("reason.not-by-status"))
    return _Expected(words, tuple(_ranges(allowed)))


def _refused(test: RuleTest, callback: Callback, answer: Response) -> str | None:
    """Return the expectation that a response breaks; None when the check passes."""
    redirects = callback.redirects if declaration_of(test.stimuli).kind in _ACKNOWLEDGED else ()
    nothing = Delivery(callback.name, callback.method, (), b"", redirects=redirects)
    exchange = Exchange(nothing, answer, "", "", 0.0)
    try:
        test.check(exchange, callback) if test.wants_callback else test.check(exchange)
    except RuleBroken as broken:
        return broken.expected
    return None


def _ranges(statuses: list[int]) -> Iterator[str]:
    """Yield whole classes as `2xx`, single statuses as they are."""
    for first in range(200, 600, 100):
        present = [status for status in statuses if first <= status < first + 100]
        yield from [f"{first // 100}xx"] if len(present) == 100 else map(str, present)


def _vectors(
    scope: Scope, catalogue: Catalogue, tests: dict[str, RuleTest], without: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the vectors of a callback; note in `without` why a rule has none."""
    judged: dict[str, list[tuple[Rule, _Expected]]] = {}
    told_by: dict[str, RuleTest] = {}
    cases: dict[str, list[Case]] = {}
    for rule in catalogue.rules:
        if rule.untestable:
            continue
        test = tests[rule.id]
        try:
            _refuse_untellable(rule, test)
            if test.purpose not in cases:
                cases[test.purpose] = applicable_cases(test.stimuli, scope)
            expected = _expected(test, scope.callback)
        except NotApplicable as reason:
            without[rule.id] = details_of(reason.text)[0]  # the rest names options of another command
            continue
        without[rule.id] = "" if any(_can_be_told(case) for case in cases[test.purpose]) else Text("reason.about-bytes")
        told_by[test.purpose] = test
        judged.setdefault(test.purpose, []).append((rule, expected))
    number = 0
    for purpose, rules in judged.items():
        stimuli = told_by[purpose].stimuli
        kind, name = declaration_of(stimuli).kind, stimuli.__name__
        taken: set[str] = set()
        for case in cases[purpose]:
            number += 1
            if _can_be_told(case):
                vector_id = _unique(f"{scope.callback.name}/{name}/{_slug(case.label)}", taken)
                yield _vector(vector_id, case, kind, Identity(_RUN, number, group=number), rules)


def _can_be_told(case: Case) -> bool:
    """Return whether method, headers and body are all of a case."""
    return case.framing == PLAIN and not case.seal


def _vector(
    vector_id: str, case: Case, kind: str, identity: Identity, rules: list[tuple[Rule, _Expected]]
) -> dict[str, Any]:
    delivery = case.delivery(identity)
    return {
        "id": vector_id,
        "callback": case.callback.name,
        "class": _class(case, delivery, kind),
        "what": case.label,
        "method": delivery.method,
        "headers": [list(header) for header in delivery.headers],
        **({"query": query} if (query := delivery.target_from("").removeprefix("?")) else {}),
        **_body(delivery.content),
        "expect": [
            {"rule": rule.id, "level": rule.level, "expected": expected.words, "statuses": list(expected.statuses)}
            for rule, expected in rules
        ],
    }


def _class(case: Case, delivery: Delivery, kind: str) -> str:
    if delivery.method != case.callback.method or _without_ids(delivery.headers, case) != _without_ids(
        default_headers(case.callback), case
    ):
        return "http"
    try:
        decode_body(case.callback, delivery.body)
    except Unparsable:
        return "unparsable"
    except Unusable:
        return "off-schema"
    if kind == "hard":
        return "off-schema"
    return kind if kind in _CLASSES else "valid"


def _without_ids(headers: Headers, case: Case) -> Headers:
    ids = set(map(header_of, case.callback.id_forms))
    return tuple(header for header in headers if header[0].lower() not in ids)


def _body(body: bytes) -> dict[str, str]:
    """Return text where every JSON reader gives back the same bytes, else base64."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = "\ufeff"
    if "\ufeff" in text:  # some readers remove a byte order mark
        return {"body_base64": base64.b64encode(body).decode()}
    return {"body": text}


def _slug(label: str) -> str:
    return re.sub("[^0-9a-z]+", "-", label.lower()).strip("-")[:60] or "case"


def _unique(name: str, taken: set[str]) -> str:
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}-{count}"
    taken.add(found)
    return found
