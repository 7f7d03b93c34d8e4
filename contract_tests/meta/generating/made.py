"""Result of generating: the files with what they have to hold, and what is left for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COMMAND = "python -m callback_contract.contract_tests.meta.scripts.generate"


@dataclass(frozen=True)
class Made:
    """What one part of the generator made.

    Attributes:
        files: The text of each file; None for a file that nothing needs any more.
        by_hand: What is left that only a person can do, a line each.
    """

    files: Mapping[Path, str | None]
    by_hand: tuple[str, ...] = ()

    def stale(self) -> list[Path]:
        """Files that hold something else now."""
        return [file for file, text in self.files.items() if text != _held(file)]

    def write(self) -> None:
        """Brings the files up to date; one that is up to date is not touched."""
        for file in self.stale():
            text = self.files[file]
            if text is None:
                file.unlink()
            else:
                file.write_text(text, "utf-8")


def _held(file: Path) -> str | None:
    return file.read_text("utf-8") if file.exists() else None
