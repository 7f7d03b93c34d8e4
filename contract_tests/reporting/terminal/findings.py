"""Findings in a terminal: shows each cause once, in the order of mending, with all rules that it broke."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.text import Text as Styled

from callback_contract.contract_tests.chapters.checks.information_disclosure import exception_in
from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.receivers import Receiver
from callback_contract.contract_tests.receivers.regions import FRAMEWORKS
from callback_contract.contract_tests.reporting.model.causes import Cause, by_cause, command_of_any
from callback_contract.contract_tests.reporting.model.documentation_links import rule_link
from callback_contract.contract_tests.reporting.model.outcome import broken_rules
from callback_contract.contract_tests.reporting.model.redaction import in_language
from callback_contract.contract_tests.reporting.model.reproduction import from_here
from callback_contract.contract_tests.reporting.terminal.console import Terminal, cut, verdict_text
from callback_contract.contract_tests.reporting.terminal.progress import STYLES
from callback_contract.contract_tests.reporting.terminal.steps import story_lines
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Catalogue, Rule
from callback_contract.openapi.text.message import ENGLISH, Text, in_detail, joined, listed

__all__ = ["show_findings"]

_MOST_TRIES = 3
_MOST_REMEDIES = 4  # of rules that one answer broke
_COMMENT = re.compile(r"(?<!\S)(?:#|//) .*")


def show_findings(
    target: Terminal, report: dict[str, Any], catalogue: Catalogue, directory: Path | None, *, at_length: bool
) -> None:
    """Prints every broken rule and error in the order of mending.

    Args:
        directory: Where the report is going to stand.
        at_length: Whether each case is told in full, also where one cause breaks many rules.
    """
    framework = report["receiver"].get("framework", "")
    causes = [Cause(rule) for rule in broken_rules(report)] if at_length else by_cause(report)
    shown: dict[str, str] = {}  # the rule below which lines of code stand
    errors = {} if at_length else _by_reason(cause.rule for cause in causes)
    for cause in causes:
        others = errors.get(cause.rule["reason"], [])[1:]
        if cause.rule["id"] in others:
            continue
        _show_rule(target, cause.rule, catalogue[cause.rule["id"]], directory, at_length=at_length)
        if others:
            target.paragraph(target.words(Text("terminal.same-error", rules=listed(others))), indent=2)
        if framework and (code := cause.rule.get("code", "")):
            above = shown.setdefault(code, cause.rule["id"])
            _show_code(target, code, FRAMEWORKS[framework], above=above if above != cause.rule["id"] else "")
        _show_commands(target, cause.rule, directory, at_length=at_length)
        if link := rule_link(report, cause.rule["id"]):
            documentation = target.words(Text("terminal.documentation"))
            target.put(Styled.assemble("  ", (documentation, "bold"), link(target.language)))
        if cause.more:
            _show_more(target, cause, catalogue, directory)


def _by_reason(rules: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """The rules that ended with an error, by its words: one broken read-back ends all that need it."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        if rule["verdict"] == Verdict.ERROR and not rule["findings"]:
            found.setdefault(rule["reason"], []).append(rule["id"])
    return found


def _show_more(target: Terminal, cause: Cause, catalogue: Catalogue, directory: Path | None) -> None:
    answered = "answer" in cause.rule["findings"][0]["exchanges"][0]
    what = Text(f"terminal.more-by-{'answer' if answered else 'silence'}", count=len(cause.more))
    target.paragraph(Styled(target.words(what), style="bold"), indent=2)
    by_remedy: dict[str, list[dict[str, Any]]] = {}
    for rule in cause.more:
        by_remedy.setdefault(rule["remedy"], []).append(rule)
    told = list(by_remedy.items())
    for remedy, rules in told[:_MOST_REMEDIES]:
        is_same = remedy == cause.rule["remedy"]
        said = Text("terminal.same-remedy") if is_same else _remedy(target, rules[0], catalogue)
        is_apart = len(rules) == 1 and not is_same  # it may be another mistake
        names = listed(_named(target, rule, cause, with_case=is_apart) for rule in rules)
        target.paragraph(printable(target.words(in_detail(names, said))), indent=5)
    rest = [rule["id"] for _, rules in told[_MOST_REMEDIES:] for rule in rules]
    if rest:
        target.paragraph(target.words(Text("terminal.of-other-remedies", rules=listed(rest))), indent=5)
    target.paragraph(target.words(Text("terminal.play-one")), indent=5)
    # One of them runs as it is printed; the others differ in the rule's id.
    commands = [rule["findings"][0]["reproduce"] for rule in cause.more]
    for line in commands[:1] if command_of_any(cause) else commands:
        target.command(from_here(line, directory), indent=5)


