"""Documented shape: finds the schemas that describe a place of a body, in every alternative, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["ANY_NAME", "Part", "Place", "shape_of"]

ANY_NAME = "*"
"""Stands in a pointer for a name that the contract leaves open, as a key of a map."""

_MOST_PARTS = 200  # of one place, in alternatives of alternatives
_ALTERNATIVES = ("anyOf", "oneOf")
_CONDITIONAL = ("then", "else")


@dataclass(frozen=True)
class Part:
    """One schema object that speaks of a place.

    Attributes:
        pointer: Where it stands in the document.
        certain: Whether it holds for every value there, and not in one alternative only.
    """

    schema: Mapping[str, jp.Json]
    pointer: str
    certain: bool


@dataclass
class Place:
    """A place of a body, with all schemas that speak of it; deeper places are found when they are asked for."""

    root: jp.Json
    parts: tuple[Part, ...]
    _children: dict[str, Place | None] = field(default_factory=dict)
    _items: Place | None = None

    def child(self, name: str) -> Place | None:
        """Return the place of a member; None where the contract does not name it."""
        if name not in self._children:
            found = [
                each
                for part in self.parts
                if isinstance(properties := part.schema.get("properties"), Mapping) and name in properties
                for each in _expanded(
                    self.root, properties[name], part.pointer + jp.join(["properties", name]), part.certain
                )
            ]
            named = any(name in part.schema.get("properties", {}) for part in self.parts)
            self._children[name] = Place(self.root, tuple(found)) if named else None
        return self._children[name]

    @property
    def item(self) -> Place:
        """The place of an array's items; one stands for all."""
        if self._items is None:
            found: list[Part] = []
            for part in self.parts:
                listed = part.schema.get("prefixItems", ())
                for key, schema in [("items", part.schema.get("items"))] * ("items" in part.schema) + [
                    (f"prefixItems/{index}", schema) for index, schema in enumerate(listed)
                ]:
                    certain = part.certain and not listed
                    found += _expanded(self.root, schema, f"{part.pointer}/{key}", certain)
            self._items = Place(self.root, tuple(found))
        return self._items

    @property
    def names(self) -> dict[str, None]:
        """The names of the members, in the contract's order."""
        return {name: None for part in self.parts for name in part.schema.get("properties", ())}

    @property
    def is_map(self) -> bool:
        """Whether the contract leaves the names of members open, so that they are data."""
        described = any(
            (isinstance(more := part.schema.get("additionalProperties"), Mapping) and more)
            or part.schema.get("patternProperties")
            for part in self.parts
        )
        return described or not self.names

    @property
    def listed(self) -> tuple[jp.Json, ...]:
        """The closed list of values; empty without one."""
        for part in self.parts:
            if "enum" in part.schema or "const" in part.schema:
                return tuple(part.schema.get("enum", (part.schema.get("const"),)))
        return ()

    def normal(self, path: list[str | int]) -> str:
        """Return the pointer of a place in a body: 0 for every item, and a star for a key of a map."""
        place: Place | None = self
        tokens: list[str] = []
        for step in path:
            if isinstance(step, int):
                tokens.append("0")
                place = place.item if place else None
                continue
            child = place.child(step) if place else None
            tokens.append(ANY_NAME if child is None and place is not None and place.is_map else step)
            place = child
        return jp.join(tokens)

    def at(self, pointer: str) -> Place | None:
        """Return the documented place at a pointer; None where there is none."""
        place: Place | None = self
        for step in jp.tokens(pointer):
            if place is None:
                return None
            named = place.child(step)
            place = named if named is not None or step != "0" else place.item
        return place


def shape_of(root: jp.Json, pointer: str = "") -> Place:
    """Return the root of the body whose schema stands at a pointer.

    Raises:
        LookupError: Nothing stands there.
    """
    return Place(root, tuple(_expanded(root, jp.get(root, pointer), pointer, True)))


def _expanded(root: jp.Json, schema: jp.Json, pointer: str, certain: bool) -> list[Part]:
    """Return a schema object and all that it refers to for the same place."""
    found: dict[str, Part] = {}
    waiting = [(schema, pointer, certain)]
    while waiting and len(found) < _MOST_PARTS:
        schema, pointer, certain = waiting.pop(0)
        if not isinstance(schema, Mapping) or pointer in found:
            continue
        found[pointer] = Part(schema, pointer, certain)
        waiting += _inside(root, schema, pointer, certain)
    return list(found.values())


def _inside(
    root: jp.Json, schema: Mapping[str, jp.Json], pointer: str, certain: bool
) -> Iterator[tuple[jp.Json, str, bool]]:
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        try:
            yield jp.get(root, reference[1:]), reference[1:], certain
        except (LookupError, ValueError):
            return
    for index, each in enumerate(schema.get("allOf", ())):
        yield each, f"{pointer}/allOf/{index}", certain
    for key in _ALTERNATIVES:
        for index, each in enumerate(schema.get(key, ())):
            yield each, f"{pointer}/{key}/{index}", False
    for key in _CONDITIONAL:
        if key in schema:
            yield schema[key], f"{pointer}/{key}", False
    for name, each in schema.get("dependentSchemas", {}).items():
        yield each, pointer + jp.join(["dependentSchemas", name]), False
