"""Names of contracts: the path of the built-in contract, and the name of a contract in messages."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CONTRACT_FILE", "contract_in_words"]

CONTRACT_FILE = Path(__file__).parents[1] / "openapi.yaml"


def contract_in_words(path: Path | str) -> str:
    """Return a contract's path, or "the built-in contract".

    The path of the installed kit would not help a reader.
    """
    return "the built-in contract" if str(path) == str(CONTRACT_FILE) else str(path)
