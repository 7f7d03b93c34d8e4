"""Course of a partner: what changed since the run before, since when a verdict holds, and what is going to expire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from callback_contract.contract_tests.reporting.comparison.changes import compare_reports
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Change", "Expiry", "Run", "changed_rules", "expiries", "since_of"]

_DAYS_LEFT = "actual.days-left"  # how a report tells when a certificate ends


@dataclass(frozen=True)
class Run:
    """One run of a receiver: its date, its outcome, and the number of broken rules."""

    started_at: str
    outcome: str
    broken: int
    profiles: Mapping[str, str] = field(default_factory=dict)

    @property
    def day(self) -> str:
        """The day on which it started."""
        return self.started_at[:10]


@dataclass(frozen=True)
class Change:
    """Rules whose verdict is another one than in the run before.

    Attributes:
        worse: Broken now, or a MUST that is not judged any more.
        otherwise: Neither worse nor better, such as a waiver that is new.
    """

    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expiry:
    """Something that ends: its last day, and what it is."""

    until: str
    what: str


def since_of(verdicts: Sequence[tuple[str, str | None]]) -> str:
    """The day since which the last one of some verdicts holds without a break; empty if no earlier run says so."""
    since = ""
    for day, verdict in reversed(verdicts[:-1]):
        if verdict != verdicts[-1][1]:
            break
        since = day
    return since or (verdicts[-1][0] if len(verdicts) > 1 else "")


def changed_rules(before: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> Change:
    """Compares a report with the newest earlier one that came to its end."""
    whole = [each for each in before if not each["run"]["incomplete"]]
    if not whole:
        return Change()
    try:
        changes = compare_reports(whole[-1], report).rules
    except KitError:  # it speaks of another contract
        return Change()
    worse = [each.rule for each in changes if each.kind == "worse" or each.fails]
    better = [each.rule for each in changes if each.kind == "better"]
    rest = [each.rule for each in changes if each.kind != "added" and each.rule not in {*worse, *better}]
    return Change(tuple(worse), tuple(better), tuple(rest))


def expiries(report: Mapping[str, Any]) -> tuple[Expiry, ...]:
    """Waivers, and a certificate that a finding says is going to end."""
    waived = [
        Expiry(rule["waiver"]["until"], Text("summary.waiver-of", rule=rule["id"]))
        for rule in report["rules"]
        if rule["waiver"]
    ]
    waived += [
        Expiry(waiver["until"], Text("summary.waiver-of", rule=waiver["rule"]))
        for waiver in report.get("waivers", ())
        if waiver["state"] == "expired"
    ]
    found = [*waived, *_certificates(report)]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: (each.until, each.what)))


def _certificates(report: Mapping[str, Any]) -> Iterator[Expiry]:
    for rule in report["rules"]:
        for finding in rule["findings"]:
            actual = finding.get("texts", {}).get("actual", {})
            if actual.get("key") != _DAYS_LEFT:
                continue
            days = actual["arguments"].get("days")
            if isinstance(days, (int, float)) and abs(days) < 10_000:
                end = datetime.fromisoformat(report["run"]["started_at"]) + timedelta(days=days)
                yield Expiry(end.date().isoformat(), Text("summary.certificate"))
