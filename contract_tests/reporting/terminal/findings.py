"""Findings in a terminal: shows each cause once, in the order of mending, with all rules that it broke."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.cells import cell_len
from rich.text import Text as Styled

from callback_contract.contract_tests.chapters.checks.information_disclosure import exception_in
from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.contract_tests.receivers.regions import FRAMEWORKS
from callback_contract.contract_tests.reporting.model.causes import Cause, beginning, by_cause, command_of_any
from callback_contract.contract_tests.reporting.model.documentation_links import rule_link
from callback_contract.contract_tests.reporting.model.outcome import broken_rules
from callback_contract.contract_tests.reporting.model.redaction import in_language, said_text
from callback_contract.contract_tests.reporting.model.reproduction import from_here
from callback_contract.contract_tests.reporting.terminal.console import Terminal, cut, verdict_text
from callback_contract.contract_tests.reporting.terminal.excerpts import excerpt
from callback_contract.contract_tests.reporting.terminal.progress import STYLES
from callback_contract.contract_tests.reporting.terminal.steps import story_lines
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Catalogue, Rule
from callback_contract.openapi.text.message import ENGLISH, Text, beside, in_detail, joined, listed

__all__ = ["show_findings"]

_COMPARED = ("expected", "actual")
_MOST_TRIES = 3
_MOST_REMEDIES = 4  # of rules that one answer broke
_FURTHER = re.compile(r"(?<=\.) (?=[A-Z])|(?<=。)")  # behind what to do: examples in other frameworks
_COMMENT = re.compile(r"(?<!\S)(?:#|//) .*")


def show_findings(
    target: Terminal, report: dict[str, Any], catalogue: Catalogue, directory: Path | None, *, at_length: bool
) -> None:
    """Prints every broken rule and error in the order of mending.

    Args:
        directory: Where the report is going to stand.
        at_length: Whether each case is told in full, also where one cause breaks many rules.
    """
    framework, several = report["receiver"].get("framework", ""), len(report["contract"]["callbacks"]) > 1
    causes = list(by_cause(report))
    if at_length:
        first = beginning(report, causes)
        rules = broken_rules(report)
        causes = [Cause(rule) for rule in sorted(rules, key=lambda rule: first is None or rule is not first.rule)]
    shown: dict[str, str] = {}  # the rule below which lines of code stand
    errors = {} if at_length else _by_reason(cause.rule for cause in causes)
    for cause in causes:
        others = errors.get(cause.rule["reason"], [])[1:]
        if cause.rule["id"] in others:
            continue
        _show_rule(target, cause.rule, catalogue[cause.rule["id"]], at_length=at_length, several=several)
        if others:
            target.paragraph(target.words(Text("terminal.same-error", rules=listed(others))), indent=2)
        if cause.rule["findings"]:
            _show_remedy(target, cause.rule, catalogue, framework, shown)
        source = catalogue[cause.rule["id"]].source
        _show_commands(target, cause.rule, source, directory, at_length=at_length)
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


def _show_rule(target: Terminal, rule: dict[str, Any], row: Rule, *, at_length: bool, several: bool) -> None:
    """Prints what a rule says, how many cases broke it, and one of them or all.

    Args:
        several: Whether several callbacks are judged, so that each case names its own.
    """
    words = target.words
    head = in_detail(f"{row.id} {row.level}", row.statement)
    verdict = words(verdict_text(rule["verdict"]))
    target.put("")
    target.paragraph(
        Styled.assemble(
            (f"{verdict} ", STYLES[rule["verdict"]]),
            (f"{row.id} ", "bold"),
            words(head).removeprefix(f"{row.id} "),
        )
    )
    findings, reason = rule["findings"], in_language(rule, "reason", target.language) if rule["reason"] else ""
    cases = [_case(target, finding, several=several) for finding in findings]
    counted = words(Text("terminal.broke-with", reason=reason, what="")) if reason else ""
    is_short = bool(findings) and not at_length and cell_len(counted + cases[0]) <= target.width - 3
    for line in [] if is_short else reason.splitlines():  # an error's remedy stands below it
        target.paragraph(printable(line.strip()), indent=2)
    for number, finding in enumerate(findings if at_length else findings[:1]):
        before = f"{number + 1}. " if at_length else counted * is_short
        heading = Styled(printable(before + cases[number]), style="bold")
        if not at_length:
            others = _also(target, finding, findings[1:], target.width - 3 - cell_len(heading.plain))
            heading.append(others, style="not bold")
        target.paragraph(heading, indent=2)
        _show_finding(target, finding, is_of_tries=row.side == "sender")


def _show_commands(
    target: Terminal, rule: dict[str, Any], source: str, directory: Path | None, *, at_length: bool
) -> None:
    """Prints where a rule comes from, as much of it as a line takes, and what plays its findings again."""
    commands = dict.fromkeys(finding["reproduce"] for finding in rule["findings"][: None if at_length else 1])
    if not commands:
        return
    again = target.words(Text("terminal.reproduce"))
    parts = re.findall("[^;；]+[;；]? ?", source)
    whole = ["".join([*parts[:many], *["…"] * (many < len(parts))]) for many in range(len(parts), 0, -1)]
    told = [f"{target.words(Text('terminal.source'))}{each}" for each in whole]
    room = target.width - 6 - cell_len(again)
    said = next((each for each in told if cell_len(each) <= room), cut(told[0], room))
    target.paragraph(Styled.assemble((said, "dim"), " · ", again), indent=2)
    for command in commands:
        # A command stands alone, since it is there to be pasted.
        target.command(from_here(command, directory), indent=2)


def _show_remedy(
    target: Terminal, rule: dict[str, Any], catalogue: Catalogue, framework: str, shown: dict[str, str]
) -> None:
    """Prints what to change, what the contract says of it, and the lines of a framework as its starter has them.

    Args:
        shown: The rule below which lines of code stand; they are not shown again.
    """
    code, own = rule.get("code", "") if framework else "", rule["id"]
    remedy = catalogue[own].remedy_when(rule.get("seen", ""))
    said: list[str] = [_FURTHER.split(remedy)[0] if code else remedy]
    if "hint" in rule:
        said.append(Text("terminal.sentence", said=said_text(rule, "hint")))
    if code:
        starter, above = FRAMEWORKS[framework], shown.setdefault(code, own)
        key = "in-framework" if above == own else "in-framework-above"
        said.append(Text(f"terminal.{key}", framework=starter.framework, name=starter.name, rule=above))
    text = printable(target.words(beside(said)))
    target.paragraph(Styled.assemble((target.words(Text("terminal.remedy")), "bold"), text), indent=2)
    if code and above == own:
        for line in _fitting(code.splitlines(), target.width - 4):
            target.put(cut(f"    {line}", target.width))


def _fitting(code: list[str], width: int) -> Iterator[str]:
    """Lines of code; where one is wider, its comment gives way, and a line that is a comment is broken."""
    for line in code:
        if cell_len(line) < width:
            yield line
        elif whole := _COMMENT.fullmatch(line.lstrip()):
            indent, sign = line[: len(line) - len(whole[0])], whole[0].split(" ", 1)[0]
            yield from textwrap.wrap(whole[0], width - 1, initial_indent=indent, subsequent_indent=f"{indent}{sign} ")
        else:
            yield _COMMENT.sub("", line).rstrip()


def _case(target: Terminal, finding: dict[str, Any], *, several: bool) -> str:
    """The case of a finding; its callback, too, where it is one of several."""
    case = in_language(finding, "case", target.language)
    what = Text("terminal.with-case", callback=finding["callback"], case=case) if several else case
    if not finding["repeated"]:
        what = Text("terminal.flaky-case", what=what, broke=finding["broke"], tries=finding["tries"])
    return printable(target.words(what))


def _show_finding(target: Terminal, finding: dict[str, Any], *, is_of_tries: bool) -> None:
    """Prints what happened in one case.

    Args:
        is_of_tries: Whether its exchanges are tries of a sender, which count together.
    """
    words = target.words
    steps = list(story_lines(finding["timeline"])) if "timeline" in finding and len(finding["exchanges"]) > 1 else []
    for step in steps:
        target.paragraph(printable(words(step)), indent=2, hanging=3)
    tries = _MOST_TRIES if is_of_tries else 0
    for line in [] if steps and _is_acknowledged(finding) else _exchange_lines(target, finding, tries):
        target.put(cut(f"  {line}", target.width))
    told = [printable(in_language(finding, member, target.language)) for member in ("expected", "actual")]
    expected, actual = (words(Text(f"terminal.{name}", what=what)) for name, what in zip(_COMPARED, told, strict=True))
    both = words(Text("terminal.expected-and-actual", expected=told[0], actual=told[1]))
    for line in [both] if steps and cell_len(both) < target.width - 2 else [expected, actual]:
        target.paragraph(line, indent=2)


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
        yield from _exchange_pair(target, finding, exchange, after)
    if tries:
        return
    failed = [exchange for exchange in exchanges if _status(exchange) >= 500]
    exchange = exchanges[-1]
    if "timeline" in finding:
        exchange = next((each for each in exchanges if _status(each) >= 300), exchanges[0])
    elif failed and _status(exchange) < 300:  # of a burst
        exchange = failed[0]
    yield from _exchange_pair(target, finding, exchange)


def _exchange_pair(
    target: Terminal, finding: Mapping[str, Any], exchange: Mapping[str, Any], after: str = ""
) -> Iterator[str]:
    path = urlsplit(exchange["url"])._replace(scheme="", netloc="").geturl() or "/"
    sent = f"> {after}{exchange['method']} {path}  "
    yield sent + excerpt(finding, exchange, target.width - cell_len(sent) - 2)
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
