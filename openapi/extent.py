"""Extent of a schema: how many parts it has when every reference in it is written out, as some libraries do."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from openapi import pointer as jp

__all__ = ["MOST_PARTS", "Extents"]

MOST_PARTS = 20_000
"""Beyond it a schema is not given to a library whose work grows with its extent."""

_BEYOND = 10**12  # as good as endless; a few references more would make numbers of thousands of digits


class Extents:
    """Counts the parts of schemas of one document; where one refers to itself the ring counts once.

    Args:
        along: The only keywords that are followed; all of them when there is none.
    """

    def __init__(self, root: jp.Json, along: Collection[str] = ()) -> None:
        self._root, self._along = root, along
        self._known: dict[str, int] = {}

    def of(self, schema: jp.Json) -> int:
        """The extent of one schema."""
        try:
            return self._count(schema)
        except RecursionError:  # a longer chain of references than Python's stack follows
            return _BEYOND

    def _count(self, value: jp.Json) -> int:
        parts = 1
        if isinstance(value, list):
            parts += sum(map(self._count, value))
        elif isinstance(value, Mapping):
            for key, item in value.items():
                if key != "$defs" and (not self._along or key in self._along):
                    parts += self._count(item)
            if isinstance(value.get("$ref"), str):
                parts += self._referred(value["$ref"])
        return min(parts, _BEYOND)

    def _referred(self, reference: str) -> int:
        if reference not in self._known:
            self._known[reference] = 1  # while it is counted: a ring leads back here
            try:
                self._known[reference] = self._count(jp.get(self._root, reference.removeprefix("#")))
            except (LookupError, ValueError):
                pass  # a reference to nothing, or out of the document, with which others find fault
        return self._known[reference]
