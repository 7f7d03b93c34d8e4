"""Errors of the user: hold what is wrong, where, and the remedy."""

from __future__ import annotations

__all__ = ["CatalogueError", "ContractError", "KitError", "OverlayError"]


class KitError(Exception):
    """A mistake that the user can correct; shown as one message without a stack trace.

    Args:
        what: What is wrong, one sentence without its full stop.
        where: File and line, JSON pointer or command-line option; empty when there is none.
        remedy: What to do about it, one sentence.
        exit_code: 2 for wrong use, 3 when nothing could be judged (judgement.md, "Verdicts").
        private: Follows `what` on the user's own terminal, and is in no report: it may hold secrets that only the
            user knows, as the message of a plugin's exception does.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "", exit_code: int = 2, private: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        self.exit_code = exit_code
        self.private = private
        super().__init__(str(self))

    def __str__(self) -> str:
        return self._with(f"{self.what}: {self.private}" if self.private else self.what)

    @property
    def reported(self) -> str:
        """Return the message in the form for reports."""
        return self._with(self.what)

    def _with(self, what: str) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"\n  {self.remedy}" if self.remedy else ""
        stop = "" if what.endswith(("?", ".")) else "."
        return f"{place}{what}{stop}{remedy}"


class ContractError(KitError):
    """The contract document cannot be used."""


class CatalogueError(KitError):
    """The catalogue of rules cannot be used."""


class OverlayError(KitError):
    """An overlay cannot be read, or does not fit the document."""
