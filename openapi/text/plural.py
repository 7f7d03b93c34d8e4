"""Plural: writes a number with its noun."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, as in `1 rule` and `2 rules`.

    Args:
        many: The plural where it is not `one` and an s.
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
