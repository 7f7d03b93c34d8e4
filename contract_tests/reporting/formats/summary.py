"""Markdown summary: renders `summary.md`, which a reviewer reads beside a pipeline's result."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from callback_contract.contract_tests.reporting.formats.profile_words import profiles_said
from callback_contract.contract_tests.reporting.formats.words import plain
from callback_contract.contract_tests.reporting.model.accepted import accepted_lines
from callback_contract.contract_tests.reporting.model.documentation_links import Link, rule_link
from callback_contract.contract_tests.reporting.model.inert import as_text
from callback_contract.contract_tests.reporting.model.outcome import broken_rules, counts, not_judged, outcome
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.plural import counted
from callback_contract.openapi.text.printable import broken

__all__ = ["append_to_step_summary", "escaped", "summary_md"]

_LONGEST_CELL = 300
_MOST_ROWS = 100
_MOST_NOTES = 10
_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_SIGNS = {"conformant": "✅", "broken": "❌", "error": "❗"}
_MARKS = re.compile(r"([\\`*_{}\[\]#!|~$^])")


def summary_md(report: dict[str, Any]) -> str:
    """Writes a report as a page of GitHub-flavoured Markdown; for CI runners, too, a receiver's words are text."""
    run, result = report["run"], outcome(report)
    tallied = ", ".join(f"{count} {verdict}" for verdict, count in counts(report).items()) or "no rule judged"
    lines = [
        f"## {_SIGNS.get(result, '⚠️')} {plain(result)[0]}: {escaped(report['receiver']['name'])}",
        "",
        f"**{tallied}** · {counted(run['deliveries'], 'delivery', 'deliveries')} in {run['duration_s']:.1f} s · "
        f"{escaped(report['contract']['title'])} {escaped(report['contract']['version'])} · "
        f"{report['kit']['name']} {escaped(report['kit']['version'])} · depth {run['depth']}, seed {run['seed']} · "
        f"run {run['id']}",
        "",
    ]
    lines += [*(f"- {escaped(said)}" for said in profiles_said(report)), ""] if report["profiles"] else []
    for name, url in report["receiver"].get("urls", {}).items():
        lines.append(f"- {escaped(name)} at {escaped(url)}")
    lines += [""] if "urls" in report["receiver"] else []
    if run["incomplete"]:
        lines += [f"**The run ended early:** {escaped(run['incomplete'])}", ""]
    rules = broken_rules(report)
    if rules:
        lines += ["| verdict | rule | what it says | what happened | what to change |", "|---|---|---|---|---|"]
        lines += [_row(rule, rule_link(report, rule["id"])) for rule in rules[:_MOST_ROWS]]
        lines += [f"\n{len(rules) - _MOST_ROWS} more stand in report.json." if len(rules) > _MOST_ROWS else "", ""]
        commands = list(dict.fromkeys(f["reproduce"] for rule in rules for f in rule["findings"][:1]))
        lines += ["<details><summary>Play these findings again</summary>", "", *_fenced(commands), "", "</details>", ""]
    for reason, rules in not_judged(report).items():
        lines.append(f"- not judged: {', '.join(rule['id'] for rule in rules)}: {escaped(reason)}")
    lines += [f"- {escaped(line)}" for line in accepted_lines(report)]
    lines += _notes(report.get("notes", []))
    if report["not_reached"]:
        lines.append(f"- not reached: {counted(len(report['not_reached']), 'rule')}")
    return broken("\n".join(lines).rstrip()) + "\n"


def _notes(notes: list[dict[str, Any]]) -> list[str]:
    """What is said of the contract beside the verdicts."""
    told = [
        f"{note['callback']} ({note['about']}): {note['text']}" if "callback" in note else note["text"]
        for note in notes
    ]
    more = (
        [f"and {len(told) - _MOST_NOTES} more notes on the contract in report.json"] if len(told) > _MOST_NOTES else []
    )
    return [f"- {escaped(line)}" for line in (*told[:_MOST_NOTES], *more)]


def _row(rule: dict[str, Any], link: Link | None) -> str:
    finding = rule["findings"][0] if rule["findings"] else None
    happened = f"{finding['case']}: {finding['actual']}" if finding else rule["reason"]
    more = f" ({rule['reason']})" if finding and rule["reason"] else ""
    name = escaped(f"{rule['id']} {rule['level']}")
    cells = [escaped(cell) for cell in (rule["verdict"], rule["statement"], happened + more, rule["remedy"])]
    cells.insert(1, f"[{name}](<{link('en')}>)" if link else name)
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """A text that Markdown shows as it is: no markup, no link, no mention of a person or an issue, one line."""
    short = text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
    return as_text(printable(" ".join(short.split())), _MARKS)


def _fenced(lines: list[str]) -> list[str]:
    """A block of code whose fence no line of it can close."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}sh", *(printable(part) for line in lines for part in line.split("\n")), fence]


def append_to_step_summary(text: str) -> None:
    """Appends to the page that GitHub Actions shows of a step, where there is one; no verdict hangs on it."""
    file = os.environ.get(_STEP_SUMMARY)
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8") as page:
            page.write(text + "\n")
    except OSError as error:
        sys.stderr.write(f"the summary could not be appended to ${_STEP_SUMMARY}: {error.strerror}\n")
