"""Waiver drafts: write a waiver file for today's failures, with a person's decisions left open."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["drafted", "refuse_to_overwrite", "write_draft"]

_OPTION = "--write-waivers"
_DAYS = 30
_HEAD = """\
# Drafted by `callback-contract check --write-waivers`. It is refused until each reason and owner is filled in:
# say why the broken rule is accepted for a while, and who answers for it. `until` is its last day (UTC).
# Delete what should be mended instead.
"""


def refuse_to_overwrite(file: Path) -> None:
    """Makes sure before anything is sent that the draft can be written.

    Raises:
        KitError: The file is there already, or its directory is not.
    """
    if file.exists() or file.is_symlink():
        raise KitError(
            Text("error-report.draft-exists", file=str(file)), where=_OPTION, remedy=Text("error-report.name-new-file")
        )
    if not file.parent.is_dir():
        raise KitError(
            Text("error-report.no-directory", parent=str(file.parent)),
            where=_OPTION,
            remedy=Text("error-report.make-directory"),
        )
    if not os.access(file.parent, os.W_OK):
        raise KitError(
            Text("error-report.directory-unwritable", parent=str(file.parent)),
            where=_OPTION,
            remedy=Text("error-report.file-elsewhere"),
        )


def drafted(results: Iterable[RuleResult], today: date, *, strict: bool) -> str:
    """A waiver for each rule that fails the run; empty when none does. Nothing that a receiver said stands in it."""
    failing = [
        result
        for result in results
        if result.blocks_the_gate or (strict and result.verdict in {Verdict.WARN, Verdict.FLAKY})
    ]
    until = (today + timedelta(days=_DAYS)).isoformat()
    rows = [
        f"- rule: {result.rule.id}  # {result.verdict.value}, {result.rule.level}: {result.rule.statement}\n"
        f"  reason: ''\n  owner: ''\n  until: {until}\n"
        for result in failing
    ]
    return "\n".join([_HEAD, *rows]) if rows else ""


def write_draft(file: Path, text: str) -> None:
    """Writes the draft where nothing is yet.

    Raises:
        KitError: There is something by now, or it cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8") as draft:
            draft.write(text)
    except FileExistsError:
        refuse_to_overwrite(file)
    except OSError as error:
        raise KitError(
            Text("error-report.draft-unwritten", file=str(file), why=str(error.strerror)), where=_OPTION, exit_code=3
        ) from None
