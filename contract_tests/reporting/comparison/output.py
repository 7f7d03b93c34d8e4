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
from callback_contract.openapi.text.message import ENGLISH, Text, joined, listed, translated, words_of
from callback_contract.openapi.text.printable import exact_json

__all__ = ["comparison_json", "comparison_markdown", "comparison_text"]

_MOST_NAMED = 6  # more rules of one lot are counted; --format json names each

_TITLES = {
    "worse": Text("compare.worse"),
    "added": Text("compare.added"),
    "judged now": Text("compare.judged-now"),
    "changed": Text("compare.changed"),
    "not judged any more": Text("compare.not-judged-any-more"),
    "better": Text("compare.better"),
}


def comparison_text(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    found: Comparison,
    language: str = ENGLISH,
    statements: Mapping[str, str] | None = None,
) -> str:
    """For a terminal.

    Args:
        statements: What each rule says in that language, by its id; as the reports have it without.
    """

    def said(text: str) -> str:
        return one_line(translated(text, language))

    lines = [one_line(f"{_run(old)} → {_run(new)}"), *(said(Text("compare.note", note=note)) for note in found.notes)]
    for kind, title in _TITLES.items():
        of_kind = [change for change in found.rules if change.kind == kind]
        if of_kind:
            lines += ["", said(Text("compare.counted", title=title, number=len(of_kind)))]
        each, alike = _parted(of_kind)
        for change in each:
            lines += _told(change, language, (statements or {}).get(change.rule, change.statement))
        lines += [f"  {said(line)}" for line in alike]
    for title, findings in (
        (Text("compare.new-findings"), found.new_findings),
        (Text("compare.gone-findings"), found.gone_findings),
    ):
        if findings:
            lines += ["", said(Text("compare.counted", title=title, number=len(findings)))]
        lines += [f"  {said(_found(finding))}" for finding in findings]
    latency = Text("compare.latency", rows=joined(map(_latency, found.latency)))
    return "\n".join([*lines, "", said(latency), said(_last(found))])


def _told(change: RuleChange, language: str, statement: str) -> list[str]:
    old, new = (translated(_verdict(each), language) for each in (change.old, change.new))
    lines = [f"  {one_line(change.rule):8} {change.level:6} {old} → {new}  {one_line(statement)}"]
    return [*lines, f"           {one_line(translated(change.reason, language))}"] if change.reason else lines


def _verdict(name: str) -> str:
    key = name.replace(" ", "_")
    return Text(f"verdict.{key}") if key in words_of("verdict") else name


def _parted(changes: Sequence[RuleChange]) -> tuple[list[RuleChange], list[Text]]:
    """What is told rule by rule, and a line for each lot of which only one run judged something."""
    quiet = [change for change in changes if _is_quiet(change)]
    if quiet and quiet[0].kind == "judged now":
        if len(quiet) <= _MOST_NAMED:
            return list(changes), []
        return [change for change in changes if change not in quiet], [
            Text("compare.lot", what=_verdict("pass"), rules=_counted(len(quiet)))
        ]
    by_reason: dict[str, list[RuleChange]] = {}  # many are blocked by one, lack one means, or were not selected
    for change in quiet:
        by_reason.setdefault(change.reason, []).append(change)
    none = Text("compare.no-reason")
    told = [Text("compare.lot", what=reason or none, rules=_named(lot)) for reason, lot in by_reason.items()]
    return [change for change in changes if change not in quiet], told


def _is_quiet(change: RuleChange) -> bool:
    return change.kind == "not judged any more" or (change.kind == "judged now" and change.new == "pass")


def _named(lot: Sequence[RuleChange]) -> Text:
    """The rules of a lot; of many their number, and those that were broken."""
    broken = tuple(_was(change) for change in lot if change.old != "pass")
    if len(lot) <= _MOST_NAMED:
        return listed(change.rule if change.old == "pass" else _was(change) for change in lot)
    number = _counted(len(lot))
    return Text("compare.of-which", rules=number, broken=broken) if broken else number


def _was(change: RuleChange) -> Text:
    return Text("compare.was", rule=change.rule, verdict=_verdict(change.old))


def _counted(number: int) -> Text:
    return Text("compare.rules", count=number)


def comparison_markdown(old: Mapping[str, Any], new: Mapping[str, Any], found: Comparison) -> str:
    """For a pull request or a step summary."""
    sign = "❗" if found.judged_nothing else "❌" if found.fails else "✅"
    lines = [f"### {sign} {in_markdown(_last(found))}", "", in_markdown(f"{_run(old)} → {_run(new)}")]
    lines += ["", *(f"- {in_markdown(note)}" for note in found.notes)] if found.notes else []
    rows, lots = [], []
    for kind, title in _TITLES.items():
        each, alike = _parted([change for change in found.rules if change.kind == kind])
        rows += each
        lots += [f"- {in_markdown(Text('compare.lot', what=title, rules=line))}" for line in alike]
    lines += _table(("what", "rule", "level", "verdict", "what it says", "why"), rows)
    lines += ["", *lots] if lots else []
    for head, findings in (("New findings", found.new_findings), ("Gone findings", found.gone_findings)):
        if findings:
            lines += ["", f"**{head}** ({len(findings)})", ""]
        lines += [f"- {in_markdown(_found(finding))}" for finding in findings]
    lines += ["", in_markdown(f"Latency: {joined(map(_latency, found.latency))}")]
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


def _last(found: Comparison) -> Text:
    worse = [change for change in found.rules if change.kind == "worse"]
    failing: list[str] = [change.rule for change in worse if change.fails]
    if found.unjudged:
        lost = found.unjudged
        named = listed(change.rule for change in lost)
        many = Text("compare.musts", number=len(lost))
        failing.append(Text("compare.lost", rules=named if len(lost) <= _MOST_NAMED else many))
    if found.judged_nothing:
        return Text("compare.judged-nothing")
    if failing:
        return Text("compare.failing", rules=tuple(failing))
    if worse:
        return Text("compare.should-worse", rules=tuple(change.rule for change in worse))
    return Text("compare.nothing-worse")


def _found(finding: Found) -> Text:
    return Text(
        "compare.finding", rule=finding.rule, callback=finding.callback, case=finding.case, actual=finding.actual
    )


def _latency(row: LatencyChange) -> Text:
    if row.change == "unknown":
        return Text("compare.not-comparable", measure=row.measure)
    assert row.old_s is not None
    assert row.new_s is not None
    told = Text(f"compare.{row.change}")
    return Text("compare.took", measure=row.measure, old_ms=row.old_s * 1000, new_ms=row.new_s * 1000, change=told)


def _cells(change: RuleChange) -> tuple[str, ...]:
    verdict = f"{change.old} → {change.new}"
    return (_TITLES[change.kind], change.rule, change.level, verdict, change.statement, change.reason)


def _table(head: Sequence[str], rows: Sequence[RuleChange]) -> list[str]:
    if not rows:
        return []
    told = [f"| {' | '.join(in_markdown(cell) for cell in _cells(row))} |" for row in rows]
    return ["", f"| {' | '.join(head)} |", "|" + "---|" * len(head), *told]
