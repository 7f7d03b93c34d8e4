"""Decides where the built-in contract stands, and what a contract is called in a message."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CONTRACT_FILE", "contract_in_words"]

CONTRACT_FILE = Path(__file__).parents[1] / "openapi.yaml"


def contract_in_words(path: Path | str) -> str:
    """A contract's path; of the built-in one that it is that: where the kit is installed helps nobody."""
    return "the built-in contract" if str(path) == str(CONTRACT_FILE) else str(path)
