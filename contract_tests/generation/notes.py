"""Decides what is noted beside the verdicts: what of a contract a run did not judge, or read otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callback_contract.contract_tests.generation.bounds import MOST_LISTED, drawn_at_all
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.contract.extent import MOST_PARTS
from callback_contract.openapi.contract.model import Callback, Contract

__all__ = ["Note", "contract_notes", "selection_notes"]

_LONGEST = 600
_UNDRAWN = (
    f"no body is drawn from its schema, which has more than {MOST_PARTS:,} parts when its references are written out;"
    " examples and one plain body are sent"
)


@dataclass(frozen=True)
class Note:
    """One sentence that is no verdict.

    Attributes:
        about: `selection`, what was left out because nobody named it; `set aside`, a callback of the contract that
            cannot be used; `not judged`, one for which something is missing; `contract`, what was read otherwise.
        callback: The one that it speaks of; empty for no single one.
    """

    about: str
    text: str
    callback: str = ""


def contract_notes(contract: Contract) -> tuple[Note, ...]:
    """What reading a contract left of it; it may be anybody's, so no character of it moves a cursor."""
    aside = [Note("set aside", _shown(reason), _shown(name)) for name, reason in contract.set_aside]
    undrawn = [Note("contract", f"{each.name}: {_UNDRAWN}") for each in contract.callbacks if not drawn_at_all(each)]
    undrawn += [
        Note(
            "contract", f"{each.name}: {MOST_LISTED} of {len(member.enum):,} listed values of {member.pointer} are sent"
        )
        for each in contract.callbacks
        for member in each.members
        if len(member.enum) > MOST_LISTED
    ]
    return (*aside, *(Note("contract", _shown(note)) for note in contract.notes), *undrawn)


def selection_notes(contract: Contract, names: Sequence[str]) -> tuple[Note, ...]:
    """Says which callbacks of a contract are judged when nobody names any, where that is not all of them."""
    judged = contract.default_callbacks
    if names or len(judged) == len(contract.callbacks):
        return ()
    left = [callback for callback in contract.callbacks if callback not in judged]
    told = f"judged: {_listed(judged)}; not judged: {_listed(left)}: name them with --callback"
    return (Note("selection", told),)


def _shown(text: str) -> str:
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _listed(callbacks: Sequence[Callback]) -> str:
    return ", ".join(callback.name for callback in callbacks)
