"""End of a run in the folder of its reports: one of wrong use or without a verdict leaves no older report there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text

__all__ = ["LeavesNoOlderReport", "no_older_report"]


class LeavesNoOlderReport(click.Command):
    """A command whose wrong use, too, is an end of a run: also one that its options are refused for."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        given = list(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except (click.UsageError, KitError):
            told = self._told(info_name, given, parent, extra)
            if told.get("report_dir") and not told.get("dry_run"):
                _move(Path(told["report_dir"]), language_of(told))
            raise

    def _told(
        self, info_name: str | None, args: list[str], parent: click.Context | None, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """What can be read of the options although one of them is wrong."""
        lenient = {"resilient_parsing": True, "ignore_unknown_options": True, "allow_extra_args": True}
        with contextlib.suppress(click.UsageError, KitError):
            return super().make_context(info_name, args, parent, **{**extra, **lenient}).params
        return {}


@contextlib.contextmanager
def no_older_report(directory: Path | None, *, may_move: bool, language: str) -> Iterator[Callable[[int], int]]:
    """Moves older reports away when the block ends with 2 or 3 and has written none of its own.

    Args:
        may_move: Whether this is a run; one that only plans leaves everything as it is.
    """
    codes: list[int] = []

    def ended(code: int) -> int:
        codes.append(code)
        return code

    if directory is None or not may_move or not directory.is_dir():
        yield ended
        return
    from callback_contract.contract_tests.reporting.model.history import Folder

    folder = Folder(directory)
    try:
        yield ended
    finally:
        if not codes or codes[0] not in {0, 1}:
            _tell(folder.move_older(), language)


def _move(directory: Path, language: str) -> None:
    from callback_contract.contract_tests.reporting.model.history import Folder

    if directory.is_dir():
        _tell(Folder(directory).move_older(), language)


def _tell(moved: Path | None, language: str) -> None:
    if moved is not None:
        told = Text("terminal.older-moved", directory=printable(str(moved)))
        click.echo(told.in_language(language), err=True)
