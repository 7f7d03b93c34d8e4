"""Pairs of callbacks: which callback of one contract is which of another, by place, name and content.

A reader numbers callbacks of one name in the order of the document (`event`, `event-2`), so among these the number
says nothing: their places and contents do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from callback_contract.openapi.comparing.schemas.normal_form import canonical
from callback_contract.openapi.contract.derivation import METHODS
from callback_contract.openapi.contract.model import Callback

__all__ = ["callback_pairs", "is_renamed", "place_of"]

_NUMBERED = re.compile(rf"(.+)-(?:\d+|{'|'.join(METHODS)})", re.IGNORECASE)


def place_of(callback: Callback) -> str:
    """Return the pointer of the operation in the document that somebody wrote."""
    # A foreign callback's origin is its file and, in brackets, its pointer there.
    return callback.origin.rpartition(" (")[2].removesuffix(")") or callback.pointer


def is_renamed(old: str, new: str) -> bool:
    """Return whether somebody gave a callback another name, and not only a reader another number."""
    numbered = [_NUMBERED.fullmatch(name) for name in (old, new)]
    names = [{name, match[1] if match else name} for name, match in zip((old, new), numbered, strict=True)]
    return not names[0] & names[1]


def callback_pairs(old: Sequence[Callback], new: Sequence[Callback]) -> list[tuple[Callback, Callback]]:
    """Return the pairs, in the order of the new callbacks.

    Each step pairs what only one callback on each side can be: the same name at the same place, the same name and
    content, the same name, the same place.
    """
    families = [_families(side) for side in (old, new)]
    names = Counter(families[0].values()) | Counter(families[1].values())

    def family(callback: Callback, side: int) -> str:
        return families[side][callback.pointer]

    def name(callback: Callback, side: int) -> str | None:
        # Of several with one name the number is the reader's, and no name.
        return callback.name if names[family(callback, side)] == 1 else None

    def content(callback: Callback, side: int) -> object:
        if name(callback, side) is not None:
            return None  # it needs no look at its schema, which may be large
        return family(callback, side), callback.method, callback.media_type, canonical(callback.schema)

    steps: tuple[Callable[[Callback, int], object], ...] = (
        lambda each, side: (family(each, side), place_of(each)),
        content,
        name,
        family,
        lambda each, side: place_of(each),
    )
    found: dict[str, Callback] = {}
    taken: set[str] = set()
    for step in steps:
        waiting = [each for each in old if each.pointer not in taken]
        open_ = [each for each in new if each.pointer not in found]
        keys = Counter(step(each, 0) for each in waiting), Counter(step(each, 1) for each in open_)
        by_key = {step(each, 0): each for each in waiting}
        for each in open_:
            key = step(each, 1)
            if key is not None and keys[0][key] == keys[1][key] == 1:
                found[each.pointer] = by_key[key]
                taken.add(by_key[key].pointer)
    return [(found[each.pointer], each) for each in new if each.pointer in found]


def _families(callbacks: Sequence[Callback]) -> dict[str, str]:
    """Return the name that each callback shares with others, by its pointer."""
    names = {each.name.casefold() for each in callbacks}
    families = {}
    for each in callbacks:
        numbered = _NUMBERED.fullmatch(each.name)
        shared = numbered is not None and numbered[1].casefold() in names
        families[each.pointer] = numbered[1] if numbered is not None and shared else each.name
    return families
