"""`fleet` command: judges many receivers, each by a `check` of its own, and writes the board of all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callback_contract.contract_tests.cli.fleet.partners_file import PartnerRow, read_partners
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import SPOKEN, chosen_language
from callback_contract.openapi.text.message import Argument, Text, translated

if TYPE_CHECKING:
    from callback_contract.contract_tests.cli.fleet.judging import Ended

__all__ = ["fleet"]

BOARD = "index.html"


@click.command()
@click.argument("partners", type=click.Path(path_type=Path), metavar="PARTNERS.TOML")
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    default=Path("fleet-reports"),
    show_default=True,
    metavar="DIR",
    help="A folder for each partner, and the board.",
)
@click.option("--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Partners under way.")
@click.option("--only", default="", metavar="NAME,…", help="Only these partners.")
@click.option("--resume", is_flag=True, help="Judge those whose folder has no whole report.")
@click.option("--dry-run", is_flag=True, help="List what would be judged; send nothing.")
@click.option(
    "--matrix", type=click.Choice(["github", "gitlab"]), help="Print a pipeline that judges the same partners in jobs."
)
@click.option("--language", type=click.Choice(SPOKEN), help="Of the text.  [default: that of the locale]")
def fleet(
    partners: Path,
    report_dir: Path,
    at_once: int,
    only: str,
    resume: bool,
    dry_run: bool,
    matrix: str | None,
    language: str | None,
) -> None:
    """Judge many receivers, and write the board of all.

    PARTNERS.TOML has a section [partners.NAME] for each: its options of `check`, by their long names. [defaults] has
    those of all. Each partner is judged by a process of its own, and its reports stand in DIR/NAME, those of earlier
    runs in its history. The exit code is the worst of all; 2 before anything is sent where the file is wrong.
    """
    from callback_contract.contract_tests.cli.check_command import check

    spoken = language or chosen_language((), os.environ)
    names = [name.strip() for name in only.split(",") if name.strip()]
    rows = read_partners(partners, check, names, complete=matrix is None)
    if matrix is not None:
        from callback_contract.contract_tests.cli.fleet.ci_matrix import github_pipeline, gitlab_pipeline

        file, is_github = partners.as_posix(), matrix == "github"
        click.echo(github_pipeline(rows, file, at_once) if is_github else gitlab_pipeline(rows, file), nl=False)
        return
    fleet_ = _Fleet(report_dir, at_once, spoken)
    if dry_run:
        fleet_.list_plan(fleet_.left(rows) if resume else rows)
        return
    raise click.exceptions.Exit(fleet_.judged(rows, resume=resume))


class _Fleet:
    """The folder of a fleet's reports, and what its user sees."""

    def __init__(self, folder: Path, at_once: int, language: str) -> None:
        self._folder, self._at_once, self._language = folder, at_once, language
        self._begun = self._done = self._total = 0

    def left(self, rows: Sequence[PartnerRow]) -> list[PartnerRow]:
        """Those that have no whole report yet."""
        from callback_contract.contract_tests.cli.fleet.judging import code_before

        left = [row for row in rows if code_before(self._folder, row) is None]
        if len(left) < len(rows):
            self._say(Text("fleet.kept", count=len(rows) - len(left)))
        return left

    def list_plan(self, rows: Sequence[PartnerRow]) -> None:
        """Lists who would be judged, where, and by which options."""
        from callback_contract.contract_tests.reporting.model.inert import one_line
        from callback_contract.contract_tests.reporting.partners.output import aligned

        told = [
            (row.name, ", ".join(one_line(url.partition("?")[0]) for url in row.urls), ", ".join(_options(row)))
            for row in rows
        ]
        head = [translated(Text(f"fleet.{column}"), self._language) for column in ("partner", "url", "options")]
        for line in aligned(head, told):
            click.echo(line)
        self._say(Text("fleet.would-judge", count=len(rows), most=self._at_once))

    def judged(self, rows: Sequence[PartnerRow], *, resume: bool) -> int:
        """Judges partners, writes the board and prints the table; gives the exit code."""
        from callback_contract.contract_tests.cli.fleet.judging import begin_anew, code_before, judge_all, worst

        self._writable()
        judged = self.left(rows) if resume else list(rows)
        begin_anew(self._folder, judged)
        self._total = len(judged)
        codes: dict[str, int] = {}

        def on_start(row: PartnerRow, under_way: list[str]) -> None:
            self._begun += 1
            said: dict[str, Argument] = {"number": self._begun, "total": self._total, "names": tuple(under_way)}
            self._say(Text("fleet.begins", name=row.name, **said))

        def on_end(ended: Ended, under_way: list[str]) -> None:
            self._done += 1
            codes[ended.row.name] = ended.code
            said: dict[str, Argument] = {"done": self._done, "total": self._total, "seconds": ended.seconds}
            names = tuple(under_way) or (Text("fleet.nobody"),)
            self._say(Text("fleet.ended", name=ended.row.name, what=self._what(ended), names=names, **said))

        interrupted = False
        try:
            judge_all(judged, self._folder, self._at_once, on_start, on_end)
        except KeyboardInterrupt:
            interrupted = True
        INTERRUPTION.ends()
        self._show(rows)
        if interrupted:
            self._say(Text("fleet.resume"))
            return 130
        kept = [code_before(self._folder, row) for row in rows if row.name not in codes]
        return worst([*codes.values(), *(3 if code is None else code for code in kept)])

    def _what(self, ended: Ended) -> Text:
        from callback_contract.contract_tests.reporting.partners.reading import LOG

        if ended.out_of_time:
            return Text("fleet.out-of-time")
        log = {"log": str(self._folder / ended.row.name / LOG)} if ended.code in {2, 3} else {}
        return Text(f"fleet.code-{ended.code}", **log)

    def _writable(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = Text("error-fleet.folder-unwritable", why=str(error.strerror))
            remedy = Text("error-fleet.other-folder")
            raise KitError(what, where=str(self._folder), remedy=remedy) from None

    def _show(self, rows: Sequence[PartnerRow]) -> None:
        from callback_contract.contract_tests.reporting.model.reproduction import REPORT_FILE
        from callback_contract.contract_tests.reporting.partners.output import partners_text
        from callback_contract.contract_tests.reporting.partners.page import partners_html
        from callback_contract.contract_tests.reporting.partners.reading import partners_below
        from callback_contract.openapi.documents.output_files import replace_file

        reports = [self._folder / row.name / REPORT_FILE for row in rows]
        there = tuple(file for file in reports if file.exists())
        if there:
            click.echo("\n" + partners_text(partners_below(there), self._language))
            board = self._folder / BOARD
            page = partners_html(partners_below((self._folder,), links_from=self._folder))
            replace_file(board, f"{page}\n".encode("utf-8", "backslashreplace"))
            self._say(Text("fleet.board", file=str(board)))
        without = tuple(file.parent.name for file in reports if not file.exists())
        if without:
            self._say(Text("summary.unreported", names=without))

    def _say(self, text: Text) -> None:
        from callback_contract.contract_tests.reporting.model.inert import one_line

        click.echo(one_line(text.in_language(self._language)))


def _options(row: PartnerRow) -> list[str]:
    return [name.replace("_", "-") for name in row.settings.found if name != "url"]
