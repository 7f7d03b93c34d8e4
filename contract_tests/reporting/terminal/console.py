"""Terminal of a run: the same text in a terminal and in a pipe, in the language of its reader."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as Styled

from callback_contract.contract_tests.model.verdicts import Verdict
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.message import ENGLISH, Text, translated

__all__ = ["Terminal", "command_lines", "console", "cut", "verdict_text"]

_PIPE_WIDTH = 120
_LEAST_WIDTH = 20  # of a paragraph in a terminal that is hardly wider than its indent

# Where a line may end: behind a blank, and around each sign that is two columns wide, unless a comma or the like
# would begin a line.
_WIDE = r"\u2e80-\U0003fffd"
_CLOSES = r"[\u3001\u3002\uff01\uff09\uff0c\uff1a-\uff1f\u300d\u300b\u201d]*+"
_PIECE = re.compile(rf"(?:[{_WIDE}]|[^{_WIDE} ]+){_CLOSES} *| +")
_SHELL_WORD = re.compile(r"""(?:[^\s'"]|'[^']*'|"(?:\\.|[^"\\])*")+""")


def console(*, stderr: bool = False, language: str = ENGLISH) -> Terminal:
    """A terminal that shows the same text in a pipe, where it has no colours and is as wide as $COLUMNS says."""
    stream = (sys.stderr if stderr else sys.stdout) or io.StringIO()  # closed by whoever started us
    said = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(said) if said.isdecimal() and int(said) >= _LEAST_WIDTH else _PIPE_WIDTH
    terminal = Terminal(file=stream, width=width, highlight=False, emoji=False)
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
        """Prints a text: as one line in a pipe, as a paragraph in a terminal."""
        for line in self.words(text).split("\n"):
            said = Styled(printable(line), style=style)
            if self.is_terminal:
                self.paragraph(said)
            else:
                self.put(said)

    def paragraph(self, text: Styled | str, *, indent: int = 0, hanging: int = 2) -> None:
        """Prints a text in lines that end between words, the further ones `hanging` columns further in."""
        styled = Styled(text) if isinstance(text, str) else text
        width = max(_LEAST_WIDTH, self.width - indent - hanging)
        first = max(_LEAST_WIDTH, self.width - indent)
        for number, line in enumerate(styled.divide(list(_breaks(styled.plain, first, width)))):
            self.put(Styled(" " * (indent + hanging * (number > 0))).append_text(line))

    def put(self, text: Styled | str) -> None:
        """Prints one line as it is, without blanks at its end."""
        styled = Styled(text) if isinstance(text, str) else text
        styled.rstrip()
        self.print(styled, soft_wrap=True)

    def command(self, command: str, *, indent: int) -> None:
        """Prints a command that can be pasted: in a pipe as one line. A text of rich's would lose its tabs."""
        for line in command_lines(command, self.width - indent) if self.is_terminal else [command]:
            self.out(" " * indent + line, highlight=False)


def _breaks(text: str, first: int, further: int) -> Iterator[int]:
    """Where the lines of a text end."""
    used, width = 0, first
    for piece in _PIECE.finditer(text):
        if used and used + cell_len(piece[0].rstrip(" ")) > width:
            yield piece.start()
            used, width = 0, further
        used += cell_len(piece[0])


def command_lines(command: str, width: int) -> list[str]:
    r"""A shell's command in lines that end between its words, each but the last with ` \`."""
    words = _SHELL_WORD.findall(command)
    if len(command) <= width or " ".join(words) != command:
        return [command]
    lines = [words[0]]
    for word in words[1:]:
        if cell_len(lines[-1]) + cell_len(word) + 3 <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"  {word}")
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def cut(text: str, width: int) -> str:
    """What fits in a line; whatever moves a cursor or shows nothing is written as its escape."""
    visible = printable(text[:width])
    if cell_len(visible) < width:
        return visible
    while cell_len(visible) >= width:
        visible = visible[:-1]
    return f"{visible}…"


def verdict_text(verdict: str) -> Text:
    """A verdict, as a report has it."""
    return Text(f"verdict.{Verdict(verdict).name.lower()}")
