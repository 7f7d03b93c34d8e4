"""Inert text: spellings of a stranger's text that move no cursor, run no command and speak to no CI runner."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

__all__ = ["broken", "exact_json", "printable", "respelled", "shell_word", "shell_words", "speaks"]

# What CI runners obey: `##[…]`, `##vso[…]` and `##teamcity[…]` anywhere in a line, `::name::` at its beginning.
# A match ends where a mark makes it harmless. Blanks and escape sequences before `::` are passed over.
_COMMAND = re.compile(r"##[\w-]{0,20}(?=\[)|(?:\A|[\r\n])(?:[^\S\r\n]|\x1b\[[0-9;?]*[A-Za-z])*+:(?=:)")
_NOT_ASCII = re.compile("[^\0-\x7e]+")


def printable(text: str) -> str:
    """Writes whatever moves a cursor or shows nothing as its escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def broken(text: str, *, since: int = 0) -> str:
    """Puts a blank into whatever a CI runner would take for a command.

    Args:
        since: How many characters were written before; none is put among them.
    """
    return _COMMAND.sub(lambda found: f"{found[0]} " if found.end() >= since else found[0], text)


def speaks(text: str) -> bool:
    """Whether a CI runner would take some of a text for a command, if not as it is, then where it is wrapped."""
    return ("::" in text or "##" in text) and _COMMAND.search(re.sub(r"\s", "\n", text)) is not None


def respelled(text: str, spell: Callable[[str], str]) -> str:
    """Writes one sign of each command of a CI runner so that it still means the same to a reader of the format.

    Args:
        spell: Gives the other spelling of `#` or `:`.
    """
    return _COMMAND.sub(
        lambda found: spell("#") + found[0][1:] if found[0][0] == "#" else found[0][:-1] + spell(":"), text
    )


def exact_json(value: Any, *, indent: int | None = None, in_ascii: bool = False) -> str:
    """JSON for people and pipes: what hides itself, moves a cursor or speaks to a CI runner is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=in_ascii)
    text = _NOT_ASCII.sub(lambda run: run[0] if run[0].isprintable() else "".join(map(_escaped, run[0])), text)
    return respelled(text, _escape)  # what it finds stands in a string: JSON itself has no `#`


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
    """Words of a command for a POSIX shell."""
    return " ".join(map(shell_word, texts))


def shell_word(text: str) -> str:
    """A text as one word of a POSIX shell: exact, and with nothing in it that hides or moves a cursor.

    Line ends and tabs stay; what else shows nothing is written by the shell's own `printf`.
    """
    return "".join(
        _quoted("".join(run)) if is_shown else f"\"$(printf '{_octal(''.join(run))}')\""
        for is_shown, run in groupby(text, lambda sign: sign.isprintable() or sign in "\t\n\u3000")
    ) or _quoted("")


def _octal(text: str) -> str:
    try:
        raw = text.encode("utf-8", "surrogateescape")  # a file name's bytes
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "replace")
    return "".join(f"\\{byte:03o}" for byte in raw)


def _quoted(text: str) -> str:
    pieces, end = [], 0
    for found in _COMMAND.finditer(text):
        pieces.append(text[end : found.end()])
        end = found.end()
    return "''".join(map(shlex.quote, [*pieces, text[end:]]))
