"""Inheritance by discriminator: the children of a schema that names their property and stands in their `allOf`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.references import Faulty, Library, Place
from callback_contract.openapi.reading.schemas import mapped_place

__all__ = ["Families", "Family"]


@dataclass(frozen=True)
class Family:
    """The children of a schema.

    Attributes:
        name: The member that tells them apart; empty where the schema has no discriminator.
        children: Each with the values of that member that stand for it.
    """

    name: str = ""
    children: tuple[tuple[Place, list[str]], ...] = ()


class Families:
    """The families of a document's schemas; each is found once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[object, Family] = {}
        self._heirs: dict[object, dict[object, list[Place]]] = {}

    def at(self, place: Place) -> Family:
        """Return the family of the schema at a place; one without children where no others inherit from it."""
        if place.key not in self._known:
            self._known[place.key] = self._found(place)
        return self._known[place.key]

    def _found(self, place: Place) -> Family:
        told = place.value.get("discriminator") if isinstance(place.value, Mapping) else None
        name = told.get("propertyName") if isinstance(told, Mapping) else None
        if not isinstance(told, Mapping) or not isinstance(name, str) or {"oneOf", "anyOf"} & set(place.value):
            return Family()
        mapping = told.get("mapping")
        if not isinstance(mapping, Mapping):
            heirs = self._inheriting(place)
            return Family(name, tuple((heir, [jp.tokens(heir.pointer)[-1]]) for heir in heirs))
        children: dict[object, tuple[Place, list[str]]] = {}
        for value, reference in mapping.items():
            child = mapped_place(self._library, place, str(reference))
            if child is not None:
                children.setdefault(child.key, (child, []))[1].append(value)
        return Family(name, tuple(children.values()))

    def _inheriting(self, place: Place) -> list[Place]:
        """Return the components of a file whose `allOf` refers to a schema."""
        if place.file.path not in self._heirs:
            heirs = self._heirs[place.file.path] = {}
            for _, component in self._components(place):
                for parent in self._parents(component):
                    heirs.setdefault(parent.key, []).append(component)
        return self._heirs[place.file.path].get(place.key, [])

    def _components(self, place: Place) -> list[tuple[str, Place]]:
        root = place.file.value
        if not isinstance(root, Mapping) or not isinstance(root.get("components"), Mapping):
            return []
        return Place(place.file, "", root).child("components").members("schemas")

    def _parents(self, component: Place) -> list[Place]:
        parts = component.value.get("allOf") if isinstance(component.value, Mapping) else None
        found = []
        for part in parts if isinstance(parts, list) else ():
            reference = part.get("$ref") if isinstance(part, Mapping) else None
            if isinstance(reference, str):
                try:
                    found.append(self._library.target(component, reference))
                except Faulty:
                    continue
        return found
