"""Decides what search finds: one entry for each page, field, rule, fact, question and receiver, prepared here."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

__all__ = ["Entry", "index", "rows_of"]


@dataclass(frozen=True)
class Entry:
    """One thing to be found.

    Attributes:
        text: More words by which it is found.
        words: What else is searched, of which the part with the hit is shown.
        context: What tells it from others of its name; shown, and not searched, or all parts of a page would come.
    """

    name: str
    url: str
    text: str = ""
    context: str = ""
    words: str = ""


def index(entries: Iterable[Entry]) -> str:
    """Writes the index as JSON, deflated and in base 85: it stands in every page, and takes a third of the room.

    What is alike lies together, which deflates better; an address that ends in the entry's name is written without it.
    """
    rows = [
        [entry.name, re.sub(f"#{re.escape(entry.name)}$", "#", entry.url), entry.text, entry.context, entry.words]
        for entry in entries
    ]
    text = json.dumps([*zip(*rows, strict=True)], ensure_ascii=False, separators=(",", ":"))
    deflated = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = base64.b85encode(deflated.compress(text.encode()) + deflated.flush())
    return packed.replace(b"<", b".").decode("ascii")  # no page may hold what could begin a comment


def rows_of(packed: str) -> list[Entry]:
    """Reads an index again, as the pages do."""
    inflated = zlib.decompress(base64.b85decode(packed.replace(".", "<")), -zlib.MAX_WBITS)
    rows = [
        Entry(name, url, text, context, words)
        for name, url, text, context, words in zip(*json.loads(inflated), strict=True)
    ]
    return [replace(row, url=row.url + row.name) if row.url.endswith("#") else row for row in rows]
