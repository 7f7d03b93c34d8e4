"""Partner overview: merges many receivers' reports into a row for each, and ranks the broken rules.

A receiver is known by its name, its URLs and the callbacks that it was judged by. Its newest report counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callback_contract.contract_tests.reporting.model.outcome import blocks_the_gate
from callback_contract.contract_tests.reporting.partners.course import (
    Change,
    Expiry,
    Run,
    changed_rules,
    expiries,
    since_of,
)

__all__ = ["COUNTED", "BrokenRule", "Partner", "Partners", "link_key", "merge_reports"]

COUNTED = ("fail", "flaky", "warn", "waived", "not applicable", "blocked", "error")
"""Verdicts that a row counts."""

_BROKEN = ("fail", "flaky", "warn", "waived")
_WORST_FIRST = ("fails", "incomplete", "not judged", "gate passes", "conformant")
_MOST_RUNS = 12
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
        runs: Its last runs, the newest last.
        since: The day since which it has its outcome, as far as its earlier runs go; each profile its verdict.
        change: Which rules came out otherwise than in the run before.
        expires: What ends on a day, the first one first.
        link: Its page, seen from the page that shows this; empty for none.
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
    runs: tuple[Run, ...] = ()
    since: str = ""
    profile_since: Mapping[str, str] = field(default_factory=dict)
    change: Change = field(default_factory=Change)
    expires: tuple[Expiry, ...] = ()
    link: str = ""


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
    """All receivers, the worst first, and the rules that they break, the most broken first.

    Attributes:
        unreported: Folders of partners whose last run left no report.
        side: Who was judged in all of them, `receiver` or `sender`.
        other_side: How many reports on the other side are left out.
    """

    receivers: tuple[Partner, ...]
    rules: tuple[BrokenRule, ...]
    unreported: tuple[str, ...] = ()
    side: str = "receiver"
    other_side: int = 0

    @property
    def outcomes(self) -> dict[str, int]:
        """How many receivers have each outcome, the worst first."""
        found = Counter(partner.outcome for partner in self.receivers)
        return {outcome: found[outcome] for outcome in _WORST_FIRST if found[outcome]}

    @property
    def left_out(self) -> int:
        """How many reports are left out, since a newer one is there."""
        return sum(partner.older for partner in self.receivers)


def merge_reports(
    reports: Iterable[Mapping[str, Any]],
    *,
    every: bool = False,
    earlier: Iterable[Mapping[str, Any]] = (),
    links: Mapping[tuple[str, str], str] | None = None,
    side: str | None = None,
) -> Partners:
    """Merges reports on receivers, or on senders: one rule's counts would say nothing of both.

    Args:
        side: Who was judged; without it the receivers, or the senders where there is no receiver.
        every: Whether each has a row, and not only the newest of a receiver.
        earlier: Reports of earlier runs, which have no row and are counted nowhere.
        links: The page of a report by its `link_key`.
    """
    reports = list(reports)
    if side is None:
        side = "sender" if reports and all(_side(report) == "sender" for report in reports) else "receiver"
    ours = [report for report in reports if _side(report) == side]
    by_receiver: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    before: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for number, report in enumerate(ours):
        by_receiver.setdefault((number,) if every else _known_by(report), []).append(report)
    for report in () if every else earlier:
        if _side(report) != side:
            continue
        before.setdefault(_known_by(report), []).append(report)
    kept = [(sorted(found, key=_age, reverse=True), before.get(key, [])) for key, found in by_receiver.items()]
    rows = (_partner(newest, older, past, links or {}) for (newest, *older), past in kept)
    rules = tuple(_rules([newest for (newest, *_), _ in kept]))
    return Partners(tuple(sorted(rows, key=_order)), rules, side=side, other_side=len(reports) - len(ours))


def _side(report: Mapping[str, Any]) -> str:
    return str(report.get("side", "receiver"))


def link_key(report: Mapping[str, Any]) -> tuple[str, str]:
    """A report's receiver and run."""
    return report["receiver"]["url"], report["run"]["id"]


def _known_by(report: Mapping[str, Any]) -> tuple[Any, ...]:
    receiver, contract = report["receiver"], report["contract"]
    urls = tuple(sorted(receiver.get("urls", {}).items()))
    return receiver["name"], receiver["url"], urls, contract["title"], frozenset(contract["callbacks"])


def _order(partner: Partner) -> tuple[Any, ...]:
    worst = (partner.counts["fail"], partner.counts["flaky"], partner.counts["warn"])
    outcome = _WORST_FIRST.index(partner.outcome)
    return (outcome, *(-count for count in worst), partner.name.casefold(), partner.url, partner.started_at)


def _partner(
    report: Mapping[str, Any],
    older: Sequence[Mapping[str, Any]],
    past: Sequence[Mapping[str, Any]],
    links: Mapping[tuple[str, str], str],
) -> Partner:
    # A history may hold what a run was started beside; what is newer than the report itself is none of its past.
    before = sorted((each for each in (*older, *past) if _age(each) < _age(report)), key=_age)
    runs = [_run(each) for each in (*before, report)]
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
        runs=tuple(runs[-_MOST_RUNS:]),
        since=since_of([(run.day, run.outcome) for run in runs]),
        profile_since={
            profile["name"]: since_of([(run.day, run.profiles.get(profile["name"])) for run in runs])
            for profile in report["profiles"]
        },
        change=changed_rules(before, report),
        expires=expiries(report),
        link=links.get(link_key(report), ""),
    )


def _run(report: Mapping[str, Any]) -> Run:
    broken = sum(rule["verdict"] in _BROKEN for rule in report["rules"])
    profiles = {profile["name"]: profile["verdict"] for profile in report["profiles"]}
    return Run(report["run"]["started_at"], _outcome(report), broken, profiles)


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
