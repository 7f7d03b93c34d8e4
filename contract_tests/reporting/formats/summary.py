"""Markdown summary: renders `summary.md`, which a reviewer reads beside a pipeline's result."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.reporting.formats.profile_words import profiles_said
from callback_contract.contract_tests.reporting.model.accepted import accepted_lines
from callback_contract.contract_tests.reporting.model.documentation_links import Link, rule_link
from callback_contract.contract_tests.reporting.model.inert import as_text
from callback_contract.contract_tests.reporting.model.outcome import broken_rules, counts, not_judged, outcome
from callback_contract.contract_tests.reporting.model.redaction import in_language, said_text
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.message import ENGLISH, Argument, Text, in_detail, listed, translated
from callback_contract.openapi.text.printable import broken

__all__ = ["RuleTexts", "append_to_step_summary", "escaped", "summary_md"]

RuleTexts: TypeAlias = Mapping[str, Mapping[str, str]]
"""`statement`, `remedy` and the like, by the rule's id."""

_LONGEST_CELL = 300
_MOST_ROWS = 100
_MOST_NOTES = 10
_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_SIGNS = {"conformant": "✅", "broken": "❌", "error": "❗"}
_MARKS = re.compile(r"([\\`*_{}\[\]#!|~$^])")


def summary_md(report: dict[str, Any], language: str = ENGLISH, rules: RuleTexts | None = None) -> str:
    """Writes a report as a page of GitHub-flavoured Markdown; for CI runners, too, a receiver's words are text.

    Args:
        rules: What rules say in that language, by id; what is missing is in English.
    """

    def say(key: str, **arguments: Argument) -> str:
        return Text(f"markdown.{key}", **arguments).in_language(language)

    result = outcome(report)
    lines = [
        f"## {_SIGNS.get(result, '⚠️')} "
        + translated(in_detail(Text(f"page.{result}"), escaped(report["receiver"]["name"])), language),
        "",
        f"**{translated(_tallied(report), language)}** · {translated(_facts(report), language)}",
        "",
    ]
    lines += [*(f"- {escaped(said)}" for said in profiles_said(report, language)), ""] if report["profiles"] else []
    for name, url in report["receiver"].get("urls", {}).items():
        lines.append(f"- {say('goes-to', name=escaped(name), url=escaped(url))}")
    lines += [""] if "urls" in report["receiver"] else []
    if report["run"]["incomplete"]:
        lines += [f"**{say('ended-early')}** {escaped(in_language(report['run'], 'incomplete', language))}", ""]
    broken_ones = broken_rules(report)
    if broken_ones:
        heads = [say(name) for name in ("verdict", "rule", "says", "happened", "change")]
        lines += [f"| {' | '.join(heads)} |", "|---|---|---|---|---|"]
        lines += [_row(report, rule, language, (rules or {}).get(rule["id"], {})) for rule in broken_ones[:_MOST_ROWS]]
        more = len(broken_ones) - _MOST_ROWS
        lines += [f"\n{say('more-rules', count=more)}" if more > 0 else "", ""]
        commands = list(dict.fromkeys(f["reproduce"] for rule in broken_ones for f in rule["findings"][:1]))
        lines += [f"<details><summary>{say('play-again')}</summary>", "", *_fenced(commands), "", "</details>", ""]
    for idle in not_judged(report).values():
        reason = in_language(idle[0], "reason", language)
        lines.append(f"- {say('not-judged', rules=tuple(rule['id'] for rule in idle), reason=escaped(reason))}")
    lines += [f"- {escaped(translated(line, language))}" for line in accepted_lines(report)]
    lines += [f"- {escaped(translated(line, language))}" for line in _notes(report.get("notes", []))]
    if report["not_reached"]:
        count = Text("terminal.rules", count=len(report["not_reached"]))
        lines.append(f"- {translated(Text('terminal.not-reached', rules=count), language)}")
    return broken("\n".join(lines).rstrip()) + "\n"


def _tallied(report: dict[str, Any]) -> Text:
    """How many rules have each verdict."""
    each = [
        Text("terminal.tallied", count=count, verdict=Text(f"verdict.{Verdict(verdict).name.lower()}"))
        for verdict, count in counts(report).items()
    ]
    return listed(each) if each else Text("terminal.no-rule-judged")


def _facts(report: dict[str, Any]) -> Text:
    """What was judged, by what, and how long it took."""
    run, contract, kit = report["run"], report["contract"], report["kit"]
    return Text(
        "markdown.facts",
        deliveries=Text("terminal.deliveries", count=run["deliveries"]),
        seconds=run["duration_s"],
        contract=f"{escaped(contract['title'])} {escaped(contract['version'])}",
        kit=f"{kit['name']} {escaped(kit['version'])}",
        **{name: run[name] for name in ("depth", "seed")},
        run=run["id"],
    )


def _notes(notes: list[dict[str, Any]]) -> list[Text | str]:
    """What is said of the contract beside the verdicts."""
    told: list[Text | str] = []
    for note in notes[:_MOST_NOTES]:
        said = said_text(note, "text")
        named = {"callback": note["callback"], "about": note["about"]} if "callback" in note else {}
        told.append(Text("markdown.note", **named, said=said) if named else said)
    more = len(notes) - _MOST_NOTES
    return [*told, Text("markdown.more-notes", count=more)] if more > 0 else told


def _row(report: dict[str, Any], rule: dict[str, Any], language: str, texts: Mapping[str, str]) -> str:
    link: Link | None = rule_link(report, rule["id"])
    finding = rule["findings"][0] if rule["findings"] else None
    happened = in_language(rule, "reason", language)
    if finding:
        told = {member: said_text(finding, member) for member in ("case", "actual")}
        seen = Text("markdown.happened-in", **told)
        more = said_text(rule, "reason")
        happened = translated(Text("terminal.in-brackets", what=seen, more=more) if more else seen, language)
    name = escaped(f"{rule['id']} {rule['level']}")
    verdict = Text(f"verdict.{Verdict(rule['verdict']).name.lower()}").in_language(language)
    remedy = (texts.get(f"remedy_{rule['seen']}") if "seen" in rule else "") or texts.get("remedy") or rule["remedy"]
    statement = texts.get("statement") or rule["statement"]
    cells = [escaped(cell) for cell in (verdict, statement, happened, remedy)]
    cells.insert(1, f"[{name}](<{link(language)}>)" if link else name)
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
