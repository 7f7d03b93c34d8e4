"""Decides where else a delivery quotes a masked value: in other texts, names, headers and spellings.

A value of some length is masked wherever it stands; a shorter one stands in many a text by chance, and is masked where
it is a word of its own. Scripts without blanks have no words to tell: there two signs are enough. A single sign and few
digits are left, since a date or a price would break by them, and that is told.
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
    """What is masked wherever a delivery holds it.

    Attributes:
        anywhere: Values with their masks.
        words: Short ones with theirs, which are looked for as whole words.
        left: Whether a value is too short even for that.
    """

    anywhere: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    left: bool = False

    @classmethod
    def of(cls, masked: Iterable[tuple[str, str]]) -> Quotes:
        """All spellings of masked texts."""
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
        """Those that do no harm, each tried by itself."""
        return Quotes(
            {old: new for old, new in self.anywhere.items() if is_right(Quotes({old: new}))},
            {old: new for old, new in self.words.items() if is_right(Quotes({}, {old: new}))},
            self.left,
        )

    def inside(self, text: str, *, words: bool = True) -> str:
        """Masks what a text quotes.

        Args:
            words: Whether short values are looked for, too.
        """
        for old in sorted(self.anywhere, key=len, reverse=True):
            text = text.replace(old, self.anywhere[old])
        for old in sorted(self.words, key=len, reverse=True) if words else ():
            text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _, new=self.words[old]: new, text)  # type: ignore[misc]
        return text


def _spellings(old: str, new: str) -> Iterator[tuple[str, str]]:
    """A masked text and its mask, as other places of a delivery write them, too."""
    yield old, new
    yield quote(old, safe=""), quote(new, safe="")
    yield quote_plus(old), quote_plus(new)
    yield json.dumps(old)[1:-1], json.dumps(new)[1:-1]
    if old.startswith("+") and new.startswith("+"):
        yield old[1:], new[1:]
