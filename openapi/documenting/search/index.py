"""Search index: one entry for each page, field, rule, fact, question and receiver."""

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
    """An entry of the search.

    Attributes:
        text: Further words by which it is found.
        words: The text that is searched last; the part with the hit is shown.
        context: Distinguishes it from others of its name; shown and not searched, so that a page yields one hit.
    """

    name: str
    url: str
    text: str = ""
    context: str = ""
    words: str = ""


def index(entries: Iterable[Entry]) -> str:
    """Return the index as JSON, deflated and in base 85, since each page contains it.

    Columns are kept together, which deflates better. An address that ends in the entry's name is written without it.
    """
    rows = [
        [entry.name, re.sub(f"#{re.escape(entry.name)}$", "#", entry.url), entry.text, entry.context, entry.words]
        for entry in entries
    ]
    text = json.dumps([*zip(*rows, strict=True)], ensure_ascii=False, separators=(",", ":"))
    deflated = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = base64.b85encode(deflated.compress(text.encode()) + deflated.flush())
    return packed.replace(b"<", b".").decode("ascii")  # no page may contain the beginning of a comment


def rows_of(packed: str) -> list[Entry]:
    """Read an index, as the pages do."""
    inflated = zlib.decompress(base64.b85decode(packed.replace(".", "<")), -zlib.MAX_WBITS)
    rows = [
        Entry(name, url, text, context, words)
        for name, url, text, context, words in zip(*json.loads(inflated), strict=True)
    ]
    return [replace(row, url=row.url + row.name) if row.url.endswith("#") else row for row in rows]
