"""`compare` command: shows the changes between two reports, and fails when one is worse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from callback_contract.openapi.cli.ranges import NumberRange
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import SPOKEN, chosen_language
from callback_contract.openapi.text.message import Text

__all__ = ["compare"]


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Fail on a SHOULD that got worse, too.")
@click.option("--allow-unjudged", is_flag=True, help="Accept that a MUST that passed is not judged any more.")
@click.option(
    "--tolerance",
    type=NumberRange(0, 10_000),
    default=50.0,
    show_default=True,
    metavar="PERCENT",
    help="Latency that differs by less is no news; nor is less than 10 ms.",
)
@click.option("--language", type=click.Choice(SPOKEN), help="Of the text.  [default: that of the locale]")
def compare(
    old: Path, new: Path, form: str, strict: bool, allow_unjudged: bool, tolerance: float, language: str | None
) -> None:
    """Say what changed between two reports of a receiver.

    OLD and NEW are each a report.json or its directory, or both the load.json of a campaign. Rules that a newer
    kit added are told and are not worse; nor is a rule that is broken and waived, or latency. Of a campaign,
    latency and rate can get worse, too.

    \b
    Exit codes: 0 nothing got worse, 1 a MUST passed and is broken or not judged now (with --strict also
    a broken SHOULD), 2 wrong use, 3 the new run judged nothing.
    """
    from callback_contract.contract_tests.reporting.comparison import output as shown
    from callback_contract.contract_tests.reporting.comparison.changes import compare_reports
    from callback_contract.contract_tests.reporting.model.report_file import read_report_file
    from callback_contract.openapi.rules.catalogue import load_catalogue

    campaigns = _campaigns(old, new)
    if campaigns is not None:
        _compare_campaigns(*campaigns, form, tolerance / 100, language or chosen_language((), os.environ))
        return
    before, after = read_report_file(old)[0], read_report_file(new)[0]
    if before.get("side") != after.get("side"):
        what = Text("error-report.other-sides")
        raise KitError(what, where=str(new), remedy=Text("error-report.compare-one-side"))
    found = compare_reports(before, after, strict=strict, tolerance=tolerance / 100, allow_unjudged=allow_unjudged)
    if form == "text":
        side = after.get("side", "receiver")
        spoken = language or chosen_language((), os.environ)
        statements = {rule.id: rule.statement for rule in load_catalogue(side=side).in_language(spoken).rules}
        click.echo(shown.comparison_text(before, after, found, spoken, statements))
    else:
        render = {"json": shown.comparison_json, "markdown": shown.comparison_markdown}
        click.echo(render[form](before, after, found))
    if found.judged_nothing:
        raise click.exceptions.Exit(3)
    if found.fails:
        raise click.exceptions.Exit(1)


def _campaigns(old: Path, new: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the results of two campaigns; None where the files are something else."""
    from callback_contract.contract_tests.load.comparison import RESULT_FILE, loaded_result

    if not all(path.name == RESULT_FILE or (path / RESULT_FILE).is_file() for path in (old, new)):
        return None
    before, after = loaded_result(old), loaded_result(new)
    for path, value in ((old, before), (new, after)):
        if value is None:
            remedy = Text("error-load.give-result", file=RESULT_FILE)
            raise KitError(Text("error-load.no-result"), where=str(path), remedy=remedy)
    return (before, after) if before is not None and after is not None else None


def _compare_campaigns(before: dict[str, Any], after: dict[str, Any], form: str, tolerance: float, spoken: str) -> None:
    from callback_contract.contract_tests.load import comparison

    found = comparison.compared(before, after, tolerance)
    if form == "json":
        click.echo(comparison.differences_json(found))
    else:
        remarks, is_markdown = comparison.notes(before, after), form == "markdown"
        click.echo(comparison.differences_text(found, remarks, tolerance, spoken, markdown=is_markdown))
    if any(each.worse for each in found):
        raise click.exceptions.Exit(1)
