"""Example generator: makes a plain value of a schema for which the contract gives no example."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any

from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = ["TEXTS", "Sample", "sample_of", "why_no_sample"]

_MOST_LEVELS = 12
_MOST_PARTS_OF_CHOICE = 600  # then only what is required is made: thousands of members make no plain body
_MOST_MENDED = 50
_MOST_PARTS = 4000  # a schema that branches at every level is given up
_UNDRAWN, _BEYOND = "x-not-drawn", "x-beyond-reason"  # see openapi/reading/schemas.py
TEXTS = {
    "date-time": "2025-04-15T03:20:00Z",
    "date": "2025-04-15",
    "time": "03:20:00Z",
    "duration": "PT5M",
    "email": "somebody@example.com",
    "idn-email": "somebody@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/a",
    "url": "https://example.com/a",
    "iri": "https://example.com/a",
    "uri-reference": "/a",
    "iri-reference": "/a",
    "uuid": "ca11bac4-0000-4000-8000-000000000001",
    "uri-template": "https://example.com/a{/b}",
    "json-pointer": "/a",
    "relative-json-pointer": "0/a",
    "regex": "^a$",
    "byte": "dGV4dA==",
    "password": "text",
    "string": "text",
    "hex32": "ca11bac4000000000000000000000001",
    "e164": "+12025550123",
    "msisdn": "12025550123",
    **{f"uuid{version}": f"ca11bac4-0000-{version}000-8000-000000000001" for version in range(1, 9)},
    **dict.fromkeys(("decimal", "double", "float", "int32", "int64", "integer", "number"), "1"),
    "file-path": "/a",
    "ipvanyaddress": "192.0.2.1",
    "json-string": "{}",
    "time-delta": "PT5M",
}
"""A text for each format that the kit knows."""


@dataclass(frozen=True)
class Sample:
    """A value that satisfies its schema."""

    value: jp.Json


class _NoValue(Exception):
    """No value can be made; holds the reason and the part of the body."""

    def __init__(self, why: str) -> None:
        self.why, self.path = why, list[str | int]()
        super().__init__(why)

    def inside(self, part: str | int) -> _NoValue:
        self.path.insert(0, part)
        return self


def sample_of(
    schema: Mapping[str, jp.Json],
    text_of: Callable[[Mapping[str, jp.Json]], str | None] | None = None,
    *,
    validator: Any = None,
) -> Sample | None:
    """Make a plain value of a self-contained schema.

    The result is None when no value is found that the schema accepts.

    Args:
        text_of: Makes a text for a schema with a regular expression; without it such members are left out.
        validator: That of the schema without its formats, where there is one: it takes longer to make than the value.
    """
    validator = validator or validator_of(derive.without_formats(schema))
    for whole, shown in product((True, False), (True, False)):
        try:
            value = _Maker(schema, text_of, whole=whole, shown=shown).value(schema, 0)
        except _NoValue:
            continue
        if validator.is_valid(value) or (whole and _is_mended(value, validator)):
            return Sample(value)
    return None


def _is_mended(value: jp.Json, validator: Any) -> bool:
    """Take out of a value what breaks its schema, part by part, and return whether the rest is valid."""
    for _ in range(_MOST_MENDED):
        error = next(validator.iter_errors(value), None)
        if error is None:
            return True
        *way, last = error.instance_path or [None]
        if last is None:
            return False
        del jp.get(value, jp.join(way))[last]
    return False


def why_no_sample(
    schema: Mapping[str, jp.Json], text_of: Callable[[Mapping[str, jp.Json]], str | None] | None = None
) -> Text:
    """What stands in the way of a plain value, where `sample_of` made none."""
    try:
        value = _Maker(schema, text_of, whole=False, shown=False).value(schema, 0)
    except _NoValue as reason:
        return Text("note.no-value-at", place=_place(reason.path), why=reason.why)
    for error in validator_of(derive.without_formats(schema)).iter_errors(value):
        return Text("note.contradicts", place=_place(error.instance_path))
    return Text("note.no-known-reason")


def _place(path: Sequence[str | int]) -> str:
    return jp.join(path) or Text("note.its-root")


class _Maker:
    def __init__(
        self,
        root: Mapping[str, jp.Json],
        text_of: Callable[[Mapping[str, jp.Json]], str | None] | None,
        *,
        whole: bool,
        shown: bool,
    ) -> None:
        self._root, self._text_of, self._whole, self._shown = root, text_of, whole, shown
        self._parts = 0
        self._choice = _MOST_PARTS_OF_CHOICE
        self._known: dict[tuple[int, int], tuple[jp.Json, dict[str, Any]]] = {}

    def value(self, schema: jp.Json, level: int, *, must: bool = True) -> jp.Json:
        """Return a value of a schema.

        Args:
            must: Whether no body is without it: then a plain value stands in where none is known.
        """
        self._parts += 1
        if level > _MOST_LEVELS or self._parts > _MOST_PARTS:
            raise _NoValue(Text("note.too-many-parts"))
        if schema is False:
            raise _NoValue(Text("note.allows-no-value"))
        flat = _flattened(schema, self._root, self._known)
        if "const" in flat:
            return deepcopy(flat["const"])
        if "enum" in flat:
            # A value is a better example than null.
            return deepcopy(next((value for value in flat["enum"] if value is not None), None))
        if (self._shown or _UNDRAWN in flat) and flat.get("examples"):
            return deepcopy(flat["examples"][0])  # what breaks the schema is taken out of it
        if (self._shown or _UNDRAWN in flat) and "default" in flat:
            return deepcopy(flat["default"])
        if _UNDRAWN in flat and (not must or _BEYOND in flat):
            raise _NoValue(str(flat[_UNDRAWN]))
        for key in ("oneOf", "anyOf"):
            if key in flat:
                return self._alternative(flat, key, level, must)
        return self._typed(flat, level, must)

    def _alternative(self, flat: dict[str, Any], key: str, level: int, must: bool) -> jp.Json:
        rest = {name: value for name, value in flat.items() if name != key}
        branches = sorted(flat[key], key=lambda branch: isinstance(branch, Mapping) and branch.get("type") == "null")
        reason = _NoValue(Text("note.no-alternative"))
        for stands_in, branch in product(sorted({False, must}), branches):
            try:
                return self.value({"allOf": [rest, branch]} if rest else branch, level + 1, must=stands_in)
            except _NoValue as first:
                reason = first
        raise reason

    def _typed(self, flat: dict[str, Any], level: int, must: bool) -> jp.Json:
        types = flat.get("type") or _implied(flat)
        kinds = [types] if isinstance(types, str) else list(types)
        kind = next((kind for kind in kinds if kind != "null"), "null")
        if kind == "object":
            return self._object(flat, level, must)
        if kind == "array":
            return self._list(flat, level, must)
        if kind == "string":
            return self._text(flat)
        if kind in {"integer", "number"}:
            try:
                return _number(flat, kind)
            except (OverflowError, ValueError, ZeroDivisionError):
                raise _NoValue(Text("note.bounds")) from None
        return True if kind == "boolean" else None

    def _list(self, flat: dict[str, Any], level: int, must: bool) -> list[jp.Json]:
        least = int(flat.get("minItems", 0))  # 2.0 is an integer, too
        count = max(least, min(1, int(flat.get("maxItems", 1))) if self._whole else 0)
        if count > 100:
            raise _NoValue(Text("note.least-length"))
        try:
            return [self._item(flat, index, level, must=must and index < least) for index in range(count)]
        except _NoValue:
            if least:
                raise
            return []

    def _item(self, flat: dict[str, Any], index: int, level: int, *, must: bool) -> jp.Json:
        ahead = flat.get("prefixItems", [])
        try:
            return self.value(ahead[index] if index < len(ahead) else flat.get("items", {}), level + 1, must=must)
        except _NoValue as reason:
            raise reason.inside(index) from None

    def _object(self, flat: dict[str, Any], level: int, must: bool) -> dict[str, jp.Json]:
        made: dict[str, jp.Json] = {}
        required = dict.fromkeys(flat.get("required", ()))
        named = flat.get("properties", {})
        names, whole = [*named, *(name for name in required if name not in named)], self._choice
        for index, name in enumerate(names):
            is_much = level > _MOST_LEVELS // 2 or self._parts > whole
            if name not in required and (not self._whole or is_much):
                continue
            child = named[name] if name in named else flat.get("additionalProperties", {})
            # Each member has its share of what is left, so that the first one does not use it up.
            self._choice = min(whole, self._parts + max(0, whole - self._parts) // (len(names) - index))
            try:
                made[name] = self.value(child, level + 1, must=must and name in required)
            except _NoValue as reason:
                if name in required:
                    raise reason.inside(name) from None
            finally:
                self._choice = whole
        for index in range(len(made), min(int(flat.get("minProperties", 0)), 20)):
            made[f"key{index}"] = self.value(flat.get("additionalProperties", {}), level + 1)
        return made

    def _text(self, flat: dict[str, Any]) -> str:
        if "pattern" in flat:
            made = self._text_of(flat) if self._text_of else None
            if made is None:
                raise _NoValue(Text("note.no-text"))
            return made
        stands_in = "{}" if "json" in str(flat.get("contentMediaType", "")) else "text"
        text = TEXTS["byte"] if "contentEncoding" in flat else TEXTS.get(flat.get("format", ""), stands_in)
        least = int(flat.get("minLength", 0))
        most = int(flat.get("maxLength", len(text) + least))
        if not isinstance(least, int) or least > 100_000:
            raise _NoValue(Text("note.least-length"))
        return (text + "x" * (least - len(text)))[: max(int(most), 0)]


def _implied(flat: Mapping[str, jp.Json]) -> str:
    """Return the type to which the keywords of a schema without `type` apply."""
    if {"properties", "required", "additionalProperties", "patternProperties", "minProperties"} & set(flat):
        return "object"
    if {"items", "prefixItems", "minItems"} & set(flat):
        return "array"
    if {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} & set(flat):
        return "number"
    return "string"


def _number(flat: Mapping[str, jp.Json], kind: str) -> jp.Json:
    step = flat.get("multipleOf", 1)
    least = flat.get("minimum", flat.get("exclusiveMinimum", 0) + (step if "exclusiveMinimum" in flat else 0))
    most = flat.get("maximum", flat.get("exclusiveMaximum", 0) - (step if "exclusiveMaximum" in flat else 0))
    value = max(1, least) if "maximum" not in flat and "exclusiveMaximum" not in flat else min(max(1, least), most)
    value = -(-value // step) * step if isinstance(step, int) or kind == "integer" else round(value / step) * step
    return int(value) if value == int(value) else value


def _flattened(
    schema: jp.Json,
    root: Mapping[str, jp.Json],
    known: dict[tuple[int, int], tuple[jp.Json, dict[str, Any]]],
    level: int = 0,
) -> dict[str, Any]:
    """Return a schema with `$ref` and `allOf` merged into it as far as possible.

    Args:
        known: Cache by identity and level; it keeps the schema, too, whose identity is the key.
    """
    if not isinstance(schema, Mapping) or level > _MOST_LEVELS:
        return {}
    key = id(schema), level
    if key not in known:
        known[key] = schema, _merged(schema, root, known, level)
    return dict(known[key][1])


def _merged(
    schema: Mapping[str, jp.Json],
    root: Mapping[str, jp.Json],
    known: dict[tuple[int, int], tuple[jp.Json, dict[str, Any]]],
    level: int,
) -> dict[str, Any]:
    flat: dict[str, Any] = {key: value for key, value in schema.items() if key not in {"$ref", "allOf", "$defs"}}
    parts = list(schema.get("allOf", ()))
    if "$ref" in schema:
        parts.insert(0, jp.get(root, schema["$ref"].removeprefix("#")))
    for part in parts:
        for key, value in _flattened(part, root, known, level + 1).items():
            if key == "properties":
                mine = flat.get("properties", {})
                shared = (name for name in value if name in mine and mine[name] is not value[name])
                both = {name: {"allOf": [mine[name], value[name]]} for name in shared}
                flat["properties"] = {**value, **mine, **both}
            elif key == "required":
                flat["required"] = list(dict.fromkeys([*flat.get("required", ()), *value]))
            elif key in {"oneOf", "anyOf"} and key in flat:
                flat.setdefault("anyOf" if key == "oneOf" else "oneOf", value)
            elif key == "enum" and key in flat:
                flat["enum"] = [item for item in flat["enum"] if item in value] or flat["enum"]
            elif key == "type" and key in flat:
                flat["type"] = _both(flat["type"], value)
            else:
                flat.setdefault(key, value)
    return flat


def _both(mine: jp.Json, other: jp.Json) -> jp.Json:
    """Return the types that two declarations allow."""
    first, second = ([each] if isinstance(each, str) else list(each) for each in (mine, other))
    wide = {"integer"} if "number" in second else set()
    shared = [name for name in first if name in second or name in wide]
    return shared or [name for name in second if name == "integer" and "number" in first] or mine
