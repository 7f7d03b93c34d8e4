"""Suggestion for a misspelt name: the known names most like it, and the one sentence that asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callback_contract.openapi.text.message import Text, beside, either

__all__ = ["did_you_mean", "nearest"]

_LONGEST = 100  # characters of a name that is compared, which takes the square of its length


def nearest(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Return the known names most like another one, whatever their letter case; none where none is like it."""
    import difflib  # nearly no run needs it

    if len(name) > _LONGEST:
        return []
    as_known = {one.lower(): one for one in known if len(one) <= _LONGEST}
    return [as_known[one] for one in difflib.get_close_matches(name.lower(), as_known, n=most)]


def did_you_mean(near: Sequence[str], then: str = "") -> Text:
    """Return the question whether one of some names was meant, and the text that follows it.

    Without a name it is that text alone.
    """
    question = Text("error.did-you-mean", name=either(map(repr, near))) if near else ""
    return beside([question, then])
