"""Decides what a person sees: progress while it runs, then verdicts by chapter, then each finding."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from contract_tests.bench import Listener
from contract_tests.reporting.report import Report
from contract_tests.verdicts import RuleResult
from openapi.catalogue import Catalogue, Rule

__all__ = ["Bar", "console", "show_plan", "show_report"]

_STYLES = {
    "pass": "green", "warn": "yellow", "fail": "bold red", "flaky": "magenta",
    "not applicable": "dim", "waived": "cyan", "error": "bold red",
}
_PIPE_WIDTH = 120
_SHOWN_BODY = 400


def console(*, stderr: bool = False) -> Console:
    """A console that shows the same text in a terminal and in a pipe, where it has no colours."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, emoji=False)


class Bar(Listener):
    """A progress bar with the rule in hand; shown in a terminal only."""

    def __init__(self, target: Console) -> None:
        self._progress = Progress(
            BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.description}"), console=target, transient=True, disable=not target.is_terminal,
        )
        self._task = self._progress.add_task("first contact", total=None)

    def total(self, deliveries: int) -> None:
        """Says how many deliveries there are going to be."""
        self._progress.update(self._task, total=deliveries)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def rule_started(self, rule: Rule) -> None:
        self._progress.update(self._task, description=f"{rule.id}  {escape(rule.statement)}")

    def delivered(self) -> None:
        self._progress.advance(self._task)

    def rule_ended(self, result: RuleResult) -> None:
        if result.broken:
            style = _STYLES[result.verdict.value]
            self._progress.console.print(
                f"[{style}]{result.verdict.value:5}[/] {result.rule.id}  {escape(result.rule.statement)}"
            )


def show_plan(target: Console, plan: dict[str, int], *, pace: str, url: str, catalogue: Catalogue) -> None:
    """Prints what a run would send, without sending it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column, justify in (("rule", "left"), ("level", "left"), ("deliveries", "right"), ("statement", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for rule_id, count in plan.items():
        rule = catalogue[rule_id]
        table.add_row(rule.id, rule.level, str(count) if count else "shared", rule.statement)
    total = sum(plan.values()) + 1
    target.print(table)
    target.print(f"\n{len(plan)} rules, {total} deliveries to {url} (the first contact is one of them); {pace}.")
    target.print("A rule that is broken sends up to three of its cases again. Nothing was sent now.")


def show_report(target: Console, report: Report, catalogue: Catalogue) -> None:
    """Prints a report: verdicts by chapter, findings, and what it comes to."""
    value = report.value
    for chapter, title in catalogue.chapters.items():
        rules = [rule for rule in value["rules"] if rule["chapter"] == chapter]
        if rules:
            target.print(f"\n[bold]{chapter}  {escape(title)}[/]")
            target.print(_chapter_table(rules))
    for rule in value["rules"]:
        if rule["findings"] or rule["verdict"] == "error":
            target.print(_finding_block(rule, catalogue))
    target.print(_summary(value))


def _chapter_table(rules: list[dict[str, Any]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("verdict", no_wrap=True, min_width=14)
    table.add_column("id", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("statement")
    for rule in rules:
        statement = Text(rule["statement"])
        if rule["verdict"] == "not applicable":
            statement.append(f"\n{rule['reason']}", style="dim")
        table.add_row(Text(rule["verdict"], style=_STYLES[rule["verdict"]]), rule["id"], rule["level"], statement)
    return table


def _finding_block(rule: dict[str, Any], catalogue: Catalogue) -> Group:
    style = _STYLES[rule["verdict"]]
    row = catalogue[rule["id"]]
    parts: list[Any] = [
        Text(""),
        Text.assemble((f"{rule['verdict']} ", style), (f"{rule['id']} ", "bold"), f"{rule['level']}: {row.statement}"),
        Text(f"  Source: {row.source}", style="dim"),
    ]
    if rule["reason"]:
        parts.append(Text(f"  {rule['reason']}"))
    for number, finding in enumerate(rule["findings"], 1):
        parts.append(Padding(_one_finding(number, finding), (0, 0, 0, 2)))
    if rule["findings"]:
        parts.append(Text.assemble("  ", ("Remedy: ", "bold"), row.remedy))
    return Group(*parts)


def _one_finding(number: int, finding: dict[str, Any]) -> Group:
    held = "" if finding["repeated"] else "  (held on the second try)"
    lines: list[Any] = [Text(f"{number}. {finding['callback']}, with {finding['case']}{held}", style="bold")]
    for exchange in finding["exchanges"][-3:]:
        sent = f"   > {exchange['method']} {exchange['url']}  {_cut(exchange['body'])}"
        lines.append(Text(sent, no_wrap=True, overflow="ellipsis"))
        answer = exchange.get("answer")
        came = f"{answer['status']}  {_cut(answer['body'])}" if answer else f"no answer: {exchange['no_answer']['kind']}"
        back = f"   < {exchange['elapsed_s'] * 1000:.0f} ms  {came}"
        lines.append(Text(back, no_wrap=True, overflow="ellipsis"))
    lines.append(Text(f"   Expected: {finding['expected']}"))
    lines.append(Text(f"   Actual:   {finding['actual']}"))
    # Commands are never wrapped by us: what is pasted has to be whole.
    lines.append(Text(f"   Reproduce: {finding['reproduce']}", no_wrap=True, overflow="ignore"))
    if "curl" in finding:
        lines.append(Text(f"   One delivery: {finding['curl']}", no_wrap=True, overflow="ignore"))
    return Group(*lines)


def _cut(text: str) -> str:
    visible = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return visible if len(visible) <= _SHOWN_BODY else f"{visible[:_SHOWN_BODY]}…"


def _summary(value: dict[str, Any]) -> Group:
    counts: dict[str, int] = {}
    for rule in value["rules"]:
        counts[rule["verdict"]] = counts.get(rule["verdict"], 0) + 1
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    run = value["run"]
    lines = [
        Text(""),
        Text(f"{value['receiver']['url']}: {told}"),
        Text(
            f"contract {value['contract']['version']}, depth {run['depth']}, seed {run['seed']}, run {run['id']}, "
            f"{run['deliveries']} deliveries in {run['duration_s']:.1f} s"
        ),
        Text("conformant" if value["conformant"] else "not conformant" if value["exit_code"] else
             "nothing failed; conformant only when every rule is selected and every applicable MUST passed"),
    ]
    if run["incomplete"]:
        lines.append(Text(f"incomplete: {run['incomplete']}", style="bold red"))
    return Group(*lines)
