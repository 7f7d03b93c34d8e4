"""Inert text: escapes untrusted text, so that it moves no cursor, runs no command and controls no CI runner."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

__all__ = ["broken", "exact_json", "printable", "respelled", "shell_word", "shell_words", "speaks"]

# Commands of CI runners: `##[…]`, `##vso[…]` and `##teamcity[…]` anywhere in a line, `::name::` at its beginning. A
# match ends where a blank breaks the command. Blanks and escape sequences before `::` are skipped.
_COMMAND = re.compile(r"##[\w-]{0,20}(?=\[)|(?:\A|[\r\n])(?:[^\S\r\n]|\x1b\[[0-9;?]*[A-Za-z])*+:(?=:)")
_NOT_ASCII = re.compile("[^\0-\x7e]+")


def printable(text: str) -> str:
    """Return a text with control and invisible characters escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def broken(text: str, *, since: int = 0) -> str:
    """Return a text with a blank in each command of a CI runner.

    Args:
        since: The number of characters already written; no blank is put among them.
    """
    return _COMMAND.sub(lambda found: f"{found[0]} " if found.end() >= since else found[0], text)


def speaks(text: str) -> bool:
    """Return whether a CI runner would find a command in a text, or once wrapped."""
    return ("::" in text or "##" in text) and _COMMAND.search(re.sub(r"\s", "\n", text)) is not None


def respelled(text: str, spell: Callable[[str], str]) -> str:
    """Respell one sign of each CI runner command, with the same meaning in the format.

    Args:
        spell: Returns the other spelling of `#` or `:`.
    """
    return _COMMAND.sub(
        lambda found: spell("#") + found[0][1:] if found[0][0] == "#" else found[0][:-1] + spell(":"), text
    )


def exact_json(value: Any, *, indent: int | None = None, in_ascii: bool = False) -> str:
    """Return JSON with control, invisible and CI command characters escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=in_ascii)
    text = _NOT_ASCII.sub(lambda run: run[0] if run[0].isprintable() else "".join(map(_escaped, run[0])), text)
    return respelled(text, _escape)  # each match is inside of a string: JSON itself has no `#`


def _escaped(sign: str) -> str:
    if sign.isprintable():
        return sign
    return "".join(_escape(unit) for unit in _utf16(sign))


def _utf16(sign: str) -> Iterable[str]:
    units = sign.encode("utf-16-be", "surrogatepass")
    return (chr(int.from_bytes(units[at : at + 2], "big")) for at in range(0, len(units), 2))


def _escape(unit: str) -> str:
    return f"\\u{ord(unit):04x}"


def shell_words(texts: Iterable[str]) -> str:
    """Return the words of a command for a POSIX shell."""
    return " ".join(map(shell_word, texts))


def shell_word(text: str) -> str:
    """Return a text as one exact and inert word of a POSIX shell.

    Line ends and tabs stay; the shell's own `printf` writes all other invisible characters.
    """
    return "".join(
        _quoted("".join(run)) if is_shown else f"\"$(printf '{_octal(''.join(run))}')\""
        for is_shown, run in groupby(text, lambda sign: sign.isprintable() or sign in "\t\n\u3000")
    ) or _quoted("")


def _octal(text: str) -> str:
    try:
        raw = text.encode("utf-8", "surrogateescape")  # the bytes of a file name
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "replace")
    return "".join(f"\\{byte:03o}" for byte in raw)


def _quoted(text: str) -> str:
    pieces, end = [], 0
    for found in _COMMAND.finditer(text):
        pieces.append(text[end : found.end()])
        end = found.end()
    return "''".join(map(shlex.quote, [*pieces, text[end:]]))