def _remedy(target: Terminal, rule: dict[str, Any], catalogue: Catalogue) -> str:
    remedy: str = rule["remedy"]
    return remedy if target.language == ENGLISH else catalogue[rule["id"]].remedy_when(rule.get("seen", ""))


def _named(target: Terminal, rule: dict[str, Any], cause: Cause, *, with_case: bool) -> Text | str:
    """A rule by its id, with its verdict where that is another one."""
    verdict = verdict_text(rule["verdict"]) if rule["verdict"] != cause.rule["verdict"] else ""
    case = in_language(rule["findings"][0], "case", target.language) if with_case and rule["findings"] else ""
    told = listed(filter(None, (verdict, case)))
    return Text("terminal.in-brackets", what=rule["id"], more=told) if told else rule["id"]


def _show_rule(target: Terminal, rule: dict[str, Any], row: Rule, directory: Path | None, *, at_length: bool) -> None:
    words = target.words
    head = in_detail(f"{row.id} {row.level}", row.statement)
    verdict = words(verdict_text(rule["verdict"]))
    target.put("")
    target.paragraph(
        Styled.assemble(
            (f"{verdict} ", STYLES[rule["verdict"]]), (f"{row.id} ", "bold"), words(head).removeprefix(f"{row.id} ")
        )
    )
    target.paragraph(Styled(f"{words(Text('terminal.source'))}{row.source}", style="dim"), indent=2)
    if rule["reason"]:
        for line in in_language(rule, "reason", target.language).splitlines():  # an error's remedy stands below it
            target.paragraph(printable(line.strip()), indent=2)
    findings = rule["findings"]
    for number, finding in enumerate(findings if at_length else findings[:1], 1):
        others = [] if at_length else findings[1:]
        _show_finding(target, number if at_length else 0, finding, others, is_of_tries=row.side == "sender")
    if findings:
        if "hint" in rule:
            target.paragraph(printable(in_language(rule, "hint", target.language)), indent=2)
        remedy = row.remedy_when(rule.get("seen", ""))
        target.paragraph(Styled.assemble((words(Text("terminal.remedy")), "bold"), remedy), indent=2)


def _show_commands(target: Terminal, rule: dict[str, Any], directory: Path | None, *, at_length: bool) -> None:
    commands = dict.fromkeys(finding["reproduce"] for finding in rule["findings"][: None if at_length else 1])
    if commands:
        target.paragraph(target.words(Text("terminal.reproduce")), indent=2)
    for command in commands:
        # A command stands alone, since it is there to be pasted.
        target.command(from_here(command, directory), indent=2)


def _show_code(target: Terminal, code: str, starter: Receiver, *, above: str) -> None:
    """Prints the lines to change, as the starter has them, or the rule above that has shown them."""
    where = Text("terminal.in-framework", framework=starter.framework, name=starter.name)
    if above:
        where = Text("terminal.in-framework-above", framework=starter.framework, rule=above)
    target.paragraph(target.words(where), indent=2)
    if above:
        return
    for line in _fitting(code.splitlines(), target.width - 4):
        target.put(cut(f"    {line}", target.width))


def _fitting(code: list[str], width: int) -> Iterator[str]:
    """Lines of code; where one is wider, its comment gives way."""
    for line in code:
        kept = line if cell_len(line) < width else _COMMENT.sub("", line).rstrip()
        if kept or not line:
            yield kept


