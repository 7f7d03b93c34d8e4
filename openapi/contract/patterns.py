"""Pattern matcher: matches regular expressions of a contract in bounded time.

Python's `re` tries every way to match: a pattern such as `^(a+)+$` keeps it busy for hours with forty letters, and
nothing stops it. The engine of jsonschema-rs takes a time that grows with the text and no faster. Look-around and
back-references need another one there; that one gives up after a number of steps, and the text counts as no match.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

__all__ = ["bounded", "matches"]

_MOST_STEPS = 50_000  # about two milliseconds; a look-ahead at each of 10 000 characters needs fewer steps


@cache
def bounded() -> Any:
    """Return the `pattern_options` of jsonschema-rs that bound the steps of a match.

    A text that needs more steps counts as no match.
    """
    import jsonschema_rs

    return jsonschema_rs.FancyRegexOptions(backtrack_limit=_MOST_STEPS)


def matches(pattern: str, text: str) -> bool:
    """Return whether an ECMA 262 pattern matches somewhere in a text.

    The engine is the one that validates bodies.

    Raises:
        ValueError: The pattern is not a regular expression.
    """
    return _matcher(pattern)(text)


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], bool]:
    import jsonschema_rs

    is_valid: Callable[[str], bool] = jsonschema_rs.Draft202012Validator(
        {"pattern": pattern}, pattern_options=bounded()
    ).is_valid
    return is_valid
