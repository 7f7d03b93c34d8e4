"""Bounds of the class "valid": narrows a contract's schema to bounded, closed and non-invented values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from callback_contract.contract_tests.generation.pattern_texts import without_wild_patterns
from callback_contract.openapi.contract.example_value import TEXTS, sample_of
from callback_contract.openapi.contract.extent import MOST_PARTS, Extents
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import is_in_body

__all__ = [
    "FEWEST",
    "MAX_INTEGER",
    "MAX_TEXT",
    "MOST_LISTED",
    "MOST_PATTERNS",
    "USUAL_PARTS",
    "drawable",
    "drawn_at_all",
    "generative",
    "pinned_values",
    "share_of",
    "walked_at_all",
]

MAX_TEXT = 4096
MAX_INTEGER = 2**53
MOST_LISTED = 300
"""The most values of one closed list to send; every country and currency fits."""

_LEFT_OUT = frozenset("description examples title readOnly writeOnly default".split())
_COMBINED = ("allOf", "anyOf", "oneOf")
_OPENING = frozenset("$ref not if dependentSchemas patternProperties unevaluatedProperties minProperties".split())
_NOT_DRAWN = "x-not-drawn"  # see openapi/reading/schemas.py
_UNSAID = "x-unsaid"
_GIVEN = frozenset(
    """byte duration url iri iri-reference idn-email idn-hostname uri-template json-pointer relative-json-pointer
    regex file-path ipvanyaddress json-string time-delta""".split()
) | {f"uuid{version}" for version in range(1, 9)}
_NUMBERS = frozenset("decimal double float int32 int64 integer number".split())
_BITS = {"int32": 2**31 - 1, "int16": 2**15 - 1, "int8": 127}


def drawn_at_all(callback: Callback) -> bool:
    """Return whether bodies are drawn from a schema.

    A schema whose generators would take minutes and gigabytes is excluded.
    """
    return Extents(callback.schema).of(callback.schema) <= MOST_PARTS


USUAL_PARTS = 200
"""Parts of a schema of which all bodies are drawn that a depth draws."""

FEWEST = 3
"""Bodies that are drawn of any schema and for any callback."""


def share_of(callback: Callback, wanted: int) -> int:
    """Return how many bodies of those wanted are drawn: fewer, the more parts a schema has beyond the usual ones."""
    parts = Extents(callback.schema).of(callback.schema)
    return wanted if parts <= USUAL_PARTS else max(min(FEWEST, wanted), wanted * USUAL_PARTS // parts)


MOST_PATTERNS = 8
"""The most regular expressions of a schema whose boundaries are walked: each step there draws a text of several."""


def walked_at_all(callback: Callback) -> bool:
    """Return whether a schema's boundaries are walked; with dozens of regular expressions one step takes minutes."""
    waiting: list[jp.Json] = [callback.schema]
    patterns = 0
    for part in waiting:  # grows during the loop
        if isinstance(part, Mapping):
            patterns += isinstance(part.get("pattern"), str)
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return patterns <= MOST_PATTERNS


def generative(callback: Callback) -> dict[str, Any]:
    """Return the schema of the class "valid": bounded values and closed objects.

    Free maps hold texts. Stamped members are pinned, since stamping replaces what is drawn for them. A value that the
    kit cannot generate (for an unknown format or pattern) is pinned to its example, or left out.
    """
    root = dict(callback.schema)
    defs = root.get("$defs", {})
    if set(root) == {"$ref", "$defs"}:
        # The usual shape: one named schema; the paths of its members start at the body's root.
        root = {**jp.get(root, root["$ref"].removeprefix("#")), "$defs": defs}
    narrowed = _Narrowing(pinned_values(callback), set(_combined(root)), defs).narrowed(root, (), is_open=False)
    result: dict[str, Any] = without_wild_patterns(narrowed)
    return result if isinstance(result, dict) else {"not": {}}


def drawable(callback: Callback) -> dict[str, Any]:
    """Return the schema that bodies are drawn from by chance: a few texts stand in the place of nearly each pattern.

    By patterns, chance would draw most of its time.
    """
    schema = generative(callback)
    drawn: dict[str, Any] = without_wild_patterns(schema, every=True, besides={*_combined(schema)})
    return drawn


def _combined(schema: jp.Json, inside: bool = False) -> Iterator[str]:
    """Yield the definitions that are one part of a combined object.

    They must not be closed.
    """
    if isinstance(schema, list):
        for item in schema:
            yield from _combined(item, inside)
    if not isinstance(schema, Mapping):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and (inside or set(schema) - {"$ref", "description", "title"}):
        yield reference.removeprefix("#/$defs/")
    is_open = inside or "properties" in schema or "allOf" in schema
    for key, value in schema.items():
        if key in _COMBINED:
            yield from _combined(value, key == "allOf" or is_open or len(set(schema) & set(_COMBINED)) > 1)
        elif isinstance(value, (dict, list)):
            yield from _combined(value)