def _show_finding(
    target: Terminal, number: int, finding: dict[str, Any], others: list[dict[str, Any]], *, is_of_tries: bool
) -> None:
    """Prints what happened in one case, and which other cases broke the rule.

    Args:
        is_of_tries: Whether its exchanges are tries of a sender, which count together.
    """
    words = target.words
    case = in_language(finding, "case", target.language)
    what = Text("terminal.with-case", callback=finding["callback"], case=case)
    if not finding["repeated"]:
        what = Text("terminal.flaky-case", what=what, broke=finding["broke"], tries=finding["tries"])
    heading = Styled(f"{f'{number}. ' if number else ''}{printable(words(what))}", style="bold")
    heading.append(_also(target, finding, others, target.width - 3 - cell_len(heading.plain)), style="not bold")
    target.paragraph(heading, indent=2)
    steps = list(story_lines(finding["timeline"])) if "timeline" in finding and len(finding["exchanges"]) > 1 else []
    for step in steps:
        target.paragraph(printable(words(step)), indent=2, hanging=3)
    tries = _MOST_TRIES if is_of_tries else 0
    for line in [] if steps and _is_acknowledged(finding) else _exchange_lines(target, finding, tries):
        target.put(cut(f"  {line}", target.width))
    for member in ("expected", "actual"):
        told = printable(in_language(finding, member, target.language))
        target.paragraph(words(Text(f"terminal.{member}", what=told)), indent=2)


def _also(target: Terminal, finding: Mapping[str, Any], others: list[dict[str, Any]], width: int) -> str:
    """Which other cases broke the rule, as many as a line takes."""
    cases = [in_language(other, "case", target.language) for other in others if other["case"] != finding["case"]]
    told = (Text("terminal.broken-too", cases=joined(cases[:many])) for many in range(len(cases), 0, -1))
    return next((said for each in told if cell_len(said := printable(target.words(each))) <= width), "")


def _is_acknowledged(finding: Mapping[str, Any]) -> bool:
    """Whether every delivery was: then the steps of its story say all that the answers do."""
    return all(_status(exchange) < 300 for exchange in finding["exchanges"])


def _exchange_lines(target: Terminal, finding: Mapping[str, Any], tries: int) -> Iterator[str]:
    """The exchange that broke, as far as the answers say which of several it was; or so many tries."""
    exchanges = finding["exchanges"]
    if not exchanges:
        return
    for number, exchange in enumerate(exchanges[:tries]):
        after = f"+{exchange['offset_s'] - exchanges[0]['offset_s']:.1f} s " if number else ""
        yield from _exchange_pair(target, exchange, after)
    if tries:
        return
    failed = [exchange for exchange in exchanges if _status(exchange) >= 500]
    exchange = exchanges[-1]
    if "timeline" in finding:
        exchange = next((each for each in exchanges if _status(each) >= 300), exchanges[0])
    elif failed and _status(exchange) < 300:  # of a burst
        exchange = failed[0]
    yield from _exchange_pair(target, exchange)


def _exchange_pair(target: Terminal, exchange: Mapping[str, Any], after: str = "") -> Iterator[str]:
    yield f"> {after}{exchange['method']} {exchange['url']}  {exchange['body']}"
    yield f"< {exchange['elapsed_s'] * 1000:.0f} ms  {_came(target, exchange)}"


def _status(exchange: Mapping[str, Any]) -> int:
    """The status of its answer; where none came, more than any status."""
    return int(exchange["answer"]["status"]) if "answer" in exchange else 1000


def _came(target: Terminal, exchange: Mapping[str, Any]) -> str:
    """The answer, of a stack trace in it the exception; or why there is none."""
    answer = exchange.get("answer")
    if answer is None:
        why = Text(f"terminal.silence-{exchange['no_answer']['kind']}")
        return target.words(Text("terminal.no-answer", why=why))
    return f"{answer['status']}  {exception_in(answer['body']) or answer['body']}"
