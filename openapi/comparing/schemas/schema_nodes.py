"""Schema nodes: values inside a schema with their pointers and with access to their references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from callback_contract.openapi.comparing.schemas.structural_equality import StructuralEquality
from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["ANYTHING", "Located", "Node", "Reader", "Readers", "children", "conjoined", "reader"]


@dataclass(frozen=True, eq=False)
class Reader:
    """One self-contained schema, with the places of its parts in the document.

    Attributes:
        root: The schema, with its references in `$defs`, in JSON Schema 2020-12 as OpenAPI 3.1 uses it.
        base: JSON pointer of the schema in the document.
        defs: JSON pointers into the document by names in `$defs`.
        alike: Structural equality of schemas.
    """

    root: Mapping[str, jp.Json]
    base: str
    defs: Mapping[str, str]
    alike: StructuralEquality

    def in_document(self, pointer: str) -> str:
        """Return the pointer into the document for one into the self-contained schema."""
        path = jp.tokens(pointer)
        if len(path) >= 2 and path[0] == "$defs" and path[1] in self.defs:
            return self.defs[path[1]] + jp.join(path[2:])
        return self.base + pointer


@dataclass(frozen=True, eq=False)
class Located:
    """A value inside a self-contained schema, and its pointer there."""

    reader: Reader
    value: jp.Json
    pointer: str

    def child(self, *tokens: str | int) -> Located:
        """Return the value at some tokens below."""
        below = jp.join(tokens)
        return Located(self.reader, jp.get(self.value, below), self.pointer + below)

    def target(self) -> Located:
        """Return the target of the schema's `$ref`."""
        path = self.value["$ref"].removeprefix("#")
        name = path.removeprefix("/$defs/")
        # A name in `$defs` may hold a tilde that is no escape, since it was made from another pointer.
        if path.startswith("/$defs/") and name in self.reader.root.get("$defs", {}):
            return Located(self.reader, self.reader.root["$defs"][name], "/$defs" + jp.join([name]))
        return Located(self.reader, jp.get(self.reader.root, path), path)

    @property
    def in_document(self) -> str:
        """Its JSON pointer in the contract document."""
        return self.reader.in_document(self.pointer)

    @property
    def key(self) -> tuple[int, str]:
        """A key that is equal for the same place of the same schema."""
        return id(self.reader), self.pointer


Node = tuple[Located, ...]
"""Schemas that all apply (as in `allOf`); the empty node allows any value."""

ANYTHING: Node = ()


def conjoined(*nodes: Node) -> Node:
    """Return the union of some nodes, each place once.

    A recursive schema would otherwise grow without end.
    """
    return tuple({located.key: located for node in nodes for located in node}.values())


class Readers:
    """Factory of readers for one document: prepares shared schemas once.

    OpenAPI 3.0 spells some keywords differently; they are rewritten at the same place, so that pointers stay valid.
    """

    def __init__(self, document: Mapping[str, jp.Json], alike: StructuralEquality | None = None) -> None:
        self._document = document
        self._alike = alike or StructuralEquality()
        self._old_dialect = str(document.get("openapi", "")).startswith("3.0")
        self._modern: dict[int, tuple[jp.Json, jp.Json]] = {}  # with the original value: its identity is the key

    def reader(self, schema: Mapping[str, jp.Json], base: str) -> Reader:
        """Return the reader of a self-contained schema (`derive.bundled`)."""
        modern = _modern({key: value for key, value in schema.items() if key != "$defs"}, self._old_dialect)
        assert isinstance(modern, dict)
        if "$defs" in schema:
            modern = {**modern, "$defs": {name: self._part(part) for name, part in schema["$defs"].items()}}
        return Reader(modern, base, self._places, self._alike)

    def bundled(self, schema: jp.Json, base: str) -> Reader:
        """Return the reader of a schema that may refer to other parts of the document."""
        return self.reader(self._bundler.bundle(schema if isinstance(schema, Mapping) else {}), base)

    def _part(self, part: jp.Json) -> jp.Json:
        if id(part) not in self._modern:
            self._modern[id(part)] = part, _modern(part, self._old_dialect)
        return self._modern[id(part)][1]

    @cached_property
    def _bundler(self) -> derive.Bundler:
        return derive.Bundler(self._document)

    @cached_property
    def _places(self) -> dict[str, str]:
        found = dict.fromkeys(_references(self._document))
        return {ref.removeprefix("#/").replace("/", "."): ref.removeprefix("#") for ref in found}


def reader(document: Mapping[str, jp.Json], schema: Mapping[str, jp.Json], base: str) -> Reader:
    """Return the reader of one self-contained schema; use `Readers` for several."""
    return Readers(document).reader(schema, base)


def _references(document: jp.Json) -> Iterator[str]:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            waiting += reversed(value.values())


def _modern(schema: jp.Json, old_dialect: bool) -> jp.Json:
    if not isinstance(schema, Mapping):
        return schema
    if old_dialect and "$ref" in schema:  # in 3.0, keywords next to a reference are ignored
        schema = {key: value for key, value in schema.items() if key in {"$ref", "$defs"}}
    modern: dict[str, Any] = dict(schema)
    for key in derive.SUBSCHEMA_MAPS:
        if key in schema:
            modern[key] = {name: _modern(child, old_dialect) for name, child in schema[key].items()}
    for key in derive.SUBSCHEMA_LISTS:
        if key in schema:
            modern[key] = [_modern(child, old_dialect) for child in schema[key]]
    for key in derive.SUBSCHEMAS:
        if key in schema:
            modern[key] = _modern(schema[key], old_dialect)
    if modern.pop("nullable", False) is True and "type" in modern:
        declared = modern["type"]
        modern["type"] = [*([declared] if isinstance(declared, str) else declared), "null"]
    for bound in ("minimum", "maximum"):
        exclusive = "exclusive" + bound.capitalize()
        if isinstance(modern.get(exclusive), bool) and modern.pop(exclusive) and bound in modern:
            modern[exclusive] = modern.pop(bound)
    return modern


def children(schema: jp.Json) -> Iterator[tuple[str | int, ...]]:
    """Yield the tokens of each direct subschema, those in `$defs` included."""
    if not isinstance(schema, Mapping):
        return
    for key in derive.SUBSCHEMA_MAPS:
        for name in schema.get(key, {}):
            yield key, name
    for key in derive.SUBSCHEMA_LISTS:
        for index in range(len(schema.get(key, ()))):
            yield key, index
    for key in derive.SUBSCHEMAS:
        if key in schema:
            yield (key,)
