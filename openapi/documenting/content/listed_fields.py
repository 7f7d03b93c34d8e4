"""Field selection: limits the fields on a callback's page of a large site to whole levels."""

from __future__ import annotations

from collections import Counter

from callback_contract.openapi.contract.model import Callback

__all__ = ["MOST_FIELDS", "listed_fields"]

MOST_FIELDS = 200
"""The most fields on a page of a large site."""


def listed_fields(callback: Callback, most: int | None) -> frozenset[str]:
    """Return the pointers of the shown fields: whole levels and `x-delivery`'s own."""
    pointers = [member.pointer for member in callback.members if member.pointer]
    if most is None or len(pointers) <= most:
        return frozenset(pointers)
    by_depth = Counter(pointer.count("/") for pointer in pointers)
    depth, shown = 1, by_depth[1]
    while shown + by_depth[depth + 1] <= most:
        depth += 1
        shown += by_depth[depth]
    facts = callback.delivery
    named = {facts.correlation, facts.state, *facts.idempotency, *facts.groups, *facts.stamped}
    return frozenset(pointer for pointer in pointers if pointer.count("/") <= depth or pointer in named)
