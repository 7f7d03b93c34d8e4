"""Findings in a terminal: shows each cause once in full, with all rules that it broke."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from callback_contract.contract_tests.reporting.model.causes import Cause, by_cause, command_of_any
from callback_contract.contract_tests.reporting.model.documentation_links import rule_link
from callback_contract.contract_tests.reporting.model.reproduction import from_here
from callback_contract.contract_tests.reporting.terminal.steps import story_lines
from callback_contract.mock_server.wire.curl import FRESH_RUN
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Catalogue, Rule
from callback_contract.openapi.text.plural import counted

__all__ = ["STYLES", "show_findings"]

STYLES = {
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "flaky": "magenta",
    "not applicable": "dim",
    "blocked": "dim",
    "waived": "cyan",
    "error": "bold red",
}


def show_findings(
    target: Console, report: dict[str, Any], catalogue: Catalogue, directory: Path | None, *, at_length: bool
) -> None:
    """Prints every broken rule and error in the catalogue's order.

    Args:
        directory: Where the report is going to stand.
        at_length: Whether each is told in full, also where one cause breaks many rules.
    """
    told = {cause.rule["id"]: cause for cause in by_cause(report)}
    beside = set() if at_length else {rule["id"] for cause in told.values() for rule in cause.more}
    for rule in report["rules"]:
        if not (rule["findings"] or rule["verdict"] == "error") or rule["id"] in beside:
            continue
        _show_findings(target, rule, catalogue[rule["id"]], directory)
        if link := rule_link(report, rule["id"]):
            target.print(Text.assemble("  ", ("Documentation: ", "bold"), link("en")), soft_wrap=True)
        if rule["id"] in told and told[rule["id"]].more and not at_length:
            _show_more(target, told[rule["id"]], directory)


def _show_more(target: Console, cause: Cause, directory: Path | None) -> None:
    answered = "answer" in cause.rule["findings"][0]["exchanges"][0]
    what = "The same kind of answer" if answered else "The same lack of an answer"
    target.print(Text(f"  {what} broke {counted(len(cause.more), 'more rule')}:", style="bold"))
    by_remedy: dict[str, list[dict[str, Any]]] = {}
    for rule in cause.more:
        by_remedy.setdefault(rule["remedy"], []).append(rule)
    for remedy, rules in by_remedy.items():
        told = "the same remedy" if remedy == cause.rule["remedy"] else remedy
        is_apart = len(rules) == 1 and remedy != cause.rule["remedy"]  # it may be another mistake
        names = ", ".join(_named(rule, cause, with_case=is_apart) for rule in rules)
        target.print(Text(_one_line(f"     {names}: {told}", target.width)))
    target.print(Text("     Play one again:"))
    command = command_of_any(cause)
    for line in [command] if command else [rule["findings"][0]["reproduce"] for rule in cause.more]:
        _show_command(target, from_here(line, directory))
    page = ", as report.html does" if directory is not None else ""
    target.print(Text(f"     `callback-contract rules ID` tells more of each; --all-findings shows all in full{page}."))


def _named(rule: dict[str, Any], cause: Cause, *, with_case: bool) -> str:
    """A rule by its id, with its verdict where that is another one."""
    verdict = rule["verdict"] if rule["verdict"] != cause.rule["verdict"] else ""
    case = rule["findings"][0]["case"] if with_case and rule["findings"] else ""
    told = ", ".join(filter(None, (verdict, case)))
    return f"{rule['id']} ({told})" if told else rule["id"]


def _show_findings(target: Console, rule: dict[str, Any], row: Rule, directory: Path | None) -> None:
    style = STYLES[rule["verdict"]]
    target.print()
    target.print(Text.assemble((f"{rule['verdict']} ", style), (f"{row.id} ", "bold"), f"{row.level}: {row.statement}"))
    target.print(Text(f"  Source: {row.source}", style="dim"))
    if rule["reason"]:
        target.print(_hanging(Text(rule["reason"]), 2))
    told: set[tuple[str, str]] = set()
    for number, finding in enumerate(rule["findings"], 1):
        same = (finding["expected"], finding["actual"])
        _show_finding(target, number, finding, directory, brief=same in told)
        told.add(same)
    if rule["findings"]:
        target.print(_hanging(Text.assemble(("Remedy: ", "bold"), row.remedy), 2))


def _show_finding(
    target: Console, number: int, finding: dict[str, Any], directory: Path | None, *, brief: bool
) -> None:
    held = "" if finding["repeated"] else f"  (flaky: failed {finding['broke']} of {finding['tries']} tries)"
    target.print(Text(f"  {number}. {finding['callback']}, with {finding['case']}{held}", style="bold"))
    if brief:  # the whole of it stands in report.json
        target.print(Text("     the same, expected and actual"))
        return
    if "timeline" in finding and len(finding["exchanges"]) > 1:
        for step in story_lines(finding["timeline"]):
            target.print(Text(_one_line(f"     {step}", target.width)))
    for exchange in finding["exchanges"][-3:] if "timeline" not in finding else finding["exchanges"][:1]:
        answer = exchange.get("answer")
        came = f"{answer['status']}  {answer['body']}" if answer else f"no answer: {exchange['no_answer']['kind']}"
        took = f"{exchange['elapsed_s'] * 1000:.0f} ms"
        for line in (f"> {exchange['method']} {exchange['url']}  {exchange['body']}", f"< {took}  {came}"):
            target.print(Text(_one_line(f"     {line}", target.width)))
    target.print(Text(f"     Expected: {finding['expected']}"))
    target.print(Text(f"     Actual:   {printable(finding['actual'])}"))
    # A command stands alone, since it is there to be pasted.
    target.print(Text("     Reproduce:"))
    _show_command(target, from_here(finding["reproduce"], directory))
    if "curl" in finding:
        fresh = ", with a fresh id each time" if finding["curl"].startswith(FRESH_RUN) else ""
        target.print(Text(f"     One delivery{fresh}:"))
        _show_command(target, finding["curl"])


def _show_command(target: Console, command: str) -> None:
    """Prints a command as it is: a text of rich's would lose its tabs, and a wrap is no part of it."""
    target.out(f"     {command}", highlight=False)


def _hanging(text: Text, indent: int) -> Padding:
    """A paragraph whose further lines are as far in as its first."""
    return Padding(text, (0, 0, 0, indent), expand=False)


def _one_line(text: str, width: int) -> str:
    """What fits in a line; whatever moves a cursor or shows nothing is written as its escape."""
    visible = printable(text[:width])
    return visible if len(visible) < width else f"{visible[: width - 1]}…"
