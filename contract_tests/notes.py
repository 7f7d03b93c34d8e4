"""Decides what is noted beside the verdicts: what of a contract a run did not judge, or read otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openapi.model import Callback, Contract

__all__ = ["Note", "selection_notes"]


@dataclass(frozen=True)
class Note:
    """One sentence that is no verdict.

    Attributes:
        about: `selection`, what was left out because nobody named it.
    """

    about: str
    text: str


def selection_notes(contract: Contract, names: Sequence[str]) -> tuple[Note, ...]:
    """Says which callbacks of a contract are judged when nobody names any, where that is not all of them."""
    judged = contract.default_callbacks
    if names or len(judged) == len(contract.callbacks):
        return ()
    left = [callback for callback in contract.callbacks if callback not in judged]
    told = f"judged: {_listed(judged)}; not judged: {_listed(left)}: name them with --callback"
    return (Note("selection", told),)


def _listed(callbacks: Sequence[Callback]) -> str:
    return ", ".join(callback.name for callback in callbacks)
