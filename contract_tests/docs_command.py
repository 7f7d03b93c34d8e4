"""Decides what the documentation shows of the upper floors, and how it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import click

import mock_server
from openapi.documenting.proof import MatrixRow, Proof, Run, Sample
from openapi.documenting.words import LANGUAGES
from openapi.errors import KitError
from openapi.yamlfile import read_yaml

__all__ = ["docs", "proof"]

_HERE = Path(__file__).parent


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("callback-docs"),
    show_default=True,
    metavar="DIR",
    help="A new or empty directory, or one that this command wrote before.",
)
@click.option("--lang", default="en,zh", show_default=True, metavar="LANG,…", help="Languages, the first one first.")
@click.option(
    "--contract",
    "contract_file",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Another contract than the built-in one.",
)
def docs(out: Path, lang: str, contract_file: Path | None) -> None:
    """Write the documentation as a site that opens from the file system.

    It is made from the contract, the rules and what proves them; it loads nothing from the network.
    Open DIR/index.html.
    """
    from openapi.documenting.site import write_site
    from openapi.documenting.words import languages_from
    from openapi.loading import CONTRACT_FILE

    written = write_site(out, contract_file or CONTRACT_FILE, languages_from(lang), proof())
    click.echo(f"{len(written)} pages, {sum(written.values()) / 1e6:.2f} MB: {out / 'index.html'}")


def proof() -> Proof:
    """Gathers faults, the kill matrix, the correct receivers and the recorded runs, as the kit ships them."""
    from mock_server.faults import FAULTS

    translated = {lang: _translated(lang) for lang in LANGUAGES}
    return Proof(
        faults={rule_id: fault.deviation for rule_id, fault in FAULTS.items()},
        translated={lang: texts for lang, texts in translated.items() if texts},
        matrix=matrix_rows(_text("KILL-MATRIX.md")),
        receivers=_samples(),
        runs=tuple(Run(**run) for run in json.loads(_text("recorded-runs.json"))),
    )


def _translated(lang: str) -> dict[str, str]:
    """What the faults do in another language, by rule id; empty where nobody has written it."""
    file = Path(mock_server.__file__).with_name(f"faults.{lang}.yaml")
    return dict(read_yaml(file, error=KitError).value) if file.exists() else {}


def matrix_rows(markdown: str) -> tuple[MatrixRow, ...]:
    """Reads the table that `matrix_command.as_markdown` writes."""
    cells = [line.strip("| ").split(" | ") for line in markdown.splitlines() if line.startswith("| ")]
    return tuple(MatrixRow(*(cell.strip() for cell in (*row, "")[:4])) for row in cells[1:])


_STARTED_WITH = {"python": "python", "port": 8080, "classpath": "lib/*"}


def _samples() -> tuple[Sample, ...]:
    from contract_tests.receivers import RECEIVERS

    return tuple(
        Sample(
            name=receiver.name,
            file=receiver.file,
            language=receiver.language,
            framework=receiver.framework,
            packages=receiver.packages,
            start="PORT=8080 " + " ".join(receiver.command).format(file=receiver.file, **_STARTED_WITH),
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
            f"a file of the kit is missing: {error.strerror}", where=name, remedy="Install the kit again.", exit_code=3
        ) from None