class _Narrowing:
    def __init__(
        self, constants: Mapping[str, jp.Json], combined: set[str], defs: Mapping[str, Mapping[str, jp.Json]]
    ) -> None:
        self._constants, self._combined, self._defs = constants, combined, defs

    def narrowed(self, schema: jp.Json, path: tuple[str, ...], *, is_open: bool) -> jp.Json:
        """Return one narrowed schema.

        Args:
            is_open: Whether it is one part of a combined object, which must not be closed.
        """
        if not isinstance(schema, Mapping):
            return schema
        if path and jp.join(path) in self._constants:
            return {"const": self._constants[jp.join(path)]}
        if _NOT_DRAWN in schema and not is_open:
            return {"enum": shown} if (shown := _shown(schema)) else False
        named = self._defs.get(str(schema.get("$ref")).removeprefix("#/$defs/"), {})
        if not is_open and set(schema) == {"$ref"} and _NOT_DRAWN in named and not _shown(named):
            return False
        if _UNSAID in schema and not is_open:
            return {"enum": schema["examples"]} if schema.get("examples") else {"enum": [{}]}
        copy = {key: value for key, value in schema.items() if key not in _LEFT_OUT}
        combines = is_open or "properties" in copy or len(set(copy) & set(_COMBINED)) > 1
        if "$defs" in copy:
            copy["$defs"] = {
                name: self.narrowed(child, ("$defs", name), is_open=name in self._combined)
                for name, child in copy["$defs"].items()
            }
        if "properties" in copy:
            members = {
                name: self.narrowed(child, (*path, name), is_open=False) for name, child in copy["properties"].items()
            }
            for name in copy.get("required", ()):
                if members.get(name) is False:
                    members[name] = self._standing_in(copy["properties"][name])
            required = copy.get("required", ())
            copy["properties"] = {name: m for name, m in members.items() if m is not False or name in required}
        for key in _COMBINED:
            if key in copy:
                branches = [self.narrowed(child, path, is_open=combines or key == "allOf") for child in copy[key]]
                # A branch without a generator is not drawn; members that all branches share are.
                copy[key] = branches if key == "allOf" else [b for b in branches if b is not False] or branches
        if "items" in copy:
            copy["items"] = self.narrowed(copy["items"], (*path, "0"), is_open=False)
            if copy["items"] is False and not copy.get("minItems"):
                copy["maxItems"] = 0
            elif copy["items"] is False:
                copy["items"] = self._standing_in(schema["items"])
        if isinstance(copy.get("additionalProperties"), Mapping):
            copy["additionalProperties"] = self.narrowed(copy["additionalProperties"], (*path, "*"), is_open=False)
        copy = self._bounded(copy)
        if "object" in _types(copy) and copy.get("additionalProperties") is None:
            if not copy.get("properties") and not (is_open or set(copy) & (_OPENING | set(_COMBINED))):
                copy["additionalProperties"] = {"type": "string", "maxLength": MAX_TEXT}
            elif copy.get("properties") and not (is_open or set(copy) & (_OPENING | set(_COMBINED))):
                copy["additionalProperties"] = False
        return copy

    def _standing_in(self, schema: jp.Json) -> jp.Json:
        """Return the one plain value of a member that nobody can make values of, and no body is without."""
        made = sample_of({**schema, "$defs": self._defs}) if isinstance(schema, Mapping) else None
        return False if made is None else {"enum": [made.value]}

    def _bounded(self, copy: dict[str, Any]) -> dict[str, Any]:
        types = _types(copy)
        if "string" in types and "enum" not in copy:
            copy["maxLength"] = min(MAX_TEXT, copy.get("maxLength", MAX_TEXT))
        if copy.get("format") in {"string", "password"}:
            del copy["format"]
        elif copy.get("format") in (_GIVEN | _NUMBERS if "string" in types else _GIVEN) and not {
            "enum",
            "const",
            "pattern",
        } & set(copy):
            copy = self._given(copy)
        if "integer" in types or "number" in types:
            most = _BITS.get(str(copy.get("format")), MAX_INTEGER)
            copy["maximum"] = min(most, copy.get("maximum", most))
            lowest = 1 if copy.get("format") == "serial" else -most
            copy["minimum"] = max(lowest, copy.get("minimum", lowest))
        return copy

    def _given(self, copy: dict[str, Any]) -> dict[str, Any]:
        """Return the enum of a text that is valid by any reading of its format."""
        return {"enum": [TEXTS[copy["format"]], *([None] if "null" in _types(copy) else [])]}


def _shown(schema: Mapping[str, jp.Json]) -> list[jp.Json]:
    return [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else [])]


def _types(schema: Mapping[str, jp.Json]) -> tuple[str, ...]:
    declared = schema.get("type", ("object",) if "properties" in schema else ())
    return (declared,) if isinstance(declared, str) else tuple(declared)


def pinned_values(callback: Callback) -> dict[str, jp.Json]:
    """Return the values in drawn contents at the stamped pointers."""
    stamped = {pointer: callback.member(pointer) for pointer in callback.stamped if is_in_body(pointer)}
    declared = callback.delivery.stamped
    pinned = {pointer: _sample(member) for pointer, member in stamped.items() if member and pointer in declared}
    # A value that the schema takes: else no drawn content would be valid.
    forms = {
        pointer: form for pointer, form in callback.id_forms.items() if pointer in stamped and pointer not in declared
    }
    return pinned | {pointer: form.write("ca11bac4", "00000000", "0" * 16) for pointer, form in forms.items()}


def _sample(member: Member) -> jp.Json:
    examples = member.schema.get("examples", ())
    return examples[0] if examples else {"integer": 1, "string": "x"}.get(member.types[0] if member.types else "", "x")
