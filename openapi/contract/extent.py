"""Extent of a schema: the number of its parts once every reference is expanded, as some libraries do."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["IN_PLACE", "MOST_PARTS", "MOST_QUESTIONS", "Extents", "refuse_too_many"]

MOST_PARTS = 10_000
"""A schema beyond it is not given to a library whose work grows with its extent."""

MOST_QUESTIONS = 100_000
"""Beyond it, a validator needs minutes for one value and cannot be interrupted."""

IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
"""Keywords whose schemas apply to the same value."""

_VALUES = frozenset("$defs enum const examples example default required description".split())
_BEYOND = 10**12  # as good as infinite; a few references more would make numbers of thousands of digits


_MOST_CALLBACKS = 500  # twice the number that the largest providers describe


def refuse_too_many(callbacks: int, done: Text) -> None:
    """Reject more callbacks than a run or a site can use.

    Each callback costs megabytes and seconds.

    Raises:
        KitError: There are too many; `done` is the verb of the message.
    """
    if callbacks > _MOST_CALLBACKS:
        what = Text("error-contract.too-many-callbacks", callbacks=callbacks, most=_MOST_CALLBACKS, done=done)
        raise KitError(what, where="--callback", remedy=Text("error-contract.name-wanted"))


class Extents:
    """Extents of schemas of one document; a recursive part counts once.

    Args:
        along: The only keywords that are followed; empty for all.
    """

    def __init__(self, root: jp.Json, along: Collection[str] = ()) -> None:
        self._root, self._along = root, along
        self._known: dict[str, int] = {}

    def of(self, schema: jp.Json) -> int:
        """Return the extent of one schema."""
        try:
            return self._count(schema)
        except RecursionError:  # a longer chain of references than Python's stack follows
            return _BEYOND

    def largest(self, schema: jp.Json) -> int:
        """Return the largest extent of a schema and its parts.

        References are not followed to find the parts.
        """
        inside = schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ()
        try:
            return max((self.of(schema), *map(self.largest, inside)))
        except RecursionError:
            return _BEYOND

    def _count(self, value: jp.Json) -> int:
        parts = 1
        if isinstance(value, list):
            parts += sum(map(self._count, value))
        elif isinstance(value, Mapping):
            for key, item in value.items():
                if key not in _VALUES and (not self._along or key in self._along):
                    parts += self._count(item)
            if isinstance(value.get("$ref"), str):
                parts += self._referred(value["$ref"])
        return min(parts, _BEYOND)

    def _referred(self, reference: str) -> int:
        if reference not in self._known:
            self._known[reference] = 1  # while it is counted: a circular reference leads back here
            # A dangling reference, or one out of the document, is reported elsewhere.
            with contextlib.suppress(LookupError, ValueError):
                self._known[reference] = self._count(jp.get(self._root, reference.removeprefix("#")))
        return self._known[reference]
