"""Regular expressions of a contract, matched by an engine that cannot run away.

Python's `re` tries every way to match: a pattern such as `^(a+)+$` keeps it busy for hours with forty letters, and
nothing stops it. The engine of jsonschema-rs takes a time that grows with the text and no faster. Look-around and
back-references need another one there; that one gives up after a number of steps, and the text counts as no match.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

__all__ = ["bounded", "matches"]

_MOST_STEPS = 50_000  # some two milliseconds; texts of 10 000 characters with look-ahead at each of them need fewer


@cache
def bounded() -> Any:
    """The `pattern_options` of jsonschema-rs with which a validator gives up on a text that takes too long."""
    import jsonschema_rs

    return jsonschema_rs.FancyRegexOptions(backtrack_limit=_MOST_STEPS)


def matches(pattern: str, text: str) -> bool:
    """Whether an ECMA 262 pattern matches somewhere in a text, by the engine that judges bodies.

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
