"""Decides what search finds: one entry for each page, field, rule, fact, question and receiver, prepared here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["Entry", "index"]


@dataclass(frozen=True)
class Entry:
    """One thing to be found.

    Attributes:
        text: More words by which it is found.
        context: What tells it from others of its name; shown, and not searched, or all parts of a page would come.
    """

    name: str
    url: str
    text: str = ""
    context: str = ""


def index(entries: Iterable[Entry]) -> Markup:
    """Writes the index as JSON that can stand inside a script element."""
    rows = [[entry.name, entry.url, entry.text, entry.context] for entry in entries]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    # Nothing in it can end the element or open a comment.
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704
