"""Command `docs`: gathers what the layers above the documentation prove, and writes the site."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from callback_contract.openapi.cli.contract_options import contract_of, contract_options, is_own
from callback_contract.openapi.documenting.proof import MatrixRow, Proof, Run, Sample
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

__all__ = ["docs", "proof"]

_HERE = Path(__file__).parents[1]
_MANY = 50  # callbacks of which a reader wants to know what they take


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("callback-docs"),
    show_default=True,
    metavar="DIR",
    help="A new or empty directory, or one that this command wrote before.",
)
@click.option("--lang", default=None, metavar="LANG,…", help="Languages, the first one first; all that there are.")
@click.option(
    "--callback",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this callback of another contract, with every field; may be repeated.",
)
@click.option(
    "--drift",
    "drifts",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Show what traffic showed: a report of `drift --format json`.",
)
@click.option("--serve", is_flag=True, help="Then run the mock, as `mock --docs DIR`: examples can be sent to it.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="For --serve.")
@contract_options
def docs(
    out: Path,
    lang: str | None,
    names: tuple[str, ...],
    drifts: Path | None,
    *,
    serve: bool,
    port: int,
    **options: Any,
) -> None:
    """Write the documentation as a site that opens from the file system.

    It is made from the contract, the rules and what proves them; it loads nothing from the network.
    Open DIR/index.html.

    Of another contract than the built-in one the texts are its own. An overlay NAME.zh.overlay.yaml, given or beside
    it, brings them into Chinese.
    """
    from callback_contract.openapi.contract.loading import CONTRACT_FILE
    from callback_contract.openapi.documenting.content.words import languages_from
    from callback_contract.openapi.documenting.foreign import foreign_pages
    from callback_contract.openapi.documenting.site import site_files, write_pages

    narrowing = {"--callback": names, **{f"--{key.replace('_', '-')}": value for key, value in options.items()}}
    given = [option for option, value in narrowing.items() if value and option != "--contract"]
    if given and options["contract"] is None:
        raise KitError(
            Text("error-options.for-own-contract"), where=given[0], remedy=Text("error-options.add-contract")
        )
    shown = proof()
    if drifts is not None:
        from callback_contract.contract_tests.drift.documented import observed_in

        shown = replace(shown, observed=observed_in(drifts))
    source = options["contract"] or str(CONTRACT_FILE)
    if not given and is_own(source):
        pages = site_files(Path(source), languages_from("en,zh" if lang is None else lang), shown)
    else:
        only = () if [name.lower() for name in names] == ["all"] else names
        pages = foreign_pages(options, only, lang, shown, contract_of)
    written = write_pages(out, pages)
    total_mb, first = sum(written.values()) / 1e6, str(out / "index.html")
    pages_written = sum(name.endswith(".html") for name in written)
    click.echo(spoken(Text("docs.written", pages=pages_written, mb=total_mb, file=first)))
    sizes = [size for name, size in written.items() if "/callback-" in name]
    if len(sizes) > _MANY:
        click.echo(spoken(Text("docs.callback-pages", pages=len(sizes), kb=sum(sizes) / len(sizes) / 1e3)))
    if serve:
        from callback_contract.mock_server.cli.mock_command import mock

        click.get_current_context().invoke(mock, port=port, docs=out, **options)


def proof() -> Proof:
    """Gathers the kill matrix, the correct receivers and the recorded runs, as the kit ships them."""
    from callback_contract.contract_tests.receivers.regions import region_by_rule
    from callback_contract.mock_server.signing import presets

    return Proof(
        matrix=matrix_rows(_text("KILL-MATRIX.md")),
        receivers=_samples(),
        runs=tuple(Run(**run) for run in json.loads(_text("cli/recorded-runs.json"))),
        schemes=presets(),
        regions=region_by_rule(),
    )


def matrix_rows(markdown: str) -> tuple[MatrixRow, ...]:
    """Reads the table that `matrix_command.as_markdown` writes."""
    cells = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("| ")]
    return tuple(MatrixRow(*(cell.strip() for cell in (*row, "")[:4])) for row in cells[1:])


def _samples() -> tuple[Sample, ...]:
    from callback_contract.contract_tests.receivers import JUDGED, RECEIVERS

    return tuple(
        Sample(
            name=receiver.name,
            file=receiver.file,
            language=receiver.language,
            framework=receiver.framework,
            packages=receiver.packages,
            start=receiver.started(receiver.file),
            judge=JUDGED,
            warns=(*receiver.expected_warnings, *receiver.possible_warnings),
            untested={"en": receiver.untested, "zh": receiver.untested_zh} if receiver.untested else {},
            text=_text(f"receivers/{receiver.file}"),
        )
        for receiver in RECEIVERS
        if receiver.starter  # the others are witnesses of one oddity each
    )


def _text(name: str) -> str:
    try:
        return (_HERE / name).read_text(encoding="utf-8")
    except OSError as error:
        raise KitError(
            Text("error-options.kit-file-missing", why=str(error.strerror)),
            where=name,
            remedy=Text("error-options.install-again"),
            exit_code=3,
        ) from None
