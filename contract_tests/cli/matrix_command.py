"""`matrix` command: prints the kill matrix, and writes it as documentation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from callback_contract.contract_tests.kill_matrix.matrix import Row, kill_matrix
from callback_contract.contract_tests.kill_matrix.setups import RIGHT
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.openapi.cli.ranges import SEEDS
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

__all__ = ["as_markdown", "matrix"]


@click.command()
@click.option("--rules", "-r", default="", metavar="ID,…", help="Only the faults of these rules or chapters.")
@click.option("--depth", type=click.Choice(["quick", "standard", "thorough"]), default="standard", show_default=True)
@click.option("--seed", type=SEEDS, default=0, show_default=True, help="Decides what is drawn.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Also write the matrix as Markdown.")
def matrix(rules: str, depth: str, seed: int, out: Path | None) -> None:
    """Judge the mock once with each fault, and print which rules noticed.

    Exit code 0: each fault was noticed by exactly its own rule, and the right mock by none.
    """
    names = tuple(name.strip() for name in rules.split(",") if name.strip())
    chosen = [rule.id for rule in load_catalogue().select(names) if rule.id in FAULTS]
    rows: list[Row] = []
    for row in kill_matrix([*RIGHT, *chosen], depth=depth, seed=seed):
        rows.append(row)
        click.echo(_line(row))
    inexact = sum(not row.exact for row in rows)
    said = Text("matrix.summary", receivers=len(rows), exact=len(rows) - inexact, inexact=inexact)
    click.echo(spoken(said))
    if out is not None:
        try:
            out.write_text(as_markdown(rows), encoding="utf-8")
        except OSError as error:
            raise KitError(
                Text("error-options.matrix-unwritable", out=str(out), why=str(error.strerror)), where="--out"
            ) from None
    raise click.exceptions.Exit(1 if inexact else 0)


def _told(row: Row) -> str:
    told = ", ".join(f"{verdict} {rule_id}" for rule_id, verdict in row.broken.items()) or "nothing noticed"
    return told + "".join(f", {verdict} {rule_id}" for rule_id, verdict in row.other.items())


def _line(row: Row) -> str:
    deviation = RIGHT[row.fault] if row.fault in RIGHT else load_catalogue()[row.fault].fault
    mark = "" if row.exact else "  <- not exact"
    blocked = f" ({len(row.blocked)} blocked)" if row.blocked else ""
    return f"{row.fault or 'none':8} {deviation:62} {_told(row)}{blocked}{mark}"


def as_markdown(rows: Iterable[Row]) -> str:
    """Writes the matrix as a page of documentation."""
    lines = [
        "# The kill matrix",
        "",
        "Each rule is shown able to fail: the mock is judged once with each of its faults. Written by",
        "`callback-contract matrix`; a test holds it to what the suite finds.",
        "",
        "| fault | the receiver … | noticed by | explains, and therefore blocks |",
        "|---|---|---|---|",
    ]
    for row in rows:
        deviation = f"is {RIGHT[row.fault]}" if row.fault in RIGHT else load_catalogue()[row.fault].fault
        blocked = ", ".join(row.blocked) if len(row.blocked) <= 8 else f"{len(row.blocked)} rules"
        if row.fault in FAULTS and FAULTS[row.fault].varies:
            blocked = "other rules each time"
        lines.append(f"| {row.fault or 'none'} | {deviation} | {_told(row)} | {blocked} |")
    return "\n".join(lines) + "\n"
