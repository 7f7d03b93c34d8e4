"""Inert text in reports: renders untrusted text on one line, without any effect in HTML or Markdown."""

from __future__ import annotations

import html
import re

from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.printable import respelled

__all__ = ["as_text", "in_html", "in_markdown", "one_line"]

_LONGEST = 2000
_MARKS = re.compile(r"([\\`*_{}\[\]<>()#+!|~$^=-])")


def one_line(text: str) -> str:
    """What moves a cursor, turns the reading direction or shows nothing is written as its escape."""
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def in_html(text: str) -> str:
    """For an element or a quoted attribute."""
    return respelled(html.escape(one_line(text)), lambda sign: f"&#{ord(sign)};")


def in_markdown(text: str) -> str:
    """For a cell of GitHub-flavoured Markdown."""
    return as_text(one_line(text), _MARKS)


def as_text(shown: str, marks: re.Pattern[str]) -> str:
    """One line that Markdown shows as it is: no markup, no link, no mention of a person or an issue.

    An invisible word joiner keeps `@name`, `#1`, `GH-1` and bare addresses from becoming links.

    Args:
        marks: Which characters are escaped, in a group; where a line begins more of them mark up than inside one.
    """
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = re.sub(r"(@|://|\bwww(?=\.)|\bGH(?=-))", "\\1\u2060", shown)
    return marks.sub(r"\\\1", shown).replace("\\#", "\\#\u2060")
