"""Notes of a run: state which parts of a contract were not judged, or were read differently from the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callback_contract.contract_tests.generation.bounds import (
    MOST_LISTED,
    MOST_PATTERNS,
    USUAL_PARTS,
    drawn_at_all,
    walked_at_all,
)
from callback_contract.contract_tests.generation.corpus import Depth
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.contract.extent import MOST_PARTS, Extents
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.text.message import Text, in_detail, listed

__all__ = ["Note", "contract_notes", "identity_notes", "selection_notes", "share_notes", "some_places"]

_LONGEST = 600
_MOST_PLACES = 12


@dataclass(frozen=True)
class Note:
    """One sentence that is not a verdict.

    Attributes:
        about: `selection`, callbacks left out because they were not named; `set aside`, a callback of the contract that
            cannot be used; `not judged`, one with a missing precondition; `contract`, a part read differently;
            `identity`, the places of fresh ids and of those that stay; `not shown`, members that read-back never shows.
        callback: The callback of the note; empty for none in particular.
    """

    about: str
    text: str
    callback: str = ""


def contract_notes(contract: Contract) -> tuple[Note, ...]:
    """Return the notes of the reader.

    The texts may be foreign, so they are made printable.
    """
    aside = [Note("set aside", _shown(reason), _shown(name)) for name, reason in contract.set_aside]
    whole = Text("note.undrawn", parts=MOST_PARTS)
    undrawn = [Note("contract", in_detail(each.name, whole)) for each in contract.callbacks if not drawn_at_all(each)]
    undrawn += [
        Note("contract", in_detail(each.name, Text("note.fewer-drawn", parts=parts)))
        for each in contract.callbacks
        if USUAL_PARTS < (parts := Extents(each.schema).of(each.schema)) <= MOST_PARTS
    ]
    unwalked = Text("note.unwalked", patterns=MOST_PATTERNS)
    undrawn += [
        Note("contract", in_detail(each.name, unwalked)) for each in contract.callbacks if not walked_at_all(each)
    ]
    undrawn += [
        Note(
            "contract",
            in_detail(
                each.name,
                Text("note.some-listed", sent=MOST_LISTED, listed=len(member.enum), pointer=member.pointer),
            ),
        )
        for each in contract.callbacks
        for member in each.members
        if len(member.enum) > MOST_LISTED
    ]
    undrawn += [
        Note("contract", _shown(Text("note.stands-in", callback=each.name, pointer=member.pointer, why=str(why))))
        for each in contract.callbacks
        for member in each.members
        if member.required and (why := member.schema.get("x-not-drawn")) and not member.schema.get("examples")
    ]
    return (*aside, *(Note("contract", _shown(note)) for note in contract.notes), *undrawn)


def identity_notes(callbacks: Sequence[Callback]) -> tuple[Note, ...]:
    """Return where the ids of deliveries stand, where the contract does not say all of it."""
    notes = []
    for callback in callbacks:
        fresh = [place for place in callback.stamped if place in callback.id_forms]
        kept = callback.kept_identifiers
        if not set(fresh) <= set(callback.delivery.stamped) or (kept and callback.origin):
            notes.append(Note("identity", _identity(callback.name, some_places(fresh), some_places(kept))))
    return tuple(notes)


def _identity(callback: str, fresh: str, kept: str) -> Text:
    if fresh and kept:
        return Text("reason.identity", callback=callback, fresh=fresh, kept=kept)
    if fresh:
        return Text("reason.identity-fresh", callback=callback, fresh=fresh)
    return Text("reason.identity-kept", callback=callback, kept=kept)


def some_places(places: Sequence[str]) -> str:
    """Return the first of some places, and how many more there are."""
    shown = [printable(place) for place in places[:_MOST_PLACES]]
    more = [Text("reason.more", count=len(places) - _MOST_PLACES)] if len(places) > _MOST_PLACES else []
    return listed([*shown, *more])


def selection_notes(contract: Contract, names: Sequence[str]) -> tuple[Note, ...]:
    """Return a note on the callbacks that are judged by default, unless these are all."""
    judged = contract.default_callbacks
    if names or len(judged) == len(contract.callbacks):
        return ()
    left = [callback for callback in contract.callbacks if callback not in judged]
    return (Note("selection", Text("note.selection", left=_names(left))),)


def share_notes(callbacks: Sequence[Callback], depth: Depth) -> tuple[Note, ...]:
    """Return a note on the bodies that are not drawn, since many callbacks share what is drawn in all."""
    shared = depth.shared_by(len(callbacks))
    if shared == depth:
        return ()
    drawn, usual = shared.contents + shared.negations, depth.contents + depth.negations
    return (
        Note("contract", Text("note.shared", callbacks=len(callbacks), drawn=drawn, usual=usual, walked=shared.walked)),
    )


def _shown(text: str) -> str:
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _names(callbacks: Sequence[Callback]) -> tuple[str, ...]:
    return tuple(callback.name for callback in callbacks)
