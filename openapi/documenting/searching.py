"""Decides what search finds: one entry for each page, field, rule, fact, question and receiver, prepared here."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

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


def index(entries: Iterable[Entry]) -> str:
    """Writes the index as JSON, deflated and in base64: it stands in every page, and takes a third of the room."""
    rows = [[entry.name, entry.url, entry.text, entry.context] for entry in entries]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    deflated = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(deflated.compress(text.encode()) + deflated.flush()).decode("ascii")
