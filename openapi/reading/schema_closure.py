"""Schema closure: collects every schema that a callback reaches, each converted once and shared."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from callback_contract.openapi.contract.derivation import UNKNOWN_AS
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.inheritance import Families
from callback_contract.openapi.reading.references import Fault, Faulty, Library, Place
from callback_contract.openapi.reading.schemas import ALTERNATIVES, Converter, demanded, left_out
from callback_contract.openapi.text.message import Text

__all__ = ["Part", "Schemas"]


@dataclass(eq=False)
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
        self._families = Families(library)

    def part(self, place: Place, *, is_component: bool = False) -> Part:
        """Return the converted schema at a place."""
        converter = Converter(self._library, self._named, place, is_component=is_component)
        try:
            schema = converter.convert(place)
        except RecursionError:
            raise Faulty(place.fault(Text("fault.schema-too-deep"), Text("fault.name-parts"))) from None
        faults = converter.faults or list(_refused(place, schema, converter.notes))
        refs, inside = tuple(converter.refs), tuple(converter.inside)
        return Part(place, schema, refs, inside, tuple(faults), tuple(converter.notes))

    def reached(self, parts: Iterable[Part]) -> dict[str, Part]:
        """Return every component that schemas reach, by name.

        Raises:
            Faulty: One of them, or one of the schemas, cannot be used.
        """
        roots = list(parts)
        reached = self._walked(roots)
        while unusable := {name: part.faults[0] for name, part in reached.items() if part.faults}:
            pruned = [_pruned(part, unusable) for part in (*roots, *reached.values()) if not part.faults]
            if not any(pruned):
                raise Faulty(next(iter(unusable.values())))
            reached = self._walked(roots)
        if fault := next((part.faults[0] for part in roots if part.faults), None):
            raise Faulty(fault)
        _refuse_rings(reached)
        return reached

    def _walked(self, roots: Iterable[Part]) -> dict[str, Part]:
        reached: dict[str, Part] = {}
        waiting = list(roots)
        for part in waiting:  # grows during the loop
            for name in part.refs if not part.faults else ():
                if name not in self._parts:
                    self._parts[name] = self._made(name)
                if name not in reached:
                    reached[name] = self._parts[name]
                    waiting.append(self._parts[name])
        return reached

    def _made(self, name: str) -> Part:
        place = self._places[name]
        if self._names[place.key] == name:
            return self.part(place, is_component=True)
        family = self._families.at(place)
        base, refs = f"#/components/schemas/{self._named(place, False)}", {self._named(place, False): None}
        branches = []
        for child, values in family.children:
            refs[child_name := self._named(child, self._families.at(child).name not in {"", family.name})] = None
            reference = {"$ref": f"#/components/schemas/{child_name}"}
            branches.append({"allOf": [reference, demanded(family.name, values)]})
        schema = {"allOf": [{"$ref": base}], "oneOf": branches, UNKNOWN_AS: base}
        return Part(place, schema, tuple(refs), tuple(refs), (), ())

    def _named(self, place: Place, by_type: bool) -> str:
        if by_type and self._families.at(place).children:
            plain = self._named(place, False)
            return self._kept((place.key, "by type"), place, f"{plain}ByType")
        name = self._names.get(place.key)
        if name is None:
            tokens = jp.tokens(place.pointer)
            plain = (
                tokens[-1] if tokens[:2] == ("components", "schemas") and len(tokens) == 3 else "_".join(tokens[-4:])
            )
            plain = re.sub(r"[^A-Za-z0-9._-]", "_", plain or place.file.path.stem) or "schema"
            return self._kept(place.key, place, plain)
        return name

    def _kept(self, key: object, place: Place, plain: str) -> str:
        if key not in self._names:
            name, number = plain, 2
            while name in self._places:
                name, number = f"{plain}_{number}", number + 1
            self._names[key], self._places[name] = name, place
        return self._names[key]


def _refused(place: Place, schema: jp.Json, notes: list[Fault]) -> Iterable[Fault]:
    """Return the first violation of the JSON Schema meta-schema by a converted schema.

    An alternative that has one is left out, where others stand beside it.
    """
    import jsonschema_rs

    while True:
        try:
            jsonschema_rs.meta.validate(_without_references(schema))
            return
        except jsonschema_rs.ValidationError as error:
            what = Text("fault.no-json-schema", why=str(error.message)[:160])
            fault = Fault(place.file, place.pointer + jp.join(error.instance_path), what, Text("fault.mend-schema"))
            path = list(error.instance_path)
        if not _cut(schema, path):
            yield fault
            return
        notes.append(left_out(fault))


def _cut(schema: Any, path: list[str | int]) -> bool:
    """Take the innermost alternative on a path out of its schema, unless it is the only one."""
    for end in range(len(path) - 1, 0, -1):
        key, index = path[end - 1 : end + 1]
        if key in ALTERNATIVES and isinstance(index, int):
            branches = jp.get(schema, jp.join(path[:end]))
            if len(branches) > 1:
                del branches[index]
                return True
    return False


def _pruned(part: Part, unusable: Mapping[str, Fault]) -> bool:
    """Leave alternatives out of a part that refer to unusable schemas; return whether it is another part now.

    One that refers to them elsewhere is unusable, too.
    """
    touched = [name for name in part.refs if name in unusable]
    if not touched:
        return False
    while (path := _reference_to(part.schema, unusable)) is not None and _cut(part.schema, path):
        pass
    part.refs = tuple(name for name in part.refs if _reference_to(part.schema, {name}) is not None)
    part.inside = tuple(name for name in part.inside if name in part.refs)
    part.notes += tuple(left_out(unusable[name]) for name in touched if name not in part.refs)
    part.faults = tuple(unusable[name] for name in touched if name in part.refs)
    return True


def _reference_to(value: jp.Json, names: Collection[str]) -> list[str | int] | None:
    """Return the path to a reference to one of the named components."""
    if isinstance(value, Mapping):
        if str(value.get("$ref")).removeprefix("#/components/schemas/") in names:
            return ["$ref"]
        items: Iterable[tuple[str | int, jp.Json]] = value.items()
    else:
        items = enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if (path := _reference_to(item, names)) is not None:
            return [key, *path]
    return None


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
