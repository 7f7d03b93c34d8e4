"""Terminal output of a run: progress, then verdicts by chapter, then each finding."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from callback_contract.contract_tests.model.verdicts import RuleResult
from callback_contract.contract_tests.reporting.formats.profile_words import judged_names, profiles_line, unjudged_names
from callback_contract.contract_tests.reporting.model.accepted import accepted_lines
from callback_contract.contract_tests.reporting.model.outcome import outcome
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.contract_tests.reporting.terminal.findings import STYLES, show_findings
from callback_contract.contract_tests.runner.events import DeliverySent, Event, RuleJudged, RuleStarted, RunStarted
from callback_contract.contract_tests.runner.planning import Plan
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Catalogue
from callback_contract.openapi.text.plural import counted

__all__ = ["Bar", "console", "show_plan", "show_report"]

_WORDS = {
    "conformant": "conformant",
    "broken": "not conformant",
    "nothing": "nothing could be judged",
    "error": "the run had an error",
}
_PIPE_WIDTH = 120
_KINDS = {
    "shared": "judged by the answers to what a rule above delivers; nothing more is sent for it.",
    "connection": "judged by connections of its own, over which nothing is delivered.",
    "not applicable": "not judged in this run; the reason stands below it, once for all that follow with the same.",
}


def console(*, stderr: bool = False) -> Console:
    """A console that shows the same text in a terminal and in a pipe, where it has no colours."""
    stream = (sys.stderr if stderr else sys.stdout) or io.StringIO()  # closed by whoever started us
    width = None if stream.isatty() else _PIPE_WIDTH
    return _Console(file=stream, width=width, highlight=False, emoji=False)


class _Console(Console):
    """One whose reader may go away, as in `| head`: the run goes on, for its reports and its exit code."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        with contextlib.suppress(OSError):  # else what is still in the buffer is complained of at the end
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.file.fileno())
            os.close(nowhere)


class Bar:
    """A progress bar with the rule in hand, shown in a terminal only. A terminal that went away ends no run."""

    def __init__(self, target: Console) -> None:
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            # In a narrow terminal the rule's words give way, and nothing else.
            TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
            expand=True,
            console=target,
            transient=True,
            disable=not target.is_terminal,
        )
        self._task = self._progress.add_task("first contact", total=None)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._progress.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, DeliverySent):
            self._progress.advance(self._task)
        elif isinstance(event, RunStarted):
            self._total(event.deliveries)
        elif isinstance(event, RuleStarted):
            rule = event.rule
            self._progress.update(self._task, description=f"{rule.id}  {escape(rule.statement)}")
        elif isinstance(event, RuleJudged) and event.result.broken:
            self._tell(event.result)

    def _total(self, deliveries: int) -> None:
        with contextlib.suppress(OSError):
            self._progress.start()
            self._progress.update(self._task, total=deliveries)

    def _tell(self, result: RuleResult) -> None:
        style = STYLES[result.verdict.value]
        with contextlib.suppress(OSError):
            self._progress.console.print(
                f"[{style}]{result.verdict.value:5}[/] {result.rule.id}  {escape(result.rule.statement)}"
            )


