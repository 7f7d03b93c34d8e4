"""Page text: extracts the words below each anchor of a rendered page, for search."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["texts_below"]

_UNREAD = {"h1", "h2", "h3", "dt", "th", "pre", "script", "style", "svg", "nav", "header", "footer"}
_VOID = {"br", "hr", "input", "meta", "link", "img"}


def texts_below(page: str) -> dict[str, str]:
    """Return the words of a page's main part by the anchor that precedes them.

    Words before the first anchor have an empty one.
    """
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
            pass  # an end tag that HTML allows to be left out

    def handle_data(self, data: str) -> None:
        if "main" in self._open and self._is_read():
            self.found[self._place].append(data)

    def _is_read(self) -> bool:
        return not _UNREAD & set(self._open)
