"""Respelling of refused deliveries: tells a signature that was computed over other bytes from content that is refused.

A receiver that encodes a body again before it verifies takes those bodies alone that are spelt as it spells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callback_contract.contract_tests.model.verdicts import Block, Finding, RuleResult
from callback_contract.contract_tests.runner.attempts import Outcome
from callback_contract.contract_tests.runner.case_session import plain_case
from callback_contract.contract_tests.runner.preconditions import UnmetPreconditionError
from callback_contract.contract_tests.runner.state import RunContext, RunState
from callback_contract.mock_server.wire.delivery import Delivery, Exchange
from callback_contract.mock_server.wire.identity import Identity
from callback_contract.mock_server.wire.json_spelling import SERIALISERS, SORTING, encode
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text

__all__ = ["SPELLING_RULE", "leave_to_spelling_rule", "take_over_respelt", "taken_as"]

SPELLING_RULE = "SIG-17"
"""The rule that judges over which bytes a receiver computes a signature."""

_REFUSED = {401, 403}
_MOST_SHOWN = 3


def taken_as(run: RunContext, exchanges: Iterable[Exchange]) -> str:
    """Return the serialiser in whose spelling a refused content is taken; empty where its spelling is not the cause.

    The same bytes are refused again, and a forged signature gets that answer, too: a firewall answers otherwise.
    """
    scheme = run.config.scheme
    plain = (exchange for exchange in exchanges if not exchange.delivery.seal and not exchange.delivery.signature)
    refused = next((exchange for exchange in plain if exchange.status in _REFUSED), None)
    if scheme is None or refused is None or not scheme.signs_the_body:
        return ""
    sent = refused.delivery
    if not run.config.contract.callback(sent.callback).is_json:
        return ""
    try:
        content = decode(sent.body)
    except (Unparsable, Unusable):
        return ""
    if any(run.dispatcher.send(like).status != refused.status for like in (sent, _forged(run, sent.callback))):
        return ""
    for name in (*SERIALISERS, *SORTING):
        body = encode(content, name)
        if body != sent.body and run.dispatcher.send(replace(sent, body=body)).acknowledged:
            return name
    return ""


def _forged(run: RunContext, callback: str) -> Delivery:
    """Return a plain delivery under a signature by another key."""
    scope = next(scope for scope in run.config.scopes if scope.callback.name == callback)
    number = run.state.number("a forged plain delivery", scope, 1)
    return replace(plain_case(scope), seal="wrong").delivery(Identity(run.state.run, number))


def leave_to_spelling_rule(run: RunContext, rule: Rule, outcome: Outcome) -> str:
    """Leave a broken case to the rule on signed bytes where its spelling is the cause.

    Returns:
        What to say of it where that rule was not asked for, or held; empty where the case is the rule's own.

    Raises:
        UnmetPreconditionError: The rule on signed bytes explains it.
    """
    name = "" if rule.id == SPELLING_RULE else taken_as(run, outcome.contact.exchanges)
    if not name:
        return ""
    judged = run.state.results.get(SPELLING_RULE)
    if judged is not None and judged.broken:
        raise UnmetPreconditionError(Block(SPELLING_RULE))
    if judged is None and any(each.id == SPELLING_RULE for each in run.config.rules):
        run.state.refused_by_spelling(_finding(outcome, name))
        raise UnmetPreconditionError(Block(SPELLING_RULE))
    return Text("reason.refused-by-spelling", serialiser=name, rule=SPELLING_RULE)


def take_over_respelt(state: RunState, rule: Rule, result: RuleResult) -> None:
    """Give the rule on signed bytes what it did not see itself: other rules were blocked by it."""
    if rule.id == SPELLING_RULE and state.respelt and not result.findings and result.cases:
        result.findings += state.respelt[:_MOST_SHOWN]


def _finding(outcome: Outcome, name: str) -> Finding:
    exchanges = tuple(outcome.contact.exchanges)
    refused = next(exchange for exchange in exchanges if exchange.status in _REFUSED)
    return Finding(
        callback=outcome.contact.case.callback.name,
        case=outcome.contact.case.label,
        expected=Text("expected.taken-in-each-spelling"),
        actual=Text("actual.taken-in-another-spelling", answer=refused.described(), serialiser=name),
        exchanges=exchanges,
        repeated=True,
        curl_suffices=False,
    )
