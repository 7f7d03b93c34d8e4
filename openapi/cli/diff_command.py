"""`diff` command: shows the differences between two contracts and fails a pipeline when they are severe."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from callback_contract.openapi.comparing.change import LEVELS, Change, at_least
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.text.message import Text, listed
from callback_contract.openapi.text.printable import exact_json, printable
from callback_contract.openapi.text.spoken import spoken

__all__ = ["as_json", "as_markdown", "as_text", "diff"]


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", required=False, metavar="[NEW]")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(["breaking", "risky", "unclear", "none"]),
    default="breaking",
    show_default=True,
    help="Exit with 1 when a change is at least as bad.",
)
@click.option("--all", "everything", is_flag=True, help="Show safe changes, too.")
@click.option("--overlay", multiple=True, metavar="FILE", help="Lay this OpenAPI Overlay over NEW.")
@click.option("--paths", is_flag=True, help="The paths of both are the callbacks.")
@click.option("--allow-remote-refs", "remote", is_flag=True, help="Fetch what their $ref name by http(s).")
@click.option("--refs-below", "below", metavar="FOLDER", help="Their $ref may lead to files below it.")
def diff(
    old: str,
    new: str | None,
    form: str,
    fail_on: str,
    everything: bool,
    overlay: tuple[str, ...],
    paths: bool,
    remote: bool,
    below: str | None,
) -> None:
    """Say what changed between two contracts and whom it hurts.

    OLD and NEW are files, URLs, or one of them - for standard input; any OpenAPI 3 document.
    NEW is the built-in contract unless it is given. The provider writes a callback's body and the receiver its
    answer, so a new enum value can hurt a receiver, and an answer that may have more members cannot.

    \b
    Levels, worst first: breaking, risky, unclear, safe.
    Exit codes: 0 nothing as bad as --fail-on, 1 something is, 2 wrong use.
    """
    from callback_contract.openapi.cli.contract_options import contracts_read_alike
    from callback_contract.openapi.comparing import compare
    from callback_contract.openapi.contract.loading import CONTRACT_FILE
    from callback_contract.openapi.text.errors import KitError

    if old == new == "-":
        raise KitError(Text("error-contract.stdin-once"), where="diff - -", remedy=Text("error-contract.one-file"))
    if paths and new is None:
        raise KitError(Text("error-contract.paths-for-two"), where="--paths", remedy=Text("error-contract.give-new"))
    how: dict[str, Any] = {"paths": paths, "remote": remote, "below": below, "overlays": overlay}
    before, after = contracts_read_alike([old, new or CONTRACT_FILE], **how)
    changes = compare(before, after)
    shown = [change for change in changes if everything or change.level != "safe"]
    fails = fail_on != "none" and any(at_least(change.level, fail_on) for change in changes)
    render = {"text": as_text, "json": as_json, "markdown": as_markdown}[form]
    click.echo(render(before, after, changes, shown, fails))
    if fails:
        raise click.exceptions.Exit(1)


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    return {level: sum(change.level == level for change in changes) for level in reversed(LEVELS)}


def _headline(old: Contract, new: Contract, changes: Sequence[Change]) -> Text:
    counts = listed(
        Text("diff.counted", number=count, level=_level(level)) for level, count in _counts(changes).items()
    )
    return Text(
        "diff.headline",
        title=old.title,
        old=old.version,
        new=new.version,
        counts=counts if changes else Text("diff.nothing-changed"),
    )


def _level(level: str) -> Text:
    return Text(f"diff.level-{level}")


def _direction(change: Change) -> Text:
    return Text(f"diff.direction-{change.direction.replace(' ', '-')}")


def as_text(old: Contract, new: Contract, changes: Sequence[Change], shown: Sequence[Change], fails: bool) -> str:
    """Render changes as text for a terminal, the most severe level first."""
    lines = [spoken(_headline(old, new, changes))]
    for level in reversed(LEVELS):
        of_level = [change for change in shown if change.level == level]
        if of_level:
            meaning = Text(f"diff.means-{level}")
            lines += ["", spoken(Text("diff.of-level", level=_level(level), number=len(of_level), meaning=meaning))]
        for change in of_level:
            direction = _direction(change)
            what = Text("diff.change", callback=change.callback, direction=direction, what=change.what)
            lines += [
                f"  {spoken(what)}",
                f"    {spoken(Text('diff.at', where=change.where))}",
                *textwrap.wrap(spoken(change.reason), 100, initial_indent="    ", subsequent_indent="    "),
            ]
    return "\n".join(map(printable, [*lines, *_hidden(changes, shown)]))


def _hidden(changes: Sequence[Change], shown: Sequence[Change]) -> list[str]:
    hidden = len(changes) - len(shown)
    return ["", spoken(Text("diff.hidden", count=hidden))] if hidden else []


def as_json(old: Contract, new: Contract, changes: Sequence[Change], shown: Sequence[Change], fails: bool) -> str:
    """Render changes as JSON: all counts, and the changes that are shown."""
    sides = {
        name: {"file": str(contract.path), "version": contract.version, "digest": contract.digest}
        for name, contract in (("old", old), ("new", new))
    }
    return exact_json(
        {
            "schema": 1,
            **sides,
            "counts": _counts(changes),
            "fails": fails,
            "changes": [asdict(change) for change in shown],
        },
        indent=2,
    )


def as_markdown(old: Contract, new: Contract, changes: Sequence[Change], shown: Sequence[Change], fails: bool) -> str:
    """Render changes as Markdown, for a pull request or a step summary."""
    lines = [f"### {_cell(spoken(_headline(old, new, changes)))}"]
    if shown:
        lines += ["", spoken(Text("diff.table-head")), "|---|---|---|---|---|---|"]
    for level in reversed(LEVELS):
        for change in shown:
            if change.level == level:
                told = (_level(level), change.callback, _direction(change), change.what, change.reason)
                where = change.where.replace("|", "%7C").replace("`", "%60")
                lines.append(f"| {' | '.join(_cell(spoken(each)) for each in told)} | `{where}` |")
    return "\n".join([*lines, *_hidden(changes, shown)])


def _cell(text: str) -> str:
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())
