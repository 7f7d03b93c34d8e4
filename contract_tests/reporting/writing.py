"""Decides how a file of a report comes to be: whole, or not at all."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_whole"]


def write_whole(file: Path, text: str) -> None:
    """Writes beside and moves into place: a full disk leaves the file of the run before, never half of one.

    Raises:
        OSError: The file cannot be written.
    """
    unfinished = file.with_name(file.name + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)
