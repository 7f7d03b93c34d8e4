"""Members of a body: every place that a schema names, with `$ref` and `allOf` resolved, and the formats of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["FORMATS", "STAMPS", "Member", "members_of", "render", "root_members", "types_of"]

_MAX_DEPTH = 8  # a recursive schema names no deeper place that is worth a rule
_MOST_MEMBERS = 10_000
_MADE_UP = {"x-not-drawn", "x-unsaid"}  # added to foreign documents, see openapi/reading/schemas.py
_NARROWING = {"const", "pattern", "contentEncoding", "contentMediaType", "x-not-drawn"}


FORMATS = {
    "hex32": "32 lower-case hexadecimal digits",
    "unix-seconds": "seconds since 1970-01-01T00:00:00Z, as an integer",
    "date-time": "an RFC 3339 time",
    "serial": "an integer from 1 to 2^53",
    "msisdn": "a phone number in international form, digits only",
    "e164": "a phone number in international form with a leading plus sign",
}

STAMPS = {
    # Values that a sender can stamp so that no test message is taken for a real one.
    "id": {"hex32", "uuid", ""},
    "time": {"unix-seconds", "date-time"},
    "phone": {"msisdn", "e164"},
}


@dataclass(frozen=True)
class Member:
    """A place in a body that the schema names.

    Attributes:
        pointer: JSON pointer into the body; the first item stands for all items of an array.
        schema: The schema there, references resolved one level.
        required: Whether the parent always has it.
        types: JSON Schema types that are allowed there; empty when any is.
    """

    pointer: str
    schema: Mapping[str, jp.Json]
    required: bool
    types: tuple[str, ...]

    @property
    def enum(self) -> tuple[jp.Json, ...]:
        """The closed list of values, empty when there is none."""
        return tuple(self.schema.get("enum", ()))

    @property
    def format(self) -> str:
        """The `format` annotation, empty when there is none."""
        return str(self.schema.get("format", ""))

    @property
    def is_free_map(self) -> bool:
        """Whether it is an object whose keys the contract leaves open."""
        closed = self.schema.get("additionalProperties") is False or _MADE_UP & set(self.schema)
        return self.types == ("object",) and not self.schema.get("properties") and not closed

    @property
    def is_free_text(self) -> bool:
        """Whether it is text that no closed list, pattern or format narrows."""
        narrowed = self.enum or self.format or _NARROWING & set(self.schema)
        return self.types == ("string",) and not narrowed


def types_of(schema: Mapping[str, jp.Json]) -> tuple[str, ...]:
    """Return the types that a schema allows by `type`; empty when it has none."""
    declared = schema.get("type", ())
    return (declared,) if isinstance(declared, str) else tuple(declared)


def members_of(root: Mapping[str, jp.Json]) -> tuple[Member, ...]:
    """Return the places that a self-contained schema names, the root ("") first.

    A schema that branches at every level is listed down to a depth that keeps the number of places below _MOST_MEMBERS.
    """
    flatten = _Flattening(root)
    for most_levels in range(_MAX_DEPTH, 1, -1):
        found = _named(flatten, root, most_levels)
        if len(found) <= _MOST_MEMBERS:
            return found
    return _named(flatten, root, 1)[:_MOST_MEMBERS]


def root_members(root: Mapping[str, jp.Json]) -> tuple[Member, ...]:
    """Return the members of the root alone: listing all members of hundreds of callbacks takes seconds."""
    return _named(_Flattening(root), root, 1)[1:]


def left_out_of(value: jp.Json, members: Sequence[Member]) -> tuple[str, ...]:
    """Return the places that a made body lacks although it has what they stand in: they were cut from it."""
    lacking = []
    for member in members[1:]:
        path = jp.tokens(member.pointer)
        try:
            parent = jp.get(value, jp.join(path[:-1]))
        except (LookupError, ValueError):
            continue
        named = parent.keys() if isinstance(parent, dict) else range(len(parent)) if isinstance(parent, list) else None
        if named is None or member.schema.get("readOnly"):
            continue
        if path[-1] not in named if isinstance(parent, dict) else not parent:
            lacking.append(member.pointer)
    return tuple(lacking)


class _Flattening:
    """Merger of `$ref` and `allOf` for schemas of one root, with a cache."""

    def __init__(self, root: Mapping[str, jp.Json]) -> None:
        self._root = root
        self._known: dict[tuple[int, int], dict[str, jp.Json]] = {}

    def __call__(self, schema: jp.Json, depth: int = 0) -> dict[str, jp.Json]:
        if not isinstance(schema, Mapping):
            return {}  # true or false: any value or none
        key = id(schema), depth
        if key not in self._known:
            self._known[key] = self._flat(schema, depth)
        return self._known[key]

    def _flat(self, schema: Mapping[str, jp.Json], depth: int) -> dict[str, jp.Json]:
        flat = {key: value for key, value in schema.items() if key not in {"$ref", "allOf"}}
        parts = list(schema.get("allOf", ()))
        if "$ref" in schema:
            parts.append(jp.get(self._root, schema["$ref"].removeprefix("#")))
        if depth < _MAX_DEPTH:
            for part in parts:
                for key, value in self(part, depth + 1).items():
                    if key == "properties":
                        flat["properties"] = {**value, **flat.get("properties", {})}
                    elif key == "required":
                        flat["required"] = list(dict.fromkeys([*flat.get("required", ()), *value]))
                    else:
                        flat.setdefault(key, value)
        return flat


def _named(flatten: _Flattening, root: Mapping[str, jp.Json], most_levels: int) -> tuple[Member, ...]:
    """Return the places down to a depth; stop at one more than are listed."""
    found: dict[str, Member] = {}

    def visit(schema: Mapping[str, jp.Json], where: str, depth: int, required: bool) -> None:
        if len(found) > _MOST_MEMBERS:
            return
        flat = flatten(schema)
        # A read-only member may be missing from any request (OpenAPI 3.1, "readOnly").
        found[where] = Member(where, flat, required and not flat.get("readOnly"), types_of(flat))
        if depth >= most_levels:
            return
        always = frozenset(flat.get("required", ()))
        for name, child in flat.get("properties", {}).items():
            if child is not False:
                visit(child, where + jp.join([name]), depth + 1, name in always)
        items = flat.get("items")
        if isinstance(items, Mapping):
            visit(items, f"{where}/0", depth + 1, False)

    visit(root, "", 0, True)
    return tuple(found.values())


def render(value: str | datetime, format_name: str) -> str | int:
    """Return a stamped value in the form that its format requires.

    Args:
        value: An id as text, a phone number in E.164, or an aware time.
        format_name: The member's `format`; an unknown one leaves text as it is.
    """
    if isinstance(value, datetime):
        if format_name == "unix-seconds":
            return int(value.timestamp())
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.lstrip("+") if format_name == "msisdn" else value
