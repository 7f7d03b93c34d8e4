"""Delivery view: converts recorded deliveries into the page's JSON; received content stays text."""

from __future__ import annotations

from collections.abc import Iterable
from math import isinf
from typing import Any, TypeVar

from callback_contract.mock_server.inspector.resend import header_text, headers_sent
from callback_contract.mock_server.store.stored_delivery import StoredDelivery
from callback_contract.openapi.contract.model import Contract

__all__ = ["contract_shown", "detail", "histogram", "row"]

_LONGEST_IN_A_ROW = 200
_Found = TypeVar("_Found")
_MOST_FOUND = 500  # a body may have ten thousand violations


def row(arrival: StoredDelivery) -> dict[str, Any]:
    """Return the parts of a delivery that a list shows."""
    first = arrival.violations[0] if arrival.violations else None
    return {
        "id": arrival.id,
        "at": arrival.at.timestamp() * 1000,
        "method": arrival.method[:_LONGEST_IN_A_ROW],
        "target": arrival.target[:_LONGEST_IN_A_ROW],
        "verdict": arrival.verdict,
        "callback": arrival.callback,
        "message": arrival.message,
        "state": arrival.state,
        "again": arrival.again,
        "late": arrival.late,
        "status": arrival.status,
        "wire": arrival.wire,
        "acknowledged": arrival.acknowledged,
        "ms": (arrival.delay_s + arrival.elapsed_s) * 1000,
        "bytes": arrival.body_bytes,
        "why": f"{first.pointer} {first.message}".strip()[:_LONGEST_IN_A_ROW] if first else "",
    }


def detail(arrival: StoredDelivery, curl: str | None) -> dict[str, Any]:
    """Return all of a delivery but its body, which the page gets as bytes."""
    return row(arrival) | {
        "target": arrival.target,
        "whole": arrival.whole,
        "delay_ms": arrival.delay_s * 1000,
        "elapsed_ms": arrival.elapsed_s * 1000,
        "headers": [(name, header_text(value)) for name, value in arrival.headers],
        "sent_headers": headers_sent(arrival)[0],
        "violations": [{"pointer": v.pointer, "message": v.message} for v in _first(arrival.violations)],
        "novelties": [{"pointer": n.pointer, "kind": n.kind} for n in _first(arrival.novelties)],
        "answer": arrival.answer.decode("utf-8", "backslashreplace"),
        "curl": curl,
    }


def _first(found: Iterable[_Found]) -> list[_Found]:
    """Return the first distinct findings."""
    return list(dict.fromkeys(found))[:_MOST_FOUND]


def histogram(latencies: list[tuple[float, int]]) -> list[dict[str, float | None]]:
    """Return upper ends in milliseconds (None for the last) and counts."""
    return [{"to_ms": None if isinf(edge) else edge * 1000, "count": count} for edge, count in latencies]


def contract_shown(contract: Contract) -> dict[str, Any]:
    """Return the callbacks, each with its states in order and the examples that are delivered."""
    return {
        "version": contract.version,
        "callbacks": [
            {
                "name": callback.name,
                "states": callback.delivery.order.states if callback.delivery.order else (),
                "examples": [example.name for example in callback.delivered_examples],
            }
            for callback in contract.callbacks
        ],
    }
