"""Deadline over the run: finds a receiver that answers in time at first and late after a while."""

from __future__ import annotations

import functools

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
        is_late = functools.partial(_is_late, run, deadline_s)
        if not any(map(is_late, _alone(run, scope))) and any(map(is_late, _valid(run, scope))):
            plain_exchange(run, scope)  # those were late beside others; this one is alone
        alone = _alone(run, scope)
        late = list(filter(is_late, alone))
        if late and is_late(again := plain_exchange(run, scope)):
            finding = _finding(alone, late, again, deadline_s)
            add_late_finding(run, result.rule, finding)


def _valid(run: RunContext, scope: Scope) -> list[Exchange]:
    """What was valid, sent at once and acknowledged."""

    def is_valid(exchange: Exchange) -> bool:
        stimulus = run.state.sent_for.get(id(exchange))
        is_sent_at_once = exchange.delivery.framing in _AT_ONCE
        is_own = exchange.delivery.callback == scope.callback.name
        is_of_kind = stimulus is None or declaration_of(stimulus.test.stimuli).kind == "valid"
        return is_own and is_of_kind and is_sent_at_once and exchange.acknowledged

    return [exchange for exchange in run.state.exchanges if is_valid(exchange)]


def _alone(run: RunContext, scope: Scope) -> list[Exchange]:
    """The same, where it was alone or in company that the receiver was seen to take."""
    dispatcher = run.dispatcher

    def is_alone(exchange: Exchange) -> bool:
        is_taken = dispatcher.concurrency.bears_more and not dispatcher.overloaded([exchange])
        return is_taken or not dispatcher.overlapped(exchange)

    return [exchange for exchange in _valid(run, scope) if is_alone(exchange)]


def _is_late(run: RunContext, deadline_s: float, exchange: Exchange) -> bool:
    round_trip_s = run.state.round_trip_s(run.config.sender_of(exchange.delivery.callback))
    return exchange.elapsed_s - round_trip_s > deadline_s


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
