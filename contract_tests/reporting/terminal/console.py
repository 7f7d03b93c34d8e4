"""Terminal of a run: the same text in a terminal and in a pipe, in the language of its reader."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from rich.console import Console
from rich.text import Text as Styled

from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.message import ENGLISH, Text, translated

__all__ = ["Terminal", "console", "verdict_text"]

_PIPE_WIDTH = 120


def console(*, stderr: bool = False, language: str = ENGLISH) -> Terminal:
    """A terminal that shows the same text in a pipe, where it has no colours."""
    stream = (sys.stderr if stderr else sys.stdout) or io.StringIO()  # closed by whoever started us
    terminal = Terminal(file=stream, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, emoji=False)
    terminal.language = language
    return terminal


class Terminal(Console):
    """One whose reader may go away, as in `| head`: the run goes on, for its reports and its exit code."""

    language = ENGLISH

    def on_broken_pipe(self) -> None:
        self.quiet = True
        with contextlib.suppress(OSError):  # else what is still in the buffer is complained of at the end
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.file.fileno())
            os.close(nowhere)

    def words(self, text: str) -> str:
        """A text in the reader's language."""
        return translated(text, self.language)

    def say(self, text: str, *, style: str = "") -> None:
        """Prints a text as one line, which the terminal itself may wrap."""
        shown = "\n".join(map(printable, self.words(text).split("\n")))
        self.print(Styled(shown, style=style), soft_wrap=True)


def verdict_text(verdict: str) -> Text:
    """A verdict, as a report has it."""
    return Text(f"verdict.{Verdict(verdict).name.lower()}")
