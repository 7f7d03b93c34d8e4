"""`lint` command: shows the findings on a contract and fails a pipeline on an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from callback_contract.openapi.linting.remark import LEVELS, Manner, Remark
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
@click.option("--overlay", multiple=True, metavar="FILE", help="Lay this OpenAPI Overlay over it.")
@click.option("--paths", is_flag=True, help="Its paths are the callbacks.")
@click.option("--allow-remote-refs", "remote", is_flag=True, help="Fetch what its $ref name by http(s).")
@click.option("--refs-below", "below", metavar="FOLDER", help="Its $ref may lead to files below it.")
@click.option(
    "--fail-on",
    type=click.Choice([*LEVELS, "none"]),
    default="error",
    show_default=True,
    help="Exit with 1 when a finding is at least as bad.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def lint(
    file: Path | None,
    against: Path | None,
    overlay: tuple[str, ...],
    paths: bool,
    remote: bool,
    below: str | None,
    fail_on: str,
    form: str,
) -> None:
    """Say whether FILE, or the built-in contract, is a good contract.

    An error makes a verdict wrong, a warning leaves a reader or a rule without what it needs, and a note is
    something to know. Each says whether it is a rule of OpenAPI or this kit's advice.

    \b
    Exit codes: 0 nothing as bad as --fail-on, 1 something is, 2 wrong use.
    """
    from callback_contract.openapi.contract.loading import CONTRACT_FILE
    from callback_contract.openapi.linting.linter import lint_contract

    manner = Manner(overlay, paths=paths, remote=remote, below=below)
    remarks = lint_contract(file or CONTRACT_FILE, against, manner)
    click.echo(_as_json(remarks) if form == "json" else _as_text(remarks))
    counted = LEVELS[: LEVELS.index(fail_on) + 1] if fail_on != "none" else ()
    if any(remark.level in counted for remark in remarks):
        raise click.exceptions.Exit(1)


def _as_text(remarks: Sequence[Remark]) -> str:
    lines: list[str] = []
    for remark in remarks:
        level = Text(f"lint.level-{remark.level}")
        basis = Text(f"lint.basis-{remark.basis}")
        lines.append(spoken(Text("lint.remark", place=remark.place, level=level, basis=basis, what=remark.what)))
        lines.append(f"  {spoken(remark.remedy)}")
    sums = [Text(f"lint.{level}s", count=sum(r.level == level for r in remarks)) for level in LEVELS]
    return "\n".join([*lines, spoken(listed(sums))])


def _as_json(remarks: Sequence[Remark]) -> str:
    return exact_json({"schema": 1, "remarks": [asdict(remark) for remark in remarks]}, indent=2)
