"""Decides how a stranger's text is shown: no character of it moves a cursor or hides itself."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Writes whatever moves a cursor or shows nothing as its escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
