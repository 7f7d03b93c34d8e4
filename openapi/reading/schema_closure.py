"""Schema closure: collects every schema that a callback reaches, each converted once and shared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.references import Fault, Faulty, Library, Place
from callback_contract.openapi.reading.schemas import Converter
from callback_contract.openapi.text.message import Text

__all__ = ["Part", "Schemas"]


@dataclass(frozen=True, eq=False)
class Part:
    """A converted schema, with the notes and faults of its conversion.

    Attributes:
        refs: The components that it refers to.
        inside: Those of them that apply to the same value.
    """

    place: Place
    schema: jp.Json
    refs: tuple[str, ...]
    inside: tuple[str, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]


class Schemas:
    """The schemas of a document by canonical name; converts them on demand."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._names: dict[object, str] = {}
        self._places: dict[str, Place] = {}
        self._parts: dict[str, Part] = {}

    def part(self, place: Place) -> Part:
        """Return the converted schema at a place."""
        converter = Converter(self._library, self._named)
        try:
            schema = converter.convert(place)
        except RecursionError:
            raise Faulty(place.fault(Text("fault.schema-too-deep"), Text("fault.name-parts"))) from None
        faults = converter.faults or list(_refused(place, schema))
        refs, inside = tuple(converter.refs), tuple(converter.inside)
        return Part(place, schema, refs, inside, tuple(faults), tuple(converter.notes))

    def reached(self, parts: Iterable[Part]) -> dict[str, Part]:
        """Return every component that schemas reach, by name.

        Raises:
            Faulty: One of them, or one of the schemas, cannot be used.
        """
        reached: dict[str, Part] = {}
        waiting = list(parts)
        for part in waiting:  # grows during the loop
            if part.faults:
                raise Faulty(part.faults[0])
            for name in part.refs:
                if name not in self._parts:
                    self._parts[name] = self.part(self._places[name])
                if name not in reached:
                    reached[name] = self._parts[name]
                    waiting.append(self._parts[name])
        _refuse_rings(reached)
        return reached

    def _named(self, place: Place) -> str:
        name = self._names.get(place.key)
        if name is None:
            tokens = jp.tokens(place.pointer)
            plain = (
                tokens[-1] if tokens[:2] == ("components", "schemas") and len(tokens) == 3 else "_".join(tokens[-4:])
            )
            plain = re.sub(r"[^A-Za-z0-9._-]", "_", plain or place.file.path.stem) or "schema"
            name, number = plain, 2
            while name in self._places:
                name, number = f"{plain}_{number}", number + 1
            self._names[place.key], self._places[name] = name, place
        return name


def _refused(place: Place, schema: jp.Json) -> Iterable[Fault]:
    """Return the violations of the JSON Schema meta-schema by a converted schema."""
    import jsonschema_rs

    try:
        jsonschema_rs.meta.validate(_without_references(schema))
    except jsonschema_rs.ValidationError as error:
        where = place.pointer + jp.join(error.instance_path)
        yield Fault(
            place.file, where, Text("fault.no-json-schema", why=str(error.message)[:160]), Text("fault.mend-schema")
        )


def _without_references(schema: jp.Json) -> jp.Json:
    if not isinstance(schema, Mapping):
        return schema
    return {key: value for key, value in schema.items() if not key.startswith("x-")}


def _refuse_rings(reached: Mapping[str, Part]) -> None:
    """Reject a schema that refers to itself for the same value: it would never end."""
    state: dict[str, int] = {}
    for begun in reached:
        stack: list[tuple[str, Any]] = [(begun, iter(reached[begun].inside))]
        if state.setdefault(begun, 1) == 2:
            continue
        while stack:
            name, following = stack[-1]
            inner = next(following, None)
            if inner is None:
                state[name] = 2
                stack.pop()
            elif state.get(inner) == 1:
                what = Text("fault.refers-to-itself")
                raise Faulty(reached[inner].place.fault(what, Text("fault.refer-from-member")))
            elif inner not in state:
                state[inner] = 1
                stack.append((inner, iter(reached[inner].inside)))
