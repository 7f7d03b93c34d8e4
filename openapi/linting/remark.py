"""Remark on a contract: its level, its place, and whether it is a rule of the format or advice."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LEVELS", "PLAIN", "Manner", "Remark"]

LEVELS = ("error", "warning", "note")


@dataclass(frozen=True)
class Remark:
    """A finding on a contract.

    Attributes:
        level: error (a verdict by this contract would be wrong), warning (a reader or a rule lacks something) or note.
        where: JSON pointer into the document.
        place: File, line and pointer.
        basis: Whether it is a rule of the format (OpenAPI, JSON Schema) or this kit's advice.
    """

    level: str
    where: str
    what: str
    remedy: str
    place: str = ""
    basis: str = "advice"


@dataclass(frozen=True)
class Manner:
    """How a document is read.

    Attributes:
        overlays: OpenAPI Overlays, laid over the contract and not over the previous version.
        paths: Whether its paths are the callbacks.
        remote: Whether a foreign document's references by http(s) are fetched.
        below: The folder below which files may be targets of `$ref`; None for the document's own.
    """

    overlays: tuple[str, ...] = ()
    paths: bool = False
    remote: bool = False
    below: str | None = None


PLAIN = Manner()
