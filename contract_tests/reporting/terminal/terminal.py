"""Terminal output of a run: progress, then verdicts by chapter, then each finding."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

from rich.cells import set_cell_size
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text as Styled

from callback_contract.contract_tests.model.verdicts import RuleResult
from callback_contract.contract_tests.reporting.formats.profile_words import judged_names, profiles_line, unjudged_names
from callback_contract.contract_tests.reporting.model.accepted import accepted_lines
from callback_contract.contract_tests.reporting.model.outcome import outcome
from callback_contract.contract_tests.reporting.model.redaction import in_language, said_text
from callback_contract.contract_tests.reporting.model.report import Report
from callback_contract.contract_tests.reporting.terminal.console import Terminal, console, verdict_text
from callback_contract.contract_tests.reporting.terminal.findings import STYLES, show_findings
from callback_contract.contract_tests.runner.events import (
    DeliverySent,
    Event,
    PaceLearned,
    RuleJudged,
    RuleStarted,
    RunStarted,
)
from callback_contract.contract_tests.runner.planning import Plan
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Catalogue
from callback_contract.openapi.text.message import Text, both_of, in_detail, listed

__all__ = ["Bar", "console", "show_plan", "show_report"]

_MINUTES_FROM_S = 120
_SAID = {"conformant", "broken", "nothing", "error"}
_KINDS = ("shared", "connection", "not-applicable")


class Bar:
    """A progress bar with the rule in hand, shown in a terminal only. A terminal that went away ends no run."""

    def __init__(self, target: Terminal) -> None:
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
        self._target = target
        self._task = self._progress.add_task(target.words(Text("terminal.first-contact")), total=None)

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
            rule = event.rule.in_language(self._target.language)
            self._progress.update(self._task, description=f"{rule.id}  {escape(rule.statement)}")
        elif isinstance(event, RuleJudged) and event.result.broken:
            self._tell(event.result)
        elif isinstance(event, PaceLearned):
            with contextlib.suppress(OSError):
                self._progress.console.print(self._target.words(pace_in_words(event)))

    def _total(self, deliveries: int) -> None:
        with contextlib.suppress(OSError):
            self._progress.start()
            self._progress.update(self._task, total=deliveries)

    def _tell(self, result: RuleResult) -> None:
        rule, style = result.rule.in_language(self._target.language), STYLES[result.verdict.value]
        verdict = set_cell_size(self._target.words(verdict_text(result.verdict.value)), 6).rstrip()
        with contextlib.suppress(OSError):
            self._progress.console.print(f"[{style}]{verdict:5}[/] {rule.id}  {escape(rule.statement)}")


def pace_in_words(event: PaceLearned) -> Text:
    """How long a receiver takes that says that it is too much."""
    seconds, per_second = math.ceil(event.left_s), f"{event.per_second:.2g}"
    if seconds < _MINUTES_FROM_S:
        return Text("terminal.pace-in-seconds", per_second=per_second, left=event.left, seconds=seconds)
    minutes = math.ceil(seconds / 60)
    return Text("terminal.pace-in-minutes", per_second=per_second, left=event.left, minutes=minutes)


def show_plan(
    target: Terminal,
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
    catalogue, words = catalogue.in_language(target.language), target.words
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column, justify in (("rule", "left"), ("level", "left"), ("deliveries", "right"), ("statement", "left")):
        table.add_column(words(Text(f"terminal.column-{column}")), justify=justify)  # type: ignore[arg-type]
    told, kinds = "", set()
    for rule_id, plan in plans.items():
        rule = catalogue[rule_id]
        kind = "" if plan.deliveries else "connection" if rule_id in connecting else "shared"
        kind = kind if plan.cases else "not-applicable"
        kinds.add(kind)
        sent = words(Text(f"terminal.{kind}")) if kind else str(plan.deliveries)
        table.add_row(rule.id, rule.level, sent, rule.statement)
        if not plan.cases and plan.reason != told:
            told = plan.reason
            table.add_row("", "", "", Styled(printable(words(told)), style="dim"))
    target.print(table)
    target.print()
    for kind in _KINDS:
        if kind in kinds:
            target.say(Text(f"terminal.{kind}-means"))
    total = sum(plan.deliveries for plan in plans.values()) + contacts
    idle = sum(not plan.cases for plan in plans.values())
    of_contact = Text("terminal.some-are-first-contact", contacts=contacts)
    target.print(
        words(
            Text(
                "terminal.plan-sum",
                rules=Text("terminal.rules", count=len(plans)),
                without=Text("terminal.of-which-idle", count=idle) if idle else "",
                deliveries=Text("terminal.deliveries", count=total),
                url=url,
                first=Text("terminal.one-is-first-contact") if contacts == 1 else of_contact,
                pace=pace,
            )
        )
    )
    target.print(words(Text("terminal.plan-end")))


def show_report(
    target: Terminal,
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
    value, catalogue = report.value, catalogue.in_language(target.language)
    for chapter, title in catalogue.chapters.items():
        rules = [rule for rule in value["rules"] if rule["chapter"] == chapter and not (quiet and _is_quiet(rule))]
        if rules:
            target.print(f"\n[bold]{chapter}  {escape(title)}[/]")
        told = ""
        for rule in rules:
            _show_verdict(target, rule, catalogue[rule["id"]].statement, told)
            told = rule["reason"]
    show_findings(target, value, catalogue, directory, at_length=at_length)
    _show_summary(target, value)


def _is_quiet(rule: dict[str, Any]) -> bool:
    return rule["verdict"] in {"not applicable", "blocked"} or (rule["verdict"] == "pass" and not rule["reason"])


def _show_verdict(target: Terminal, rule: dict[str, Any], statement: str, told: str) -> None:
    verdict, style = rule["verdict"], STYLES[rule["verdict"]]
    shown = set_cell_size(target.words(verdict_text(verdict)), 14)
    target.print(Styled.assemble((shown, style), f"  {rule['id']:8} {rule['level']:7} {statement}"))
    if waiver := rule["waiver"]:
        until = Text("terminal.waived-until", **{name: waiver[name] for name in ("until", "owner", "reason")})
        target.print(Styled(printable(f"{'':16}{target.words(until)}"), style="dim"))
    if verdict in {"pass", "not applicable", "blocked"} and rule["reason"] and rule["reason"] != told:
        target.print(Styled(f"{'':16}{in_language(rule, 'reason', target.language)}", style="dim"))


def _show_summary(target: Terminal, value: dict[str, Any]) -> None:
    counts: dict[str, int] = {}
    for rule in value["rules"]:
        counts[rule["verdict"]] = counts.get(rule["verdict"], 0) + 1
    run = value["run"]
    urls = value["receiver"].get("urls", {}).values() or [value["receiver"]["url"]]
    tallied = listed(
        Text("terminal.tallied", count=count, verdict=verdict_text(verdict)) for verdict, count in counts.items()
    )
    judged = in_detail(both_of(dict.fromkeys(urls)), tallied or Text("terminal.no-rule-judged"))
    by = Text(
        "terminal.by",
        version=value["contract"]["version"],
        depth=run["depth"],
        seed=run["seed"],
        run=run["id"],
        deliveries=Text("terminal.deliveries", count=run["deliveries"]),
        seconds=run["duration_s"],
    )
    target.print()
    for line in filter(None, (judged, by, profiles_line(value, target.language), _in_a_word(value))):
        target.say(line)
    for line in accepted_lines(value):
        target.say(line, style="yellow")
    if value["not_reached"]:
        target.say(Text("terminal.not-reached", rules=Text("terminal.rules", count=len(value["not_reached"]))))
    if run["incomplete"] and outcome(value) != "incomplete":
        why = in_language(run, "incomplete", target.language)
        target.say(Text("terminal.ended-early", why=why), style="bold red")


def _in_a_word(value: dict[str, Any]) -> Text:
    """What it comes to, as the other reports say it; a broken SHOULD of a strict run is only told here."""
    result = outcome(value)
    if result == "incomplete":
        return Text("terminal.incomplete", why=said_text(value["run"], "incomplete"))
    asked = [name.strip().lower() for name in (value["run"]["options"].get("require") or "").split(",")]
    required = tuple(name for name in asked if name and name not in judged_names(value))
    if result in _SAID or value["exit_code"]:
        said = Text(f"terminal.{result if result in _SAID else 'broken'}")
        is_told = required and result != "nothing"
        return Text("terminal.required-unjudged", said=said, names=required) if is_told else said
    return _nothing_failed(value)


def _nothing_failed(value: dict[str, Any]) -> Text:
    """What else has to be judged before the word is said."""
    names = unjudged_names(value)
    if not names or any(profile["verdict"] == "not conformant" for profile in value["profiles"]):
        return Text("terminal.nothing-failed")
    named = [Text(f"profile.{name}") for name in names]
    last = both_of([listed(named[:-1]), named[-1]] if len(named) > 1 else named)
    return Text("terminal.nothing-failed-until", count=len(names), names=last)
