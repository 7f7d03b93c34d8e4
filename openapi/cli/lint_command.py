"""`lint` command: shows the findings on a contract and fails a pipeline on an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from callback_contract.openapi.linting.linter import LEVELS, Remark
from callback_contract.openapi.text.message import Text, listed
from callback_contract.openapi.text.printable import exact_json
from callback_contract.openapi.text.spoken import spoken

__all__ = ["lint"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="OLD",
    help="The version before: is `info.version` raised as far as the change demands?",
)
@click.option("--allow-remote-refs", is_flag=True, help="Fetch what its $ref name by http(s).")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def lint(file: Path | None, against: Path | None, allow_remote_refs: bool, form: str) -> None:
    """Say whether FILE, or the built-in contract, is a good contract.

    An error makes a verdict wrong, a warning leaves a reader or a rule without what it needs, and a note is
    something to know.

    \b
    Exit codes: 0 no error, 1 an error, 2 wrong use.
    """
    from callback_contract.openapi.contract.loading import CONTRACT_FILE
    from callback_contract.openapi.linting.linter import lint_contract

    remarks = lint_contract(file or CONTRACT_FILE, against, remote=allow_remote_refs)
    click.echo(_as_json(remarks) if form == "json" else _as_text(remarks))
    if any(remark.level == "error" for remark in remarks):
        raise click.exceptions.Exit(1)


def _as_text(remarks: Sequence[Remark]) -> str:
    lines: list[str] = []
    for remark in remarks:
        level = Text(f"lint.level-{remark.level}")
        lines.append(spoken(Text("lint.remark", place=remark.place, level=level, what=remark.what)))
        lines.append(f"  {spoken(remark.remedy)}")
    sums = [Text(f"lint.{level}s", count=sum(r.level == level for r in remarks)) for level in LEVELS]
    return "\n".join([*lines, spoken(listed(sums))])


def _as_json(remarks: Sequence[Remark]) -> str:
    return exact_json({"schema": 1, "remarks": [asdict(remark) for remark in remarks]}, indent=2)
