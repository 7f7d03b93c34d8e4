"""`drift` command: shows recorded traffic beside the contract, and drafts an overlay that makes the contract true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callback_contract.openapi.cli.contract_options import contract_of, contract_options, identity_option
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import exact_json
from callback_contract.openapi.text.spoken import spoken

if TYPE_CHECKING:
    from callback_contract.contract_tests.drift.report import Report
    from callback_contract.openapi.contract.model import Contract
    from callback_contract.openapi.documents.json_pointer import Json

__all__ = ["drift"]

_MARK = "# A draft by callback-contract drift"


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="STORE|HAR|JSONL|DIR…")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown", "html"]), default="text", show_default=True
)
@click.option(
    "--fail-on",
    type=click.Choice(["new", "none"]),
    default="none",
    show_default=True,
    help="Exit with 1 where traffic shows what neither contract nor baseline says.",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="An earlier report in JSON: what is known."
)
@click.option("--write-overlay", metavar="FILE", help="Draft an OpenAPI Overlay that makes the contract true of it.")
@contract_options
@identity_option
def drift(
    sources: tuple[Path, ...],
    form: str,
    fail_on: str,
    baseline: Path | None,
    write_overlay: str | None,
    **options: Any,
) -> None:
    """Show real traffic beside the contract: what came and is not documented, and what is and never came.

    It reads what `mock --store` and `proxy --store` keep, HTTP archives, JSON lines and directories of bodies. Examples
    are masked. Nothing is sent.

    The drafted overlay is for review; the contract stays as it is. `check --overlay FILE` takes it, and
    `diff OLD NEW --overlay FILE` shows what it changes.

    \b
    Exit codes: 0 nothing as bad as --fail-on, 1 something is, 2 wrong use, 3 it is other traffic.
    """
    from callback_contract.contract_tests.drift.observing import observe
    from callback_contract.contract_tests.drift.report import known_ids

    known = known_ids(baseline) if baseline else frozenset()
    contract = contract_of(options)
    report = observe(sources, contract, known)
    click.echo(_shown(report, form))
    if write_overlay is not None:
        _write(write_overlay, report, _document(contract, options))
    if fail_on == "new" and any(each.is_new for each in report.drifts):
        raise click.exceptions.Exit(1)


def _shown(report: Report, form: str) -> str:
    if form == "json":
        return exact_json(report.to_dict(), indent=2)
    if form == "html":
        from callback_contract.contract_tests.drift.page import drift_html

        return drift_html(report)
    from callback_contract.contract_tests.drift.formats import as_markdown, as_text

    return as_markdown(report) if form == "markdown" else as_text(report)


def _document(contract: Contract, options: Any) -> Json:
    """Return the contract as it was written, with the overlays that were given."""
    from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
    from callback_contract.openapi.reading.fetching import opened

    source = options["contract"]
    if source is None:
        return contract.document
    if source == "-":
        raise KitError(
            Text("error-drift.overlay-of-stdin"),
            where="--write-overlay",
            remedy=Text("error-contract.give-contract"),
        )
    document = opened(source)[0].value
    for overlay in options["overlay"]:
        document = apply_overlay(document, load_overlay(overlay))
    return document


def _write(out: str, report: Report, document: Json) -> None:
    import yaml

    from callback_contract.contract_tests.drift.formats import left_to_a_person
    from callback_contract.contract_tests.drift.overlay_draft import draft_overlay
    from callback_contract.openapi.documents.output_files import write_output

    draft = draft_overlay(report, document)
    if not draft.actions:
        click.echo(spoken(Text("error-drift.overlay-empty")), err=True)
        return
    text = yaml.safe_dump(draft.overlay(report), sort_keys=False, allow_unicode=True, width=120)
    write_output(out, f"{_MARK}: review it before you use it.\n{text}", mark=_MARK)
    click.echo(spoken(Text("drift.overlay-written", file=out, actions=len(draft.actions))), err=True)
    if draft.left:
        click.echo(spoken(left_to_a_person(draft.left)), err=True)
