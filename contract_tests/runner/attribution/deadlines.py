"""Deadline over the run: finds a receiver that answers in time at first and late after a while."""

from __future__ import annotations

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import declaration_of
from callback_contract.contract_tests.model.verdicts import Finding, Verdict
from callback_contract.contract_tests.runner.attribution.suspects import add_late_finding
from callback_contract.contract_tests.runner.case_session import plain_exchange
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.wire.delivery import Exchange, Framing
from callback_contract.openapi.text.message import Text

__all__ = ["DEADLINE_RULE", "judge_deadlines"]

DEADLINE_RULE = "ACK-05"
"""The rule on the contract's deadline; its own deliveries are the largest, and among the first."""

_AT_ONCE = (Framing(), Framing(fresh_connection=True))


def judge_deadlines(run: RunContext) -> None:
    """Judges by all valid deliveries of the run whether answers come in time, where the rule's own ones did."""
    result = run.state.results.get(DEADLINE_RULE)
    if result is None or result.verdict is not Verdict.PASS:
        return
    for scope in run.config.scopes:
        deadline_s = scope.callback.delivery.deadline_s
        if deadline_s is None or run.config.sender_of(scope.callback.name) in run.state.stopped_by:
            continue
        valid = [exchange for exchange in run.state.exchanges if _counts(run, scope, exchange)]
        late = [exchange for exchange in valid if _took_s(run, exchange) > deadline_s]
        if late and _took_s(run, again := plain_exchange(run, scope)) > deadline_s:
            finding = _finding(valid, late, again, deadline_s)
            add_late_finding(run, result.rule, finding)


def _counts(run: RunContext, scope: Scope, exchange: Exchange) -> bool:
    """Whether it was valid and sent at once, alone or in company that the receiver was seen to take."""
    if exchange.delivery.callback != scope.callback.name or exchange.delivery.framing not in _AT_ONCE:
        return False
    stimulus = run.state.sent_for.get(id(exchange))
    if not exchange.acknowledged or (stimulus and declaration_of(stimulus.test.stimuli).kind != "valid"):
        return False
    dispatcher = run.dispatcher
    return not dispatcher.overlapped(exchange) or (
        dispatcher.concurrency.bears_more and not dispatcher.overloaded([exchange])
    )


def _took_s(run: RunContext, exchange: Exchange) -> float:
    return exchange.elapsed_s - run.state.round_trip_s(run.config.sender_of(exchange.delivery.callback))


def _finding(valid: list[Exchange], late: list[Exchange], again: Exchange, deadline_s: float) -> Finding:
    return Finding(
        callback=again.delivery.callback,
        case=Text("case.over-the-run", count=len(valid)),
        expected=Text("expected.in-time-over-the-run", seconds=deadline_s),
        actual=Text(
            "actual.late-over-the-run",
            count=len(late),
            before=valid.index(late[0]),
            slowest=f"{max(exchange.elapsed_s for exchange in late):.1f}",
        ),
        exchanges=(late[0], again),
        repeated=True,
        curl_suffices=False,
    )