def show_plan(
    target: Console,
    plans: dict[str, Plan],
    *,
    connecting: frozenset[str],
    pace: str,
    url: str,
    contacts: int,
    catalogue: Catalogue,
) -> None:
    """Prints what a run would send, without sending it.

    Args:
        connecting: Rules that open connections and deliver nothing.
        url: Where to, in words.
        contacts: How many deliveries the first contact takes.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column, justify in (("rule", "left"), ("level", "left"), ("deliveries", "right"), ("statement", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    told, kinds = "", set()
    for rule_id, plan in plans.items():
        rule = catalogue[rule_id]
        kind = "" if plan.deliveries else "connection" if rule_id in connecting else "shared"
        kind = kind if plan.cases else "not applicable"
        kinds.add(kind)
        table.add_row(rule.id, rule.level, kind or str(plan.deliveries), rule.statement)
        if not plan.cases and plan.reason != told:
            told = plan.reason
            table.add_row("", "", "", Text(printable(told), style="dim"))
    total = sum(plan.deliveries for plan in plans.values()) + contacts
    first = "the first contact is one of them" if contacts == 1 else f"{contacts} of them are the first contact"
    target.print(table)
    target.print()
    for kind, meaning in _KINDS.items():
        if kind in kinds:
            target.print(f"{kind}: {meaning}", soft_wrap=True)
    idle = sum(not plan.cases for plan in plans.values())
    without = f" ({idle} not applicable)" if idle else ""
    count = counted(total, "delivery", "deliveries")
    target.print(f"{counted(len(plans), 'rule')}{without}, {count} to {url} ({first}); {pace}.")
    target.print(
        "A broken rule sends up to three of its cases again, a flaky case up to four times. Nothing was sent now."
    )


def show_report(
    target: Console,
    report: Report,
    catalogue: Catalogue,
    directory: Path | None = None,
    *,
    at_length: bool = False,
    quiet: bool = False,
) -> None:
    """Prints a report, which is going to stand in the directory: verdicts by chapter, findings, and its sum.

    Args:
        at_length: Whether each finding is told in full, also where one cause breaks many rules.
        quiet: Whether rules that nothing is to be done about are left out.
    """
    value = report.value
    for chapter, title in catalogue.chapters.items():
        rules = [rule for rule in value["rules"] if rule["chapter"] == chapter and not (quiet and _is_quiet(rule))]
        if rules:
            target.print(f"\n[bold]{chapter}  {escape(title)}[/]")
        told = ""
        for rule in rules:
            _show_verdict(target, rule, told)
            told = rule["reason"]
    show_findings(target, value, catalogue, directory, at_length=at_length)
    _show_summary(target, value)


def _is_quiet(rule: dict[str, Any]) -> bool:
    return rule["verdict"] in {"not applicable", "blocked"} or (rule["verdict"] == "pass" and not rule["reason"])


def _show_verdict(target: Console, rule: dict[str, Any], told: str) -> None:
    verdict, style = rule["verdict"], STYLES[rule["verdict"]]
    target.print(Text.assemble((f"{verdict:14}", style), f"  {rule['id']:8} {rule['level']:7} {rule['statement']}"))
    if waiver := rule["waiver"]:
        target.print(
            Text(printable(f"{'':16}until {waiver['until']} by {waiver['owner']}: {waiver['reason']}"), style="dim")
        )
    if verdict in {"pass", "not applicable", "blocked"} and rule["reason"] and rule["reason"] != told:
        target.print(Text(f"{'':16}{rule['reason']}", style="dim"))


def _show_summary(target: Console, value: dict[str, Any]) -> None:
    counts: dict[str, int] = {}
    for rule in value["rules"]:
        counts[rule["verdict"]] = counts.get(rule["verdict"], 0) + 1
    run = value["run"]
    urls = value["receiver"].get("urls", {}).values() or [value["receiver"]["url"]]
    tallied = ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "no rule judged"
    judged = f"{' and '.join(dict.fromkeys(urls))}: {tallied}"
    by = (
        f"contract {value['contract']['version']}, depth {run['depth']}, seed {run['seed']}, run {run['id']}, "
        f"{counted(run['deliveries'], 'delivery', 'deliveries')} in {run['duration_s']:.1f} s"
    )
    target.print()
    for line in filter(None, (judged, by, profiles_line(value), _in_a_word(value))):
        target.print(Text(printable(line)), soft_wrap=True)
    for line in accepted_lines(value):
        target.print(Text(line, style="yellow"), soft_wrap=True)
    if value["not_reached"]:
        target.print(Text(f"not reached: {counted(len(value['not_reached']), 'rule')}"))
    if run["incomplete"] and outcome(value) != "incomplete":
        target.print(Text(f"ended early: {run['incomplete']}", style="bold red"), soft_wrap=True)


def _in_a_word(value: dict[str, Any]) -> str:
    """What it comes to, as the other reports say it; a broken SHOULD of a strict run is only told here."""
    result = outcome(value)
    if result == "incomplete":
        return f"incomplete: {value['run']['incomplete']}"
    asked = [name.strip().lower() for name in (value["run"]["options"].get("require") or "").split(",")]
    required = [name for name in asked if name and name not in judged_names(value)]
    also = f"; required and not judged: {', '.join(required)}" if required and result != "nothing" else ""
    if result in _WORDS:
        return _WORDS[result] + also
    if value["exit_code"]:
        return f"not conformant{also}"
    return f"nothing failed; not conformant{_before(value)}"


def _before(value: dict[str, Any]) -> str:
    """What else has to be judged before the word is said, as an end of the sentence."""
    names = unjudged_names(value)
    if not names or any(profile["verdict"] == "not conformant" for profile in value["profiles"]):
        return ""
    verb = "is" if len(names) == 1 else "are"
    named = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f" until {named} {verb} judged"
