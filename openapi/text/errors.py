"""Errors of the user: hold what is wrong, where, and the remedy."""

from __future__ import annotations

from collections.abc import Callable

from callback_contract.openapi.text.message import Text, lines, reworded

__all__ = ["CatalogueError", "ContractError", "KitError", "OverlayError"]


class KitError(Exception):
    """A mistake that the user can correct; shown as one message without a stack trace.

    All but `exit_code` is a `Text`, or a plain string of somebody else's words.

    Args:
        what: What is wrong, one sentence without its full stop.
        where: File and line, JSON pointer or command-line option; empty when there is none.
        remedy: What to do about it, one sentence.
        exit_code: 2 for wrong use, 3 when nothing could be judged, see README.md, "Exit codes and verdicts".
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
        return str(self.text)

    @property
    def text(self) -> str:
        """The whole message, with what is private."""
        return self._with(Text("error.private", what=self.what, private=self.private) if self.private else self.what)

    @property
    def reported(self) -> str:
        """The message in the form for reports."""
        return self._with(self.what)

    def with_words(self, change: Callable[[str], str]) -> KitError:
        """The same error with other people's words changed, as to take secrets out; its place stays."""
        what, remedy, private = (reworded(each, change) for each in (self.what, self.remedy, self.private))
        return KitError(what, where=self.where, remedy=remedy, exit_code=self.exit_code, private=private)

    def _with(self, what: str) -> str:
        said = what if what.endswith(("?", ".")) else Text("error.sentence", what=what)
        said = Text("error.placed", where=self.where, said=said) if self.where else said
        return lines([said, self.remedy]) if self.remedy else said


class ContractError(KitError):
    """The contract document cannot be used.

    Attributes:
        pointer: JSON pointer to the flaw; empty when no part of the document is to blame, or it is another document's.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "", pointer: str = "") -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.pointer = pointer


class CatalogueError(KitError):
    """The catalogue of rules cannot be used."""


class OverlayError(KitError):
    """An overlay cannot be read, or does not fit the document."""
