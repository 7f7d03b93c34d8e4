"""`matrix` command: prints the kill matrix, and writes it as documentation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from callback_contract.contract_tests.kill_matrix.matrix import Row, kill_matrix
from callback_contract.contract_tests.kill_matrix.senders import RIGHT_SENDER, sender_matrix
from callback_contract.contract_tests.kill_matrix.setups import RIGHT
from callback_contract.mock_server.faults.registry import FAULTS
from callback_contract.mock_server.provider.sender_faults import SENDER_FAULTS
from callback_contract.openapi.cli.ranges import SEEDS
from callback_contract.openapi.rules.catalogue import SIDES, Catalogue, load_catalogue
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

__all__ = ["as_markdown", "matrix"]


@click.command()
@click.option("--rules", "-r", default="", metavar="ID,…", help="Only the faults of these rules or chapters.")
@click.option("--depth", type=click.Choice(["quick", "standard", "thorough"]), default="standard", show_default=True)
@click.option("--seed", type=SEEDS, default=0, show_default=True, help="Decides what is drawn.")
@click.option(
    "--side", type=click.Choice(SIDES), default=SIDES[0], metavar="SIDE", help="receiver or sender. [receiver]"
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Also write the matrix as Markdown.")
def matrix(rules: str, depth: str, seed: int, side: str, out: Path | None) -> None:
    """Judge the mock once with each fault, and print which rules noticed; or the provider, with --side sender.

    Exit code 0: each fault was noticed by exactly its own rule, and the right one by none.
    """
    names = tuple(name.strip() for name in rules.split(",") if name.strip())
    catalogue = load_catalogue(side=side)
    chosen = [rule.id for rule in catalogue.select(names) if rule.id in (FAULTS if side == SIDES[0] else SENDER_FAULTS)]
    judged = (
        kill_matrix([*RIGHT, *chosen], depth=depth, seed=seed)
        if side == SIDES[0]
        else sender_matrix([RIGHT_SENDER, *chosen])
    )
    rows: list[Row] = []
    for row in judged:
        rows.append(row)
        click.echo(_line(row, catalogue))
    inexact = sum(not row.exact for row in rows)
    said = Text("matrix.summary", receivers=len(rows), exact=len(rows) - inexact, inexact=inexact)
    click.echo(spoken(said))
    if out is not None:
        try:
            out.write_text(as_markdown(rows, side), encoding="utf-8")
        except OSError as error:
            raise KitError(
                Text("error-options.matrix-unwritable", out=str(out), why=str(error.strerror)), where="--out"
            ) from None
    raise click.exceptions.Exit(1 if inexact else 0)


def _told(row: Row) -> str:
    told = ", ".join(f"{verdict} {rule_id}" for rule_id, verdict in row.broken.items()) or "nothing noticed"
    return told + "".join(f", {verdict} {rule_id}" for rule_id, verdict in row.other.items())


def _line(row: Row, catalogue: Catalogue) -> str:
    deviation = RIGHT[row.fault] if row.fault in RIGHT else catalogue[row.fault].fault
    unexpected = "".join(f"; {rule_id}: {actual}" for rule_id, actual in row.unexpected.items())
    mark = "" if row.exact else f"  <- not exact{unexpected}"
    blocked = f" ({len(row.blocked)} blocked)" if row.blocked else ""
    return f"{row.fault or 'none':8} {deviation:62} {_told(row)}{blocked}{mark}"


def as_markdown(rows: Iterable[Row], side: str = SIDES[0]) -> str:
    """Writes the matrix as a page of documentation."""
    catalogue, who = load_catalogue(side=side), "provider" if side == "sender" else "mock"
    option, other = (" --side sender", "KILL-MATRIX.md") if side == "sender" else ("", "KILL-MATRIX-SENDERS.md")
    lines = [
        f"# The kill matrix{' of the rules on senders' * (side == 'sender')}",
        "",
        f"Each rule is shown able to fail: the {who} is judged once with each of its faults. Written by",
        f"`callback-contract matrix{option}`; a test holds it to what the suite finds. See also [{other}]({other}).",
        "",
        f"| fault | the {side} … | noticed by | explains, and therefore blocks |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_cells(row, catalogue) for row in rows)]) + "\n"


def _cells(row: Row, catalogue: Catalogue) -> str:
    deviation = f"is {RIGHT[row.fault]}" if row.fault in RIGHT else catalogue[row.fault].fault
    blocked = ", ".join(row.blocked) if len(row.blocked) <= 8 else f"{len(row.blocked)} rules"
    if row.fault in FAULTS and FAULTS[row.fault].varies:
        blocked = "other rules each time"
    return f"| {row.fault or 'none'} | {deviation} | {_told(row)} | {blocked} |"
