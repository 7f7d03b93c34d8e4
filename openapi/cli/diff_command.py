"""`diff` command: shows the differences between two contracts and fails a pipeline when they are severe."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict

import click

from callback_contract.openapi.comparing.change import LEVELS, Change, at_least
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.text.printable import exact_json, printable

__all__ = ["as_json", "as_markdown", "as_text", "diff"]

_MEANING = {
    "breaking": "a receiver that was right by the old contract may fail",
    "risky": "a strict receiver may fail; one that ignores what it does not know does not",
    "unclear": "cannot be judged here; somebody has to look",
    "safe": "hurts nobody",
}


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
@click.option("--paths", is_flag=True, help="The paths of both are the callbacks.")
@click.option("--allow-remote-refs", "remote", is_flag=True, help="Fetch what their $ref name by http(s).")
def diff(old: str, new: str | None, form: str, fail_on: str, everything: bool, paths: bool, remote: bool) -> None:
    """Say what changed between two contracts and whom it hurts.

    OLD and NEW are files, URLs, or one of them - for standard input; any OpenAPI 3 document.
    NEW is the built-in contract unless it is given. The provider writes a callback's body and the receiver its
    answer, so a new enum value can hurt a receiver, and an answer that may have more members cannot.

    \b
    Levels, worst first: breaking, risky, unclear, safe.
    Exit codes: 0 nothing as bad as --fail-on, 1 something is, 2 wrong use.
    """
    from callback_contract.openapi.cli.contract_options import either_contract
    from callback_contract.openapi.comparing import compare
    from callback_contract.openapi.contract.loading import CONTRACT_FILE
    from callback_contract.openapi.text.errors import KitError
    from callback_contract.openapi.text.message import Text

    if old == new == "-":
        raise KitError(Text("error-contract.stdin-once"), where="diff - -", remedy=Text("error-contract.one-file"))
    if paths and new is None:
        raise KitError(Text("error-contract.paths-for-two"), where="--paths", remedy=Text("error-contract.give-new"))
    before, after = (either_contract(each, paths=paths, remote=remote) for each in (old, new or CONTRACT_FILE))
    changes = compare(before, after)
    shown = [change for change in changes if everything or change.level != "safe"]
    fails = fail_on != "none" and any(at_least(change.level, fail_on) for change in changes)
    render = {"text": as_text, "json": as_json, "markdown": as_markdown}[form]
    click.echo(render(before, after, changes, shown, fails))
    if fails:
        raise click.exceptions.Exit(1)


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    return {level: sum(change.level == level for change in changes) for level in reversed(LEVELS)}


def _headline(old: Contract, new: Contract, changes: Sequence[Change]) -> str:
    counted = ", ".join(f"{count} {level}" for level, count in _counts(changes).items())
    return f"{old.title} {old.version} → {new.version}: {counted if changes else 'nothing changed'}"


def as_text(old: Contract, new: Contract, changes: Sequence[Change], shown: Sequence[Change], fails: bool) -> str:
    """Render changes as text for a terminal, the most severe level first."""
    lines = [_headline(old, new, changes)]
    for level in reversed(LEVELS):
        of_level = [change for change in shown if change.level == level]
        if of_level:
            lines += ["", f"{level} ({len(of_level)}): {_MEANING[level]}"]
        for change in of_level:
            lines += [
                f"  {change.callback}, {change.direction}: {change.what}",
                f"    at {change.where}",
                *textwrap.wrap(change.reason, 100, initial_indent="    ", subsequent_indent="    "),
            ]
    return "\n".join(map(printable, [*lines, *_hidden(changes, shown)]))


def _hidden(changes: Sequence[Change], shown: Sequence[Change]) -> list[str]:
    hidden = len(changes) - len(shown)
    return ["", f"{hidden} safe change{'' if hidden == 1 else 's'} not shown; --all shows them."] if hidden else []


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
    lines = [f"### {_cell(_headline(old, new, changes))}"]
    if shown:
        lines += ["", "| level | callback | direction | change | why | where |", "|---|---|---|---|---|---|"]
    for level in reversed(LEVELS):
        lines += [
            f"| {level} | {_cell(change.callback)} | {change.direction} | {_cell(change.what)} "
            f"| {_cell(change.reason)} | `{change.where.replace('|', '%7C').replace('`', '%60')}` |"
            for change in shown
            if change.level == level
        ]
    return "\n".join([*lines, *_hidden(changes, shown)])


def _cell(text: str) -> str:
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())
