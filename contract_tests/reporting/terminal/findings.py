"""Findings in a terminal: shows each cause once in full, with all rules that it broke."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.text import Text as Styled

from callback_contract.contract_tests.reporting.model.causes import Cause, by_cause, command_of_any
from callback_contract.contract_tests.reporting.model.documentation_links import rule_link
from callback_contract.contract_tests.reporting.model.redaction import in_language
from callback_contract.contract_tests.reporting.model.reproduction import from_here
from callback_contract.contract_tests.reporting.terminal.console import Terminal, verdict_text
from callback_contract.contract_tests.reporting.terminal.steps import story_lines
from callback_contract.mock_server.wire.curl import FRESH_RUN
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Catalogue, Rule
from callback_contract.openapi.text.message import ENGLISH, Text, in_detail, listed

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
    target: Terminal, report: dict[str, Any], catalogue: Catalogue, directory: Path | None, *, at_length: bool
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
            documentation = target.words(Text("terminal.documentation"))
            target.print(Styled.assemble("  ", (documentation, "bold"), link(target.language)), soft_wrap=True)
        if rule["id"] in told and told[rule["id"]].more and not at_length:
            _show_more(target, told[rule["id"]], catalogue, directory)


def _show_more(target: Terminal, cause: Cause, catalogue: Catalogue, directory: Path | None) -> None:
    answered = "answer" in cause.rule["findings"][0]["exchanges"][0]
    what = Text(f"terminal.more-by-{'answer' if answered else 'silence'}", count=len(cause.more))
    target.print(Styled(f"  {target.words(what)}", style="bold"))
    by_remedy: dict[str, list[dict[str, Any]]] = {}
    for rule in cause.more:
        by_remedy.setdefault(rule["remedy"], []).append(rule)
    for remedy, rules in by_remedy.items():
        is_same = remedy == cause.rule["remedy"]
        told = Text("terminal.same-remedy") if is_same else _remedy(target, rules[0], catalogue)
        is_apart = len(rules) == 1 and not is_same  # it may be another mistake
        names = listed(_named(target, rule, cause, with_case=is_apart) for rule in rules)
        target.print(Styled(_one_line(f"     {target.words(in_detail(names, told))}", target.width)))
    target.print(Styled(f"     {target.words(Text('terminal.play-one'))}"))
    command = command_of_any(cause)
    for line in [command] if command else [rule["findings"][0]["reproduce"] for rule in cause.more]:
        _show_command(target, from_here(line, directory))
    page = "terminal.tells-more" if directory is None else "terminal.tells-more-and-page"
    target.print(Styled(f"     {target.words(Text(page))}"))


def _remedy(target: Terminal, rule: dict[str, Any], catalogue: Catalogue) -> str:
    remedy: str = rule["remedy"]
    return remedy if target.language == ENGLISH else catalogue[rule["id"]].remedy


def _named(target: Terminal, rule: dict[str, Any], cause: Cause, *, with_case: bool) -> Text | str:
    """A rule by its id, with its verdict where that is another one."""
    verdict = verdict_text(rule["verdict"]) if rule["verdict"] != cause.rule["verdict"] else ""
    case = in_language(rule["findings"][0], "case", target.language) if with_case and rule["findings"] else ""
    told = listed(filter(None, (verdict, case)))
    return Text("terminal.in-brackets", what=rule["id"], more=told) if told else rule["id"]


def _show_findings(target: Terminal, rule: dict[str, Any], row: Rule, directory: Path | None) -> None:
    style, words = STYLES[rule["verdict"]], target.words
    head = in_detail(f"{row.id} {row.level}", row.statement)
    verdict = words(verdict_text(rule["verdict"]))
    target.print()
    target.print(
        Styled.assemble((f"{verdict} ", style), (f"{row.id} ", "bold"), words(head).removeprefix(f"{row.id} "))
    )
    target.print(Styled(f"  {words(Text('terminal.source'))}{row.source}", style="dim"))
    if rule["reason"]:
        target.print(_hanging(Styled(in_language(rule, "reason", target.language)), 2))
    told: set[tuple[str, str]] = set()
    for number, finding in enumerate(rule["findings"], 1):
        same = (finding["expected"], finding["actual"])
        _show_finding(target, number, finding, directory, brief=same in told)
        told.add(same)
    if rule["findings"]:
        target.print(_hanging(Styled.assemble((words(Text("terminal.remedy")), "bold"), row.remedy), 2))


def _show_finding(
    target: Terminal, number: int, finding: dict[str, Any], directory: Path | None, *, brief: bool
) -> None:
    words = target.words
    case = in_language(finding, "case", target.language)
    what = Text("terminal.with-case", callback=finding["callback"], case=case)
    if not finding["repeated"]:
        what = Text("terminal.flaky-case", what=what, broke=finding["broke"], tries=finding["tries"])
    target.print(Styled(f"  {number}. {words(what)}", style="bold"))
    if brief:  # the whole of it stands in report.json
        target.print(Styled(f"     {words(Text('terminal.same-again'))}"))
        return
    if "timeline" in finding and len(finding["exchanges"]) > 1:
        for step in story_lines(finding["timeline"]):
            target.print(Styled(_one_line(f"     {words(step)}", target.width)))
    for exchange in finding["exchanges"][-3:] if "timeline" not in finding else finding["exchanges"][:1]:
        answer = exchange.get("answer")
        came = f"{answer['status']}  {answer['body']}" if answer else words(_silence(exchange["no_answer"]["kind"]))
        took = f"{exchange['elapsed_s'] * 1000:.0f} ms"
        for line in (f"> {exchange['method']} {exchange['url']}  {exchange['body']}", f"< {took}  {came}"):
            target.print(Styled(_one_line(f"     {line}", target.width)))
    for member in ("expected", "actual"):
        told = printable(in_language(finding, member, target.language))
        target.print(Styled(f"     {words(Text(f'terminal.{member}', what=told))}"))
    # A command stands alone, since it is there to be pasted.
    target.print(Styled(f"     {words(Text('terminal.reproduce'))}"))
    _show_command(target, from_here(finding["reproduce"], directory))
    if "curl" in finding:
        is_fresh = finding["curl"].startswith(FRESH_RUN)
        target.print(
            Styled(f"     {words(Text('terminal.one-fresh-delivery' if is_fresh else 'terminal.one-delivery'))}")
        )
        _show_command(target, finding["curl"])


def _silence(kind: str) -> Text:
    return Text("terminal.no-answer", why=Text(f"terminal.silence-{kind}"))


def _show_command(target: Terminal, command: str) -> None:
    """Prints a command as it is: a text of rich's would lose its tabs, and a wrap is no part of it."""
    target.out(f"     {command}", highlight=False)


def _hanging(text: Styled, indent: int) -> Padding:
    """A paragraph whose further lines are as far in as its first."""
    return Padding(text, (0, 0, 0, indent), expand=False)


def _one_line(text: str, width: int) -> str:
    """What fits in a line; whatever moves a cursor or shows nothing is written as its escape."""
    visible = printable(text[:width])
    return visible if len(visible) < width else f"{visible[: width - 1]}…"
