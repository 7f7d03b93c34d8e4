"""Measurements in a report: latency, bursts, the states of a message over time, and what read-back never shows."""

from __future__ import annotations

import contextlib
import math
import statistics
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from callback_contract.contract_tests.chapters.checks.meaning import unshown_members
from callback_contract.contract_tests.model.observations import NOTHING_SHOWN, Look
from callback_contract.contract_tests.model.verdicts import Finding, RuleResult
from callback_contract.contract_tests.reporting.model.redaction import Redaction, said
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.mock_server.wire.delivery import Exchange
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["EDGES_S", "bursts", "latency", "timeline", "unshown"]

EDGES_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper edges of the histogram; the same in each report, so that several can be added up."""

_MOST_BURSTS = 40
_MOST_TOGETHER = 64
_MOST_EVENTS = 80


def unshown(run: RunContext) -> dict[str, list[str]]:
    """The members of each callback that no `last` of a read-back shows, where one is shown: they are not judged."""
    told: dict[str, list[tuple[Json, Json]]] = {}
    for exchange in run.state.exchanges:
        stored = run.state.looked_up.get(next(iter(exchange.delivery.ids), ""))
        if stored is None or stored.last is NOTHING_SHOWN or not exchange.acknowledged:
            continue
        callback = run.config.contract.callback(exchange.delivery.callback)
        with contextlib.suppress(Unparsable, Unusable):
            told.setdefault(callback.name, []).append((decode_body(callback, exchange.delivery.body), stored.last))
    found = {name: unshown_members(run.config.contract.callback(name), pairs) for name, pairs in told.items()}
    return {name: members for name, members in found.items() if members}


def latency(exchanges: Iterable[Exchange]) -> dict[str, Any]:
    """How long answers took, the network included; deliveries that are slow by our own doing are left out."""
    plain = [e for e in exchanges if not e.delivery.framing.pause_s and not e.delivery.framing.expect_continue]
    took = sorted(exchange.elapsed_s for exchange in plain if exchange.answer is not None)
    counts = [0] * (len(EDGES_S) + 1)
    for elapsed_s in took:
        counts[bisect_left(EDGES_S, elapsed_s)] += 1
    return {
        "count": len(took),
        "no_answer": len(plain) - len(took),
        "median_s": round(statistics.median(took), 6) if took else None,
        "p95_s": _rank(took, 0.95),
        "p99_s": _rank(took, 0.99),
        "max_s": round(took[-1], 6) if took else None,
        "histogram": [{"up_to_s": edge, "count": count} for edge, count in zip((*EDGES_S, None), counts, strict=True)],
    }


def _rank(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile."""
    return round(ordered[math.ceil(share * len(ordered)) - 1], 6) if ordered else None


def bursts(results: Iterable[RuleResult], begun_s: float) -> list[dict[str, Any]]:
    """How each burst of a rule went: when each delivery began after the first one, and how long it took."""
    found = []
    for result in results:
        for burst in result.bursts:
            first_s = min((exchange.begun_s for exchange in burst.exchanges), default=begun_s)
            found.append(
                {
                    "rule": result.rule.id,
                    "callback": burst.callback,
                    **said(case=burst.case),
                    "count": len(burst.exchanges),
                    "deliveries": [
                        {
                            "offset_s": round(exchange.begun_s - first_s, 6),
                            "elapsed_s": round(exchange.elapsed_s, 6),
                            "status": exchange.status,
                        }
                        for exchange in burst.exchanges[:_MOST_TOGETHER]
                    ],
                }
            )
    return found[:_MOST_BURSTS]


def timeline(run: RunContext, finding: Finding, redaction: Redaction) -> dict[str, Any]:
    """What was told when, and what read-back showed; `backwards` marks a state that comes before one shown earlier."""
    callback = run.config.contract.callback(finding.callback)
    order = callback.delivery.order
    started_s = min([exchange.begun_s for exchange in finding.exchanges] + [look.at_s for look in finding.looks])
    numbers: dict[str, int] = {}
    furthest: dict[str, str] = {}
    events: list[dict[str, Any]] = []
    moments: list[tuple[float, Exchange | Look]] = [(exchange.begun_s, exchange) for exchange in finding.exchanges]
    moments += [(look.at_s, look) for look in finding.looks]
    for at_s, moment in sorted(moments, key=lambda pair: pair[0]):
        message = moment.message_id if isinstance(moment, Look) else next(iter(moment.delivery.ids), "")
        event: dict[str, Any] = {
            "offset_s": round(at_s - started_s, 6),
            "message": numbers.setdefault(message, len(numbers) + 1),
        }
        if isinstance(moment, Look):
            state = moment.stored.state if moment.stored else None
            before = furthest.get(message)
            backwards = bool(order and state and before and order.is_before(state, before))
            if state is not None and not backwards:
                furthest[message] = state
            applied = moment.stored.applied if moment.stored else None
            event |= {"kind": "shown", "state": _told(state, redaction), "applied": applied, "backwards": backwards}
        else:
            state = _state_of(callback, moment, redaction)
            event |= {"kind": "sent", "state": state, "status": moment.status}
        events.append(event)
    cut = len(events) - _MOST_EVENTS
    if cut > 0:  # the ends tell most: what was told first, and what came of it
        events = events[: _MOST_EVENTS // 2] + events[-_MOST_EVENTS // 2 :]
    return {"states": list(order.states) if order else [], "left_out": max(0, cut), "events": events}


def _told(state: str | None, redaction: Redaction) -> str | None:
    return None if state is None else redaction.text(state)[:80]


def _state_of(callback: Callback, exchange: Exchange, redaction: Redaction) -> str | None:
    """The state that a delivery tells, None when its body tells none."""
    try:
        value = jp.get(decode_body(callback, redaction.sent(exchange.delivery.body)), callback.delivery.state or "")
    except (Unparsable, Unusable, LookupError):
        return None
    return value[:80] if isinstance(value, str) else None
