"""Decides how the comparison of two reports is shown: for a terminal, a pull request, or a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from contract_tests.reporting.changes import Comparison, Found, LatencyChange, RuleChange
from contract_tests.reporting.inert import in_markdown, one_line

__all__ = ["comparison_json", "comparison_markdown", "comparison_text"]

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
        lines += _gone_quiet(of_kind) if kind == "not judged any more" else _told(of_kind)
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


def _gone_quiet(changes: Sequence[RuleChange]) -> list[str]:
    """By reason: many rules are blocked by one, lack one means, or were not selected."""
    by_reason: dict[str, list[str]] = {}
    for change in changes:
        was = "" if change.old == "pass" else f" (was {change.old})"
        by_reason.setdefault(change.reason, []).append(f"{change.rule}{was}")
    return [f"  {one_line(reason) or 'no reason told'}: {one_line(', '.join(r))}" for reason, r in by_reason.items()]


def comparison_markdown(old: Mapping[str, Any], new: Mapping[str, Any], found: Comparison) -> str:
    """For a pull request or a step summary."""
    sign = "❌" if found.fails else "✅"
    lines = [f"### {sign} {in_markdown(_last(found))}", "", in_markdown(f"{_run(old)} → {_run(new)}")]
    lines += ["", *(f"- {in_markdown(note)}" for note in found.notes)] if found.notes else []
    rows = [change for kind in _TITLES for change in found.rules if change.kind == kind]
    lines += _table(("what", "rule", "level", "verdict", "what it says", "why"), rows)
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
    return json.dumps({"schema": 1, **sides, "fails": found.fails, **asdict(found)}, indent=2, ensure_ascii=True)


def _run(report: Mapping[str, Any]) -> str:
    return f"{report['receiver']['name']}, {report['run']['started_at']}"


def _last(found: Comparison) -> str:
    worse = [change for change in found.rules if change.kind == "worse"]
    failing = [change for change in worse if change.fails]
    if failing:
        return f"worse: {', '.join(change.rule for change in failing)}"
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
