"""`summary` command: reads the reports of many receivers and prints one table."""

from __future__ import annotations

import os
from pathlib import Path

import click

from callback_contract.openapi.documents.output_files import replace_file
from callback_contract.openapi.rules.catalogue import SIDES
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import SPOKEN, chosen_language
from callback_contract.openapi.text.message import Text

__all__ = ["summary"]


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR|FILE…")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json"]),
    default="text",
    show_default=True,
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; the standard output without it."
)
@click.option("--side", type=click.Choice(SIDES), help="Whose reports.  [default: receivers', if any]")
@click.option("--all-reports", is_flag=True, help="Show each report, not only the newest of a receiver.")
@click.option("--language", type=click.Choice(SPOKEN), help="Of the text.  [default: that of the locale]")
def summary(
    reports: tuple[Path, ...], form: str, out: Path | None, side: str | None, all_reports: bool, language: str | None
) -> None:
    """Merge many receivers' or senders' reports into one table, the worst first, and tell which rules break most.

    Every report.json at or below a DIR is taken. Of several on one receiver the newest counts: the same name,
    URL and callbacks. As html it is a board, which also shows each receiver's earlier runs. It exits with 0 whatever
    the reports say, and with 2 when one cannot be read.
    """
    from callback_contract.contract_tests.reporting.partners.output import (
        partners_json,
        partners_markdown,
        partners_text,
    )
    from callback_contract.contract_tests.reporting.partners.reading import partners_below

    merged = partners_below(reports, every=all_reports, links_from=out.parent if out else Path(), side=side)
    spoken = language or chosen_language((), os.environ)
    if form == "text":
        text = partners_text(merged, spoken)
    elif form == "html":
        from callback_contract.contract_tests.reporting.partners.page import partners_html

        text = partners_html(merged)
    else:
        text = {"markdown": partners_markdown, "json": partners_json}[form](merged)
    if out is None:
        click.echo(text)
        return
    try:
        replace_file(out, f"{text}\n".encode("utf-8", "backslashreplace"))
    except OSError as error:
        what = Text("error-report.not-written", why=str(error.strerror))
        raise KitError(what, where=str(out), remedy=Text("error-report.other-out")) from None
