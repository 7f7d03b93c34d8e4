"""Verdict on stops of the receiver (LIVE-01): which it explains itself, and which a rule's stimulus explains."""

from __future__ import annotations

from collections import Counter

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.observations import Stop
from callback_contract.contract_tests.model.verdicts import Block, Finding, RuleResult, Verdict
from callback_contract.contract_tests.runner.attribution.suspects import named, suspects_of
from callback_contract.contract_tests.runner.planning import STOP_RULE
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.message import Text, joined

__all__ = ["stopped_among", "verdict_on_stops"]

_MOST_NAMED = 6


def verdict_on_stops(run: RunContext, rule: Rule) -> RuleResult:
    """Fails where the receiver did not come back, or stopped twice without a stimulus that stops it again."""
    stops = run.state.stops
    by_itself = [stop for stop in stops if not stop.culprit]
    gone = [stop for stop in stops if not stop.came_back]
    result = RuleResult(rule, Verdict.PASS, cases=1)
    long = [stop for stop in by_itself if stop.is_long]
    if gone or len(long) > 1:
        result.verdict = Verdict.FAIL
        result.findings = [_finding(stop) for stop in gone or long]
    elif culprits := [stop for stop in stops if stop.culprit]:
        musts = [stop for stop in culprits if run.config.catalogue[stop.culprit].level == "MUST"]
        if len(musts) < len(culprits):  # a warning alone would not say that the receiver stops
            result.verdict = Verdict.FAIL
            result.findings = [_finding(stop) for stop in culprits if stop not in musts]
        else:
            blocks = {stop.callback: Block(stop.culprit) for stop in culprits}
            reason = joined(block.text for block in blocks.values())
            result = RuleResult(rule, Verdict.BLOCKED, reason, blocked_for=blocks)
    elif by_itself:
        result.reason = Text("reason.stopped-once", **_when(by_itself[0]))
    return result


def stopped_among(run: RunContext, scope: Scope, exchange: Exchange) -> None:
    """A receiver answers no plain valid delivery any more as it did before several rules' deliveries."""
    stop = Stop.now(exchange, len(run.state.exchanges), is_long=True)
    stop.suspects = named(suspects_of(run))
    run.state.stop_seen(stop)
    run.state.receiver_stopped(run.config.sender_of(scope.callback.name), run.config.catalogue[STOP_RULE])


def _finding(stop: Stop) -> Finding:
    key = "actual.no-answer-for-a-while" if stop.came_back else "actual.no-answer-any-more"
    actual = Text(key, **_when(stop))
    if stop.exchange.answer is not None:
        actual = Text("actual.no-acknowledgement-any-more", **_when(stop), answer=stop.exchange.described())
    return Finding(
        callback=stop.callback,
        case=Text("case.sent-before", suspects=tuple(_suspects(stop)) or (Text("case.plain"),)),
        expected=Text("expected.goes-on"),
        actual=actual,
        exchanges=(stop.exchange,),
        repeated=True,
        curl_suffices=False,
    )


def _suspects(stop: Stop) -> list[Text]:
    """The rules in whose cases the suspects stand, each with its latest case."""
    counts = Counter(rule for rule, _ in stop.suspects)
    latest = dict(reversed(stop.suspects))
    rules = list(dict.fromkeys(rule for rule, _ in stop.suspects))
    return [
        Text("case.suspects", rule=rule, case=latest[rule], count=counts[rule] - 1)
        if counts[rule] > 1
        else Text("case.suspect", rule=rule, case=latest[rule])
        for rule in rules[:_MOST_NAMED]
    ] + [Text("case.further-rules", count=len(rules) - _MOST_NAMED)] * (len(rules) > _MOST_NAMED)


def _when(stop: Stop) -> dict[str, str | int]:
    return {"at": f"{stop.at:%H:%M:%S} UTC", "count": stop.deliveries}
