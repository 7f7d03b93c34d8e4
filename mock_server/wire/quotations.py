"""Quotations of masked values: mask a value wherever a delivery repeats it in other texts or spellings.

A long value is masked anywhere; a short one occurs in many texts by chance and is masked only as a whole word. In
scripts without blanks two characters are enough. A single character and a few digits are left, since a date or a price
would break, and a note reports it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

__all__ = ["Quotes"]

_SHORTEST_QUOTED = 6
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass
class Quotes:
    """Values that are masked wherever a delivery has them.

    Attributes:
        anywhere: Values with their masks.
        words: Short values with their masks, searched as whole words.
        left: Whether a value is too short even for that.
    """

    anywhere: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    left: bool = False

    @classmethod
    def of(cls, masked: Iterable[tuple[str, str]]) -> Quotes:
        """Return the quotes for all spellings of masked texts."""
        found = cls()
        for old, new in masked:
            for spelt, mask in _spellings(old, new):
                found._add(spelt, mask)
        return found

    def _add(self, spelt: str, mask: str) -> None:
        if len(spelt) >= _SHORTEST_QUOTED or (len(spelt) > 1 and _UNSPACED.search(spelt)):
            self.anywhere[spelt] = mask
        elif len(spelt) > 1 and any(map(str.isalpha, spelt)):
            self.words[spelt] = mask
        else:
            self.left = self.left or bool(spelt)

    def only(self, is_right: Callable[[Quotes], bool]) -> Quotes:
        """Return the quotes that keep a delivery valid, each tried alone."""
        return Quotes(
            {old: new for old, new in self.anywhere.items() if is_right(Quotes({old: new}))},
            {old: new for old, new in self.words.items() if is_right(Quotes({}, {old: new}))},
            self.left,
        )

    def inside(self, text: str, *, words: bool = True) -> str:
        """Return a text with its quotes masked.

        Args:
            words: Whether short values are searched, too.
        """
        for old in sorted(self.anywhere, key=len, reverse=True):
            text = text.replace(old, self.anywhere[old])
        for old in sorted(self.words, key=len, reverse=True) if words else ():
            text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _, new=self.words[old]: new, text)  # type: ignore[misc]
        return text


def _spellings(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield a masked text and its mask in the spellings of other places."""
    yield old, new
    yield quote(old, safe=""), quote(new, safe="")
    yield quote_plus(old), quote_plus(new)
    yield json.dumps(old)[1:-1], json.dumps(new)[1:-1]
    if old.startswith("+") and new.startswith("+"):
        yield old[1:], new[1:]
