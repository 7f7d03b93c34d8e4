"""Normal form of a schema: folds references and `allOf` into one conjunction of keywords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from callback_contract.openapi.comparing.schemas.schema_nodes import ANYTHING, Located, Node, conjoined
from callback_contract.openapi.contract.patterns import matches
from callback_contract.openapi.documents import json_pointer as jp

__all__ = [
    "ALL_KINDS",
    "Flat",
    "Group",
    "canonical",
    "child_at",
    "child_named",
    "flatten",
    "is_closed",
    "kind_of",
    "merged",
]

ALL_KINDS = frozenset(["null", "boolean", "integer", "fraction", "string", "array", "object"])
"""The types of JSON Schema, `number` split in two, so that types compare as sets."""

_KINDS = {kind: frozenset([kind]) for kind in ALL_KINDS} | {"number": frozenset(["integer", "fraction"])}
_GREATEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")  # the greatest one holds
_LEAST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_NOTES = (
    "title",
    "description",
    "default",
    "deprecated",
    "examples",
    "example",
    "externalDocs",
    "xml",
    "$comment",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "readOnly",
    "writeOnly",
    "discriminator",
    "$anchor",
    "$dynamicAnchor",
    "$schema",
)


@dataclass(frozen=True)
class Group:
    """An `anyOf` or `oneOf`: its branches in order."""

    keyword: str
    at: Located
    branches: tuple[Node, ...]


@dataclass(frozen=True)
class Flat:
    """A conjunction of keywords; an absent keyword allows any value.

    Attributes:
        sources: The schemas that were folded; validators are built from them.
        kinds: Types that `type` allows (see ALL_KINDS); a lone `enum` allows the types of its values.
        values: The closed list of `enum` or `const`; None without one.
        limits: Bounds by keyword; the strictest of several.
        many: Constraints of which several can hold: pattern, multipleOf, and what this comparison cannot read.
        notes: Annotations: texts, formats, extensions.
        at: The place of each keyword.
        rest: Further conjunctions that cannot be folded in.
    """

    sources: Node = ()
    kinds: frozenset[str] = ALL_KINDS
    values: tuple[jp.Json, ...] | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    many: Mapping[str, tuple[Located, ...]] = field(default_factory=dict)
    unique: bool = False
    required: Mapping[str, Located] = field(default_factory=dict)
    properties: Mapping[str, Node] = field(default_factory=dict)
    patterns: Mapping[str, Node] = field(default_factory=dict)
    additional: Node | None = None
    names: Node = ANYTHING
    prefix: tuple[Node, ...] = ()
    items: Node = ANYTHING
    contains: tuple[tuple[Located, int, int | None], ...] = ()
    dependent: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dependent_schemas: Mapping[str, Node] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    nots: tuple[Located, ...] = ()
    conditionals: tuple[Located, ...] = ()
    notes: Mapping[str, Located] = field(default_factory=dict)
    at: Mapping[str, Located] = field(default_factory=dict)
    rest: tuple[Flat, ...] = ()

    @property
    def place(self) -> Located | None:
        """The place of the schema; None when there is no schema."""
        return self.sources[0] if self.sources else None

    @cached_property
    def possible_kinds(self) -> frozenset[str]:
        """The types that `type` allows, here and in the alternatives."""
        kinds = self.kinds
        for group in self.groups:
            kinds &= frozenset[str]().union(*(flatten(branch).kinds for branch in group.branches))
        return kinds

    @cached_property
    def by_alternatives(self) -> frozenset[str]:
        """The members that only alternatives name."""
        parts = (flatten(branch) for group in self.groups for branch in group.branches)
        return frozenset(name for part in parts for name in part.properties) - set(self.properties)


def canonical(value: jp.Json) -> Any:
    """Return a hashable form, equal for equal JSON values.

    1 equals 1.0, and neither equals true.
    """
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, Mapping):
        return frozenset((key, canonical(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(canonical(item) for item in value)
    return ("text", value) if isinstance(value, str) else value


def kind_of(value: jp.Json) -> str:
    """Return the kind of a value (see ALL_KINDS)."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "fraction"
    names = {type(None): "null", int: "integer", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def is_closed(node: Node | None) -> bool:
    """Return whether nothing satisfies a node because one of its schemas is `false`."""
    return node is not None and any(located.value is False for located in node)


def child_named(flat: Flat, name: str) -> Node:
    """Return the schemas that apply to a member of that name."""
    own = [flat.properties[name]] if name in flat.properties else []
    own += [node for pattern, node in flat.patterns.items() if matches(pattern, name)]
    return conjoined(*own) if own else flat.additional or ANYTHING


def child_at(flat: Flat, index: int) -> Node:
    """Return the schemas that apply to the item at that index."""
    return flat.prefix[index] if index < len(flat.prefix) else flat.items


def flatten(node: Node, seen: frozenset[tuple[int, str]] = frozenset()) -> Flat:
    """Fold a node, its references and its `allOf` into one conjunction."""
    flat = Flat(sources=node)
    for located in node:
        if located.key not in seen:  # a recursive schema adds no constraint the second time
            flat = merged(flat, _folded(located, seen | {located.key}))
    return replace(flat, sources=node)


def _folded(located: Located, seen: frozenset[tuple[int, str]]) -> Flat:
    schema = located.value
    if schema is False:
        return Flat(sources=(located,), kinds=frozenset(), at={"type": located})
    if not isinstance(schema, Mapping):
        return Flat(sources=(located,))
    flat = _plain(located)
    if "$ref" in schema:
        flat = merged(flat, flatten((located.target(),), seen))
    for index in range(len(schema.get("allOf", ()))):
        flat = merged(flat, flatten((located.child("allOf", index),), seen))
    return _with_unevaluated(flat, located)


def _declared(names: list[str]) -> frozenset[str]:
    unknown = [name for name in names if name not in _KINDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a type")
    return frozenset[str]().union(*(_KINDS[name] for name in names))


def _plain(located: Located) -> Flat:
    schema = located.value
    at = {key: located.child(key) for key in schema if key not in {"$defs", "$ref", "allOf"}}
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if "const" in schema and "enum" in schema:
        values = [value for value in values if canonical(value) in map(canonical, schema["enum"])]
    declared = schema.get("type")
    if declared is not None:
        kinds = _declared([declared] if isinstance(declared, str) else declared)
    elif values is not None:
        listed = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
        kinds = frozenset[str]().union(*(_KINDS["number"] if type(v) is float else {kind_of(v)} for v in listed))
    else:
        kinds = ALL_KINDS

    def nodes(key: str) -> dict[str, Node]:
        return {name: (located.child(key, name),) for name in schema.get(key, ())}

    def node(key: str) -> Node:
        return (located.child(key),) if key in schema else ANYTHING

    counts = schema.get("minContains", 1), schema.get("maxContains")
    return Flat(
        sources=(located,),
        kinds=kinds,
        values=None if values is None else tuple(values),
        limits={key: schema[key] for key in (*_GREATEST, *_LEAST) if key in schema},
        many={key: (at[key],) for key in ("pattern", "multipleOf", "$id", "$dynamicRef") if key in schema},
        unique=schema.get("uniqueItems", False) is True,
        required=dict.fromkeys(schema.get("required", ()), at.get("required", located)),
        properties=nodes("properties"),
        patterns=nodes("patternProperties"),
        additional=node("additionalProperties") if "additionalProperties" in schema else None,
        names=node("propertyNames"),
        prefix=tuple((located.child("prefixItems", i),) for i in range(len(schema.get("prefixItems", ())))),
        items=node("items"),
        contains=((at["contains"], *counts),) if "contains" in schema else (),
        dependent={name: frozenset(needed) for name, needed in schema.get("dependentRequired", {}).items()},
        dependent_schemas=nodes("dependentSchemas"),
        groups=tuple(
            Group(key, at[key], tuple((located.child(key, i),) for i in range(len(schema[key]))))
            for key in ("anyOf", "oneOf")
            if key in schema
        ),
        nots=node("not"),
        conditionals=(located,) if "if" in schema else (),
        notes={key: at[key] for key in schema if key in _NOTES or key.startswith("x-")},
        at=at,
    )


def _with_unevaluated(flat: Flat, located: Located) -> Flat:
    """Read `unevaluated…` as `additionalProperties` or `items` where that is exact.

    It is exact where no conditional keyword applies to the same value.
    """
    conditional = bool(flat.groups or flat.conditionals or flat.dependent_schemas or flat.rest)
    opaque = dict(flat.many)
    if "unevaluatedProperties" in located.value and flat.additional is None:
        if conditional:
            opaque["unevaluatedProperties"] = (located.child("unevaluatedProperties"),)
        else:
            flat = replace(flat, additional=(located.child("unevaluatedProperties"),))
    if "unevaluatedItems" in located.value and "items" not in flat.at:
        if conditional or flat.contains:
            opaque["unevaluatedItems"] = (located.child("unevaluatedItems"),)
        else:
            flat = replace(flat, items=(located.child("unevaluatedItems"),))
    return replace(flat, many=opaque)


def merged(a: Flat, b: Flat) -> Flat:
    """Return the conjunction of two.

    A part that cannot be folded (see `_foldable`) is kept apart in `rest`.
    """
    if not _foldable(a, b):
        b_alone = replace(b, rest=())
        return replace(a, sources=conjoined(a.sources, b.sources), rest=(*a.rest, b_alone, *b.rest))
    values = a.values if b.values is None else b.values
    if a.values is not None and b.values is not None:
        known = set(map(canonical, b.values))
        values = tuple(value for value in a.values if canonical(value) in known)
    limits = dict(a.limits)
    for key, limit in b.limits.items():
        pick = max if key in _GREATEST else min
        limits[key] = pick(limits[key], limit) if key in limits else limit
    stricter = {key: b.at[key] for key, limit in limits.items() if limit != a.limits.get(key) and key in b.at}
    long = range(max(len(a.prefix), len(b.prefix)))
    return Flat(
        sources=conjoined(a.sources, b.sources),
        kinds=a.kinds & b.kinds,
        values=values,
        limits=limits,
        many=_united(a.many, b.many),
        unique=a.unique or b.unique,
        required={**b.required, **a.required},
        properties={
            name: conjoined(_of_member(a, name), _of_member(b, name)) for name in [*a.properties, *b.properties]
        },
        patterns=_united(a.patterns, b.patterns),
        additional=a.additional if b.additional is None else conjoined(a.additional or (), b.additional),
        names=conjoined(a.names, b.names),
        prefix=tuple(conjoined(child_at(a, i), child_at(b, i)) for i in long),
        items=conjoined(a.items, b.items),
        contains=(*a.contains, *b.contains),
        dependent={
            name: a.dependent.get(name, frozenset()) | b.dependent.get(name, frozenset())
            for name in [*a.dependent, *b.dependent]
        },
        dependent_schemas=_united(a.dependent_schemas, b.dependent_schemas),
        groups=(*a.groups, *b.groups),
        nots=(*a.nots, *b.nots),
        conditionals=(*a.conditionals, *b.conditionals),
        notes={**b.notes, **a.notes},
        at={**b.at, **a.at, **stricter},
        rest=(*a.rest, *b.rest),
    )


def _of_member(flat: Flat, name: str) -> Node:
    # No pattern of one part meets `additionalProperties` of another (see `_foldable`), so this is exact.
    return flat.properties.get(name, flat.additional or ANYTHING)


def _foldable(a: Flat, b: Flat) -> bool:
    """Return whether two conjunctions fold exactly.

    They do not where `additionalProperties` of one would have to except names that a pattern of the other matches.
    """
    silent = any(not (part.properties or part.patterns or part.additional) for part in (a, b))
    return silent or not ((a.patterns or b.patterns) and (a.additional or b.additional))


def _united(a: Mapping[str, Node], b: Mapping[str, Node]) -> dict[str, Node]:
    return {key: conjoined(a.get(key, ()), b.get(key, ())) for key in [*a, *b]}
