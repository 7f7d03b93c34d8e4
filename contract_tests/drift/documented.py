"""Observed traffic in the documentation: reads a drift report for the pages of its callbacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from callback_contract.contract_tests.drift.report import Drift, not_a_report
from callback_contract.contract_tests.drift.tally import Moments
from callback_contract.contract_tests.drift.traffic import compact
from callback_contract.openapi.documenting.proof import Observed, ObservedDrift
from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["observed_in"]

_MOST = 200  # drifts of one page


def observed_in(file: Path) -> Mapping[str, Observed]:
    """Return the traffic of each callback in a report.

    Raises:
        KitError: It is no report of `drift --format json`.
    """
    try:
        report = json.loads(file.read_bytes())
        return {str(each["callback"]): _observed(each) for each in report["callbacks"]}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise not_a_report(file, "--drift", error) from None


def _observed(value: Json) -> Observed:
    callback, never = str(value["callback"]), value["never_seen"]
    drifts = tuple(_drift(callback, each) for each in value["drifts"][:_MOST])
    names = tuple(str(name) for kind in ("members", "values", "headers", "answers") for name in never[kind])
    return Observed(callback, int(value["deliveries"]), drifts, names[:_MOST])


def _drift(callback: str, value: Json) -> ObservedDrift:
    told = (str(value["kind"]), str(value["place"]), str(value["detail"]), int(value["count"]), int(value["of"]))
    drift = Drift(callback, *told, Moments(), {str(name): int(n) for name, n in value["types"].items()}, None)
    example = "" if value["example"] is None else compact(value["example"])[:200]
    return ObservedDrift(drift.text, drift.seen, str(value["first_at"] or ""), str(value["last_at"] or ""), example)
