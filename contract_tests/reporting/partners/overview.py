"""Partner overview: merges many receivers' reports into a row for each, and ranks the broken rules.

A receiver is known by its name, its URLs and the callbacks that it was judged by. Its newest report counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callback_contract.contract_tests.reporting.model.outcome import blocks_the_gate

__all__ = ["COUNTED", "BrokenRule", "Partner", "Partners", "merge_reports"]

COUNTED = ("fail", "flaky", "warn", "waived", "not applicable", "blocked", "error")
"""Verdicts that a row counts."""

_BROKEN = ("fail", "flaky", "warn", "waived")
_WORST_FIRST = ("fails", "incomplete", "not judged", "gate passes", "conformant")
_OUTCOMES = {0: "gate passes", 1: "fails", 3: "not judged", 130: "incomplete"}


@dataclass(frozen=True)
class Partner:
    """One report.

    Attributes:
        outcome: conformant, gate passes, fails, not judged (an error, or nothing could be), or incomplete.
        counts: How many rules have each verdict of `COUNTED`.
        profiles: The verdict of each profile that applies.
        broken: Ids of broken rules with their verdicts, the gravest first.
        older: How many older reports of the same receiver are left out.
        narrower: Whether one of those judged more rules.
    """

    name: str
    url: str
    outcome: str
    counts: Mapping[str, int]
    profiles: Mapping[str, str]
    broken: Mapping[str, str]
    contract: str
    contract_version: str
    kit_version: str
    started_at: str
    p95_s: float | None
    older: int = 0
    narrower: bool = False


@dataclass(frozen=True)
class BrokenRule:
    """A rule that at least one receiver breaks.

    Attributes:
        judged: How many receivers were judged by it.
        counts: How many have each verdict that says broken.
        receivers: The names of those that break it.
    """

    rule: str
    level: str
    statement: str
    judged: int
    counts: Mapping[str, int]
    receivers: tuple[str, ...]

    @property
    def broken(self) -> int:
        """How many receivers break it."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Partners:
    """All receivers, the worst first, and the rules that they break, the most broken first."""

    receivers: tuple[Partner, ...]
    rules: tuple[BrokenRule, ...]

    @property
    def outcomes(self) -> dict[str, int]:
        """How many receivers have each outcome, the worst first."""
        found = Counter(partner.outcome for partner in self.receivers)
        return {outcome: found[outcome] for outcome in _WORST_FIRST if found[outcome]}

    @property
    def left_out(self) -> int:
        """How many reports are left out, since a newer one is there."""
        return sum(partner.older for partner in self.receivers)


def merge_reports(reports: Iterable[Mapping[str, Any]], *, every: bool = False) -> Partners:
    """Merges reports.

    Args:
        every: Whether each has a row, and not only the newest of a receiver.
    """
    by_receiver: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for number, report in enumerate(reports):
        by_receiver.setdefault((number,) if every else _known_by(report), []).append(report)
    kept = [sorted(found, key=_age, reverse=True) for found in by_receiver.values()]
    receivers = sorted((_partner(newest, older) for newest, *older in kept), key=_order)
    return Partners(tuple(receivers), tuple(_rules([newest for newest, *_ in kept])))


def _known_by(report: Mapping[str, Any]) -> tuple[Any, ...]:
    receiver, contract = report["receiver"], report["contract"]
    urls = tuple(sorted(receiver.get("urls", {}).items()))
    return receiver["name"], receiver["url"], urls, contract["title"], frozenset(contract["callbacks"])


def _order(partner: Partner) -> tuple[Any, ...]:
    worst = (partner.counts["fail"], partner.counts["flaky"], partner.counts["warn"])
    outcome = _WORST_FIRST.index(partner.outcome)
    return (outcome, *(-count for count in worst), partner.name.casefold(), partner.url, partner.started_at)


def _partner(report: Mapping[str, Any], older: Sequence[Mapping[str, Any]]) -> Partner:
    found = Counter(rule["verdict"] for rule in report["rules"])
    broken = [rule for rule in report["rules"] if rule["verdict"] in _BROKEN]
    broken.sort(key=lambda rule: _BROKEN.index(rule["verdict"]))
    return Partner(
        name=report["receiver"]["name"] or report["receiver"]["url"],
        url=report["receiver"]["url"],
        outcome=_outcome(report),
        counts={verdict: found[verdict] for verdict in COUNTED},
        profiles={profile["name"]: profile["verdict"] for profile in report["profiles"]},
        broken={rule["id"]: rule["verdict"] for rule in broken},
        contract=report["contract"]["title"],
        contract_version=report["contract"]["version"],
        kit_version=report["kit"]["version"],
        started_at=report["run"]["started_at"],
        p95_s=report["run"]["latency"]["p95_s"],
        older=len(older),
        narrower=any(len(other["rules"]) > len(report["rules"]) for other in older),
    )


def _outcome(report: Mapping[str, Any]) -> str:
    if report["conformant"]:
        return "conformant"
    if report["run"]["incomplete"]:
        return "incomplete"
    if any(blocks_the_gate(rule) for rule in report["rules"]):
        return "fails"  # also where a profile that was required was not judged
    return _OUTCOMES[report["exit_code"]]


def _age(report: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        report["run"]["started_at"],
        report["kit"]["version"],
        report["receiver"]["url"],
        report["receiver"]["name"],
        report["run"]["id"],
    )


def _rules(reports: Sequence[Mapping[str, Any]]) -> list[BrokenRule]:
    having: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    # The newest report tells a rule's words: an older kit may have said them otherwise.
    for report in sorted(reports, key=_age, reverse=True):
        for rule in report["rules"]:
            name = report["receiver"]["name"] or report["receiver"]["url"]
            having.setdefault(rule["id"], []).append((name, rule))
    rules = [_broken_rule(id_, found) for id_, found in having.items()]
    rules = [rule for rule in rules if rule.broken]
    return sorted(rules, key=lambda rule: (-rule.broken, -rule.counts["fail"], rule.rule))


def _broken_rule(rule_id: str, found: Sequence[tuple[str, dict[str, Any]]]) -> BrokenRule:
    verdicts = Counter(rule["verdict"] for _, rule in found)
    return BrokenRule(
        rule_id,
        found[0][1]["level"],
        found[0][1]["statement"],
        sum(verdicts[verdict] for verdict in ("pass", *_BROKEN)),
        {verdict: verdicts[verdict] for verdict in _BROKEN},
        tuple(sorted(name for name, rule in found if rule["verdict"] in _BROKEN)),
    )
