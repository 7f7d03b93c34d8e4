"""Derived forms of a contract: tolerant schemas, self-contained schemas, and the document with `paths`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from callback_contract.openapi.documents import json_pointer as jp

__all__ = [
    "METHODS",
    "UNKNOWN_AS",
    "Bundler",
    "bundled",
    "documented_formats",
    "lifted",
    "tolerant_document",
    "tolerant_schema",
    "with_any_of",
    "without_extensions",
    "without_formats",
]

_COMPONENTS = "#/components/schemas/"
UNKNOWN_AS = "x-unknown-as"
"""Names the schema of what has none of the values that a discriminator knows."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SUBSCHEMA_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
SUBSCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SUBSCHEMAS = (
    *("items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "contains", "not"),
    *("propertyNames", "if", "then", "else"),
)
_VALUES = frozenset("const default enum example examples".split())
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def tolerant_schema(schema: jp.Json) -> jp.Json:
    """Return the tolerant form of a schema, which accepts later contract versions.

    Closed lists (`enum`, `const`) of scalars become their type, closed objects open, and `oneOf` becomes `anyOf`,
    since branches that only a `const` separated overlap once it is open. `format` annotates and is dropped,
    so that no validator takes it for a constraint.
    """
    if not isinstance(schema, Mapping):
        return schema
    opened: dict[str, Any] = {}
    if UNKNOWN_AS in schema:
        schema = {**schema, "oneOf": [*schema["oneOf"], {"$ref": schema[UNKNOWN_AS]}]}
    for key, value in schema.items():
        if key in {"enum", "const"}:
            values = value if key == "enum" else [value]
            if any(isinstance(item, (dict, list)) for item in values):
                opened[key] = value
            elif "type" not in schema:
                opened["type"] = sorted({_JSON_TYPES[type(item)] for item in values})
        elif (key in {"additionalProperties", "unevaluatedProperties"} and value is False) or key == "format":
            continue
        elif key in SUBSCHEMA_MAPS:
            opened[key] = {name: tolerant_schema(child) for name, child in value.items()}
        elif key in SUBSCHEMA_LISTS:
            opened["anyOf" if key == "oneOf" else key] = [tolerant_schema(child) for child in value]
        elif key in SUBSCHEMAS:
            # `not` and `if` stay as they are: opening them would make the schema reject more.
            opened[key] = _as_written(value) if key in {"not", "if"} else tolerant_schema(value)
        elif key == "maxContains":
            continue  # more items may match what `contains` asks for once it is open
        else:
            opened[key] = value
    return opened


_AS_WRITTEN = ".as-written"


def _as_written(schema: jp.Json) -> jp.Json:
    """Return a schema whose references lead to components that no tolerance has opened."""
    if isinstance(schema, list):
        return [_as_written(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    copy = {key: _as_written(value) for key, value in schema.items()}
    reference = copy.get("$ref")
    if isinstance(reference, str) and reference.startswith(_COMPONENTS):
        copy["$ref"] = reference + _AS_WRITTEN
    return copy


def _written_out(opened: dict[str, jp.Json], document: Mapping[str, jp.Json], schemas: Mapping[str, jp.Json]) -> None:
    """Add the components that `not` and `if` refer to, as they are written."""
    waiting: list[jp.Json] = [opened, document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            waiting += part.values()
            reference = part.get("$ref")
            if not isinstance(reference, str) or not reference.endswith(_AS_WRITTEN):
                continue
            name = reference.removeprefix(_COMPONENTS)
            if name not in opened and (original := name.removesuffix(_AS_WRITTEN)) in schemas:
                opened[name] = _as_written(without_formats(schemas[original]))
                waiting.append(opened[name])


def tolerant_document(document: Mapping[str, jp.Json]) -> dict[str, Any]:
    """Return the document with every request schema in its tolerant form."""
    opened: dict[str, Any] = dict(document)
    components = dict(document.get("components", {}))
    components["schemas"] = {name: tolerant_schema(schema) for name, schema in components.get("schemas", {}).items()}
    opened["components"] = components
    opened["webhooks"] = {
        name: {
            method: _with_tolerant_body(operation) if method in METHODS else operation
            for method, operation in item.items()
        }
        for name, item in document.get("webhooks", {}).items()
    }
    _written_out(components["schemas"], opened["webhooks"], document.get("components", {}).get("schemas", {}))
    return opened


def _with_tolerant_body(operation: Mapping[str, jp.Json]) -> dict[str, Any]:
    body = operation.get("requestBody")
    if not isinstance(body, Mapping):
        return dict(operation)
    content = {
        media_type: {**entry, "schema": tolerant_schema(entry.get("schema", {}))}
        for media_type, entry in body.get("content", {}).items()
    }
    return {**operation, "requestBody": {**body, "content": content}}


class Bundler:
    """Bundler: makes schemas of a document self-contained, with references in `$defs`.

    A part that several schemas refer to is copied once and shared, so that a document of hundreds of callbacks stays
    small.

    Args:
        form: Converts each part.
    """

    def __init__(self, document: Mapping[str, jp.Json], form: Callable[[jp.Json], jp.Json] | None = None) -> None:
        self._document = document
        self._form = form
        self._parts: dict[str, tuple[jp.Json, tuple[str, ...]]] = {}

    def bundle(self, schema: Mapping[str, jp.Json]) -> dict[str, Any]:
        """Return one schema with all parts that it reaches."""
        if not isinstance(schema, Mapping):
            return {} if schema else {"not": {}}
        root, waiting = self._rewritten(schema)
        defs: dict[str, Any] = {}
        stack = list(reversed(waiting))
        while stack:
            reference = stack.pop()
            name = _name_of(reference)
            if name in defs:
                continue
            if reference not in self._parts:
                self._parts[reference] = self._rewritten(jp.get(self._document, reference.removeprefix("#")))
            defs[name], further = self._parts[reference]
            stack += reversed(further)
        return {**root, "$defs": {**root.get("$defs", {}), **defs}} if defs else dict(root)

    def _rewritten(self, schema: jp.Json) -> tuple[jp.Json, tuple[str, ...]]:
        references: dict[str, None] = {}

        def rewrite(value: jp.Json) -> jp.Json:
            if isinstance(value, list):
                return [rewrite(item) for item in value]
            if not isinstance(value, Mapping):
                return value
            copy = {key: rewrite(item) for key, item in value.items()}  # also a member that is called `$ref`
            reference = value.get("$ref")
            if isinstance(reference, str):
                references[reference] = None
                copy["$ref"] = f"#/$defs/{_name_of(reference)}"
            return copy

        made = rewrite(schema)
        return (self._form(made) if self._form else made), tuple(references)


def _name_of(reference: str) -> str:
    return reference.removeprefix("#/").replace("/", ".")


def bundled(document: Mapping[str, jp.Json], schema: Mapping[str, jp.Json]) -> dict[str, Any]:
    """Return a self-contained schema, with its references in `$defs`."""
    return Bundler(document).bundle(schema)


def with_any_of(schema: jp.Json) -> jp.Json:
    """Return a schema with `anyOf` in the place of each `oneOf`: alternatives may overlap."""
    if isinstance(schema, list):
        return [with_any_of(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {key: value if key in _VALUES else with_any_of(value) for key, value in schema.items()}
    if isinstance(made.get("oneOf"), list):
        either = {"anyOf": made.pop("oneOf")}
        return {**made, "allOf": [*made.get("allOf", ()), either]} if "anyOf" in made else made | either
    return made


def without_formats(schema: jp.Json) -> jp.Json:
    """Return a schema without `format`, at every depth.

    An annotation must not reach a validator that would enforce it.
    """
    if isinstance(schema, list):
        return [without_formats(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: without_formats(value) for key, value in schema.items() if not (key == "format" and isinstance(value, str))
    }


def documented_formats(schema: jp.Json) -> jp.Json:
    """Return a schema without the formats that its `x-provenance` calls inferred."""
    if isinstance(schema, list):
        return [documented_formats(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    told = schema.get("x-provenance")
    source = told.get("format") if isinstance(told, Mapping) else told
    is_left_out = source not in {None, "doc"}
    return {
        key: documented_formats(value)
        for key, value in schema.items()
        if not (is_left_out and key == "format" and isinstance(value, str))
    }


def without_extensions(schema: jp.Json) -> jp.Json:
    """Return a schema without the `x-` keywords of OpenAPI, at every depth.

    A member whose name starts with `x-` stays.
    """
    if not isinstance(schema, Mapping):
        return schema
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key.startswith("x-"):
            continue
        if key in SUBSCHEMA_MAPS:
            plain[key] = {name: without_extensions(child) for name, child in value.items()}
        elif key in SUBSCHEMA_LISTS:
            plain[key] = [without_extensions(child) for child in value]
        else:
            plain[key] = without_extensions(value) if key in SUBSCHEMAS else value
    return plain


def lifted(document: Mapping[str, jp.Json]) -> dict[str, Any]:
    """Return the document with its callbacks as `paths`, for tools without webhooks.

    Each path is the key of the callback.

    Characters that no path may have, and braces (they declare parameters), are percent-encoded (RFC 3986).
    """
    paths = {f"/{quote(name, safe='')}": item for name, item in document.get("webhooks", {}).items()}
    rest = {key: value for key, value in document.items() if key != "webhooks"}
    return {**rest, "paths": paths}
