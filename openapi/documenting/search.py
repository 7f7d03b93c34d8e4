"""Search index of the documentation: an entry for each page, field, rule, fact and receiver, and the words of pages."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser

__all__ = ["Entry", "index", "names_alone", "rows_of", "texts_below"]


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


def names_alone(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries that are found by what they are and by their other names, and not by what mentions them."""
    others = (entry.words.partition("\n") for entry in entries)
    return [
        replace(entry, words=names + end if end else "") for entry, (names, end, _) in zip(entries, others, strict=True)
    ]


def rows_of(packed: str) -> list[Entry]:
    """Read an index, as the pages do."""
    inflated = zlib.decompress(base64.b85decode(packed.replace(".", "<")), -zlib.MAX_WBITS)
    rows = [
        Entry(name, url, text, context, words)
        for name, url, text, context, words in zip(*json.loads(inflated), strict=True)
    ]
    return [replace(row, url=row.url + row.name) if row.url.endswith("#") else row for row in rows]


_UNREAD = {"h1", "h2", "h3", "dt", "th", "pre", "script", "style", "svg", "nav", "header", "footer"}
_VOID = {"br", "hr", "input", "meta", "link", "img"}


def texts_below(page: str) -> dict[str, str]:
    """The words of a page's main part by the anchor that they follow; what stands before the first has an empty one."""
    reader = _Reader()
    reader.feed(page)
    return {place: " ".join(" ".join(words).split()) for place, words in reader.found.items()}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {"": []}
        self._place = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        place, kinds = dict(attrs).get("id"), (dict(attrs).get("class") or "").split()
        self._open.append("nav" if "copy" in kinds else tag)
        if place and "main" in self._open[:-1]:
            self._place = place
            self.found.setdefault(place, [])

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass  # an end that HTML lets a page leave out

    def handle_data(self, data: str) -> None:
        if "main" in self._open and self._is_read():
            self.found[self._place].append(data)

    def _is_read(self) -> bool:
        return not _UNREAD & set(self._open)
