"""Tables in a terminal: the plan of a run, and the verdict on each rule."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.text import Text as Styled

from callback_contract.contract_tests.reporting.model.redaction import said_text
from callback_contract.contract_tests.reporting.terminal.console import Terminal, verdict_text
from callback_contract.contract_tests.reporting.terminal.progress import STYLES
from callback_contract.contract_tests.runner.planning import Plan
from callback_contract.mock_server.cli.target_options import duration_in_words, pace_in_words
from callback_contract.mock_server.client.pacing import Pace
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.rules.catalogue import Catalogue
from callback_contract.openapi.text.message import Text

__all__ = ["show_plan", "show_verdicts"]

_KINDS = ("shared", "connection", "not-applicable")
_COLUMNS = (("rule", 9), ("level", 8), ("deliveries", 16))


def show_plan(
    target: Terminal,
    plans: dict[str, Plan],
    *,
    connecting: frozenset[str],
    pace: Pace,
    most_at_once: int,
    url: str,
    proxy: str,
    contacts: int,
    catalogue: Catalogue,
) -> None:
    """Prints what a run would send, without sending it.

    Args:
        connecting: Rules that open connections and deliver nothing.
        url: Where to, in words; `proxy` is by which way.
        contacts: How many deliveries the first contact takes.
    """
    catalogue, words = catalogue.in_language(target.language), target.words
    indent = sum(width for _, width in _COLUMNS)
    heads = [words(Text(f"terminal.column-{name}")) for name in ("rule", "level", "deliveries", "statement")]
    _row(target, heads[:-1], Styled(heads[-1]))
    told, kinds = "", set()
    for rule_id, plan in plans.items():
        rule = catalogue[rule_id]
        kind = "" if plan.deliveries else "connection" if rule_id in connecting else "shared"
        kind = kind if plan.cases else "not-applicable"
        kinds.add(kind)
        sent = words(Text(f"terminal.{kind}")) if kind else str(plan.deliveries)
        _row(target, [rule.id, rule.level, sent], Styled(rule.statement))
        if not plan.cases and plan.reason != told:
            told = plan.reason
            target.paragraph(Styled(printable(words(told)), style="dim"), indent=indent, hanging=0)
    target.put("")
    for kind in _KINDS:
        if kind in kinds:
            target.paragraph(words(Text(f"terminal.{kind}-means")))
    total = sum(plan.deliveries for plan in plans.values()) + contacts
    idle = sum(not plan.cases for plan in plans.values())
    of_contact = Text("terminal.some-are-first-contact", contacts=contacts)
    target.paragraph(
        words(
            Text(
                "terminal.plan-sum",
                rules=Text("terminal.rules", count=len(plans)),
                without=Text("terminal.of-which-idle", count=idle) if idle else "",
                deliveries=Text("terminal.deliveries", count=total),
                url=url,
                first=Text("terminal.one-is-first-contact") if contacts == 1 else of_contact,
                proxy=proxy,
                pace=pace_in_words(pace, most_at_once),
                takes=duration_in_words(pace, total),
            )
        )
    )
    target.paragraph(words(Text("terminal.plan-end")))


def _row(target: Terminal, cells: list[str], last: Styled) -> None:
    head = Styled("".join(_wide(cell, width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True)))
    target.paragraph(head.append_text(last), hanging=sum(width for _, width in _COLUMNS))


def show_verdicts(target: Terminal, report: dict[str, Any], catalogue: Catalogue) -> None:
    """Prints the verdict on each rule by chapter, and why one was not judged."""
    for chapter, title in catalogue.chapters.items():
        rules = [rule for rule in report["rules"] if rule["chapter"] == chapter]
        if rules:
            target.put("")
            target.put(Styled(f"{chapter}  {title}", style="bold"))
        told = ""
        for rule in rules:
            _show_verdict(target, rule, catalogue[rule["id"]].statement, told)
            told = rule["reason"]


def _show_verdict(target: Terminal, rule: dict[str, Any], statement: str, told: str) -> None:
    verdict, style = rule["verdict"], STYLES[rule["verdict"]]
    shown = _wide(target.words(verdict_text(verdict)), 16)
    row = Styled.assemble((shown, style), f"{rule['id']:8} {rule['level']:7} {statement}")
    target.paragraph(row, hanging=33)
    if waiver := rule["waiver"]:
        until = Text("terminal.waived-until", **{name: waiver[name] for name in ("until", "owner", "reason")})
        target.paragraph(Styled(printable(target.words(until)), style="dim"), indent=16)
    if verdict in {"pass", "not applicable", "blocked"} and rule["reason"] and rule["reason"] != told:
        target.paragraph(Styled(target.words(_why(rule)), style="dim"), indent=16)


def _why(rule: dict[str, Any]) -> str:
    """The reason of a verdict, without the verdict itself, which stands before it."""
    reason = said_text(rule, "reason")
    cause = reason.arguments["cause"] if isinstance(reason, Text) and reason.key == "reason.blocked" else reason
    return cause if isinstance(cause, str) else reason


def _wide(cell: str, width: int) -> str:
    return cell + " " * max(1, width - cell_len(cell))
