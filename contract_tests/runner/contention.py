"""Contention: attributes a case that broke only next to others to the burst rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callback_contract.contract_tests.model.identity_ranges import contending_identity
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult
from callback_contract.contract_tests.runner.case_session import CaseSession
from callback_contract.contract_tests.runner.config import RunConfig
from callback_contract.contract_tests.runner.scheduling.dispatcher import Dispatcher
from callback_contract.contract_tests.runner.state import RunContext, RunState
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text

__all__ = [
    "BURST_RULE",
    "broke_in_contention",
    "contention_breaks",
    "is_burst_rule_due",
    "is_selected",
    "left_to_burst_rule",
    "take_over",
    "was_contended",
]

BURST_RULE = "LOD-01"
"""The rule that judges whether many deliveries may be under way together."""

_CONTENDING = 24
_MOST_SHOWN = 3


def is_burst_rule_due(run: RunContext) -> bool:
    """Whether the rule on bursts is still to come, so that what is left to it is not lost."""
    return BURST_RULE not in run.state.results and is_selected(run.config)


def was_contended(run: RunContext, exchanges: Iterable[Exchange]) -> bool:
    """Whether a delivery that was under way beside others broke down: how many go together is our choice.

    A server error counts only while the rule on bursts is to come; without it nobody would tell of the error.
    """
    overlapping = [exchange for exchange in exchanges if run.dispatcher.overlapped(exchange)]
    if any(exchange.failure in {"reset", "refused"} for exchange in overlapping):
        return True
    return is_burst_rule_due(run) and any(exchange.status >= 500 for exchange in overlapping)


def is_selected(config: RunConfig) -> bool:
    """Whether the rule on bursts is judged in this run."""
    return any(rule.id == BURST_RULE for rule in config.rules)


def broke_in_contention(dispatcher: Dispatcher, finding: Finding) -> bool:
    """Whether a case broke beside others and held alone, by an error that the rule on bursts would have told."""
    errors = (e for e in finding.exchanges if not e.answered and dispatcher.overlapped(e))
    return not finding.repeated and any(errors)


def contention_breaks(run: RunContext, contact: CaseSession) -> bool:
    """Whether many messages that have nothing to do with each other break down together, too."""
    others = replace(CaseSession.of(run, contact.case, contact.identity.case), stimulus=contact.stimulus)
    identities = (contending_identity(contact.identity, other) for other in range(_CONTENDING))
    came = others.deliver_at_once([contact.case.delivery(identity) for identity in identities])
    return any(not exchange.answered for exchange in came)


def take_over(state: RunState, rule: Rule, result: RuleResult) -> None:
    """Gives the rule on bursts what it did not see itself: an error that contention brings out is never dropped."""
    if rule.id == BURST_RULE and state.contended and not result.findings and result.cases:
        result.findings += state.contended[:_MOST_SHOWN]
        result.reason = Text("reason.contended", count=len(state.contended))


def left_to_burst_rule(finding: Finding, rule: Rule) -> Finding:
    """The finding as the rule on bursts tells it."""
    return Finding(
        callback=finding.callback,
        case=Text("case.other-deliveries", rule=rule.id, case=finding.case),
        expected=Text("expected.as-alone"),
        actual=next((e.described() for e in finding.exchanges if not e.answered), finding.actual),
        exchanges=finding.exchanges,
        repeated=False,
        broke=1,
        curl_suffices=False,
    )
