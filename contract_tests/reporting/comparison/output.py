"""Comparison output: renders the comparison of two reports for a terminal, a pull request, or a program.

Rules that only one run judged say little of the receiver: where they are many they are a number, but for broken ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from callback_contract.contract_tests.reporting.comparison.changes import (
    Comparison,
    Found,
    LatencyChange,
    RuleChange,
)
from callback_contract.contract_tests.reporting.model.inert import in_markdown, one_line
from callback_contract.openapi.text.plural import counted
from callback_contract.openapi.text.printable import exact_json

__all__ = ["comparison_json", "comparison_markdown", "comparison_text"]

_MOST_NAMED = 6  # more rules of one lot are counted; --format json names each

_TITLES = {
    "worse": "got worse",
    "added": "added by a newer kit, and so not worse",
    "judged now": "judged now, and not before",
    "changed": "broken in another way, or waived, now",
    "not judged any more": "not judged any more",
    "better": "got better",
}


def comparison_text(old: Mapping[str, Any], new: Mapping[str, Any], found: Comparison) -> str:
    """For a terminal."""
    lines = [one_line(f"{_run(old)} → {_run(new)}"), *(one_line(f"note: {note}") for note in found.notes)]
    for kind, title in _TITLES.items():
        of_kind = [change for change in found.rules if change.kind == kind]
        if of_kind:
            lines += ["", f"{title} ({len(of_kind)})"]
        each, alike = _parted(of_kind)
        lines += _told(each)
        lines += [f"  {one_line(line)}" for line in alike]
    for title, findings in (("new findings", found.new_findings), ("gone findings", found.gone_findings)):
        if findings:
            lines += ["", f"{title} ({len(findings)})"]
        lines += [f"  {one_line(_found(finding))}" for finding in findings]
    lines += ["", f"latency: {'; '.join(_latency(row) for row in found.latency)}", _last(found)]
    return "\n".join(lines)


def _told(changes: Sequence[RuleChange]) -> list[str]:
    lines = []
    for change in changes:
        head = f"{one_line(change.rule):8} {change.level:6} {change.old} → {change.new}"
        lines.append(f"  {head}  {one_line(change.statement)}")
        lines += [f"           {one_line(change.reason)}"] if change.reason else []
    return lines


def _parted(changes: Sequence[RuleChange]) -> tuple[list[RuleChange], list[str]]:
    """What is told rule by rule, and a line for each lot of which only one run judged something."""
    quiet = [change for change in changes if _is_quiet(change)]
    if quiet and quiet[0].kind == "judged now":
        if len(quiet) <= _MOST_NAMED:
            return list(changes), []
        return [change for change in changes if change not in quiet], [f"pass: {counted(len(quiet), 'rule')}"]
    by_reason: dict[str, list[RuleChange]] = {}  # many are blocked by one, lack one means, or were not selected
    for change in quiet:
        by_reason.setdefault(change.reason, []).append(change)
    told = [f"{reason or 'no reason told'}: {_named(lot)}" for reason, lot in by_reason.items()]
    return [change for change in changes if change not in quiet], told


def _is_quiet(change: RuleChange) -> bool:
    return change.kind == "not judged any more" or (change.kind == "judged now" and change.new == "pass")


def _named(lot: Sequence[RuleChange]) -> str:
    """The rules of a lot; of many their number, and those that were broken."""
    broken = [f"{change.rule} (was {change.old})" for change in lot if change.old != "pass"]
    if len(lot) > _MOST_NAMED:
        return counted(len(lot), "rule") + (f", of which {', '.join(broken)}" if broken else "")
    return ", ".join(change.rule if change.old == "pass" else f"{change.rule} (was {change.old})" for change in lot)


def comparison_markdown(old: Mapping[str, Any], new: Mapping[str, Any], found: Comparison) -> str:
    """For a pull request or a step summary."""
    sign = "❗" if found.judged_nothing else "❌" if found.fails else "✅"
    lines = [f"### {sign} {in_markdown(_last(found))}", "", in_markdown(f"{_run(old)} → {_run(new)}")]
    lines += ["", *(f"- {in_markdown(note)}" for note in found.notes)] if found.notes else []
    rows, lots = [], []
    for kind, title in _TITLES.items():
        each, alike = _parted([change for change in found.rules if change.kind == kind])
        rows += each
        lots += [f"- {in_markdown(f'{title}: {line}')}" for line in alike]
    lines += _table(("what", "rule", "level", "verdict", "what it says", "why"), rows)
    lines += ["", *lots] if lots else []
    for title, findings in (("New findings", found.new_findings), ("Gone findings", found.gone_findings)):
        if findings:
            lines += ["", f"**{title}** ({len(findings)})", ""]
        lines += [f"- {in_markdown(_found(finding))}" for finding in findings]
    lines += ["", in_markdown(f"Latency: {'; '.join(_latency(row) for row in found.latency)}")]
    return "\n".join(lines)


def comparison_json(old: Mapping[str, Any], new: Mapping[str, Any], found: Comparison) -> str:
    """For programs."""
    sides = {
        name: {
            "receiver": report["receiver"],
            "kit": report["kit"]["version"],
            "contract": report["contract"]["version"],
            "run": report["run"]["id"],
            "started_at": report["run"]["started_at"],
            "conformant": report["conformant"],
            "exit_code": report["exit_code"],
        }
        for name, report in (("old", old), ("new", new))
    }
    return exact_json({"schema": 1, **sides, "fails": found.fails, **asdict(found)}, indent=2, in_ascii=True)


def _run(report: Mapping[str, Any]) -> str:
    return f"{report['receiver']['name']}, {report['run']['started_at']}"


def _last(found: Comparison) -> str:
    worse = [change for change in found.rules if change.kind == "worse"]
    failing = [change.rule for change in worse if change.fails]
    if found.unjudged:
        lost = found.unjudged
        named = ", ".join(change.rule for change in lost) if len(lost) <= _MOST_NAMED else f"{len(lost)} MUSTs"
        failing.append(f"{named} passed and not judged any more (--allow-unjudged accepts that)")
    if found.judged_nothing:
        return "the new run judged nothing"
    if failing:
        return f"worse: {', '.join(failing)}"
    if worse:
        return f"no MUST got worse; a SHOULD did: {', '.join(change.rule for change in worse)} (--strict fails on it)"
    return "nothing got worse"


def _found(finding: Found) -> str:
    return f"{finding.rule} {finding.callback}, with {finding.case}: {finding.actual}"


def _latency(row: LatencyChange) -> str:
    if row.change == "unknown":
        return f"{row.measure} not comparable (too few answers)"
    assert row.old_s is not None
    assert row.new_s is not None
    told = "about the same" if row.change == "same" else row.change
    return f"{row.measure} {row.old_s * 1000:.0f} ms → {row.new_s * 1000:.0f} ms, {told}"


def _cells(change: RuleChange) -> tuple[str, ...]:
    verdict = f"{change.old} → {change.new}"
    return (_TITLES[change.kind], change.rule, change.level, verdict, change.statement, change.reason)


def _table(head: Sequence[str], rows: Sequence[RuleChange]) -> list[str]:
    if not rows:
        return []
    told = [f"| {' | '.join(in_markdown(cell) for cell in _cells(row))} |" for row in rows]
    return ["", f"| {' | '.join(head)} |", "|" + "---|" * len(head), *told]
