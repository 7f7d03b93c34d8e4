"""Outcome of a report: its one-word result, and the rules that are shown in detail."""

from __future__ import annotations

from collections import Counter
from typing import Any

from callback_contract.openapi.rules.catalogue import HARMS

__all__ = ["BROKEN", "UNJUDGED", "blocks_the_gate", "broken_rules", "counts", "not_judged", "outcome"]

BROKEN = ("fail", "flaky", "error", "warn", "waived")
"""Verdicts of rules that are told at length, the gravest first."""

_SHOWN = ("pass", *reversed(BROKEN), "blocked", "not applicable")
UNJUDGED = {"not applicable", "blocked"}


def outcome(report: dict[str, Any]) -> str:
    """One of conformant, broken, nothing (could be judged), error, incomplete, and partial (nothing failed)."""
    verdicts = {rule["verdict"] for rule in report["rules"]}
    if report["conformant"]:
        return "conformant"
    if any(blocks_the_gate(rule) for rule in report["rules"]):
        return "broken"
    if verdicts <= UNJUDGED:
        return "incomplete" if report["run"]["incomplete"] else "nothing"
    if "error" in verdicts:
        return "error"
    return "incomplete" if report["run"]["incomplete"] else "partial"


def blocks_the_gate(rule: dict[str, Any]) -> bool:
    """Whether the rule alone makes the run fail."""
    return (rule["verdict"], rule["level"] == "MUST") in {("fail", True), ("fail", False), ("flaky", True)}


def counts(report: dict[str, Any]) -> dict[str, int]:
    """How many rules have each verdict, in a fixed order, without those that none has."""
    found = Counter(rule["verdict"] for rule in report["rules"])
    return {verdict: found[verdict] for verdict in _SHOWN if found[verdict]}


def broken_rules(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Broken rules and errors in the order of mending.

    MUST comes before SHOULD, among them by verdict, and then by what it does to messages; what is waived comes last.
    """
    found = [rule for rule in report["rules"] if rule["verdict"] in BROKEN]
    return sorted(found, key=_urgency)


def _urgency(rule: dict[str, Any]) -> tuple[bool, bool, int, int]:
    harm = HARMS.index(rule.get("harm", HARMS[-1]))  # an older report has none
    return rule["verdict"] == "waived", rule["level"] != "MUST", BROKEN.index(rule["verdict"]), harm


def not_judged(report: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Rules that were not judged, by the reason."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in report["rules"]:
        if rule["verdict"] in UNJUDGED:
            found.setdefault(rule["reason"], []).append(rule)
    return found
