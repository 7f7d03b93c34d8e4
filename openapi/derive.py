"""Decides what follows from a contract document: the tolerant form, self-contained schemas, and the `paths` form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from openapi import pointer as jp

__all__ = ["bundled", "lifted", "tolerant_document", "tolerant_schema", "without_extensions"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SUBSCHEMA_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
_SUBSCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SUBSCHEMAS = ("items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "contains", "not")
_SUBSCHEMAS_2 = ("propertyNames", "if", "then", "else")
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def tolerant_schema(schema: jp.Json) -> jp.Json:
    """Opens a schema for next year's deliveries.

    Closed lists (`enum`, `const`) of scalars become their type, closed objects open, and `oneOf` becomes `anyOf`,
    since branches that only a `const` told apart overlap once it is open. `format` annotates and is dropped,
    so that no validator takes it for a constraint.
    """
    if not isinstance(schema, Mapping):
        return schema
    opened: dict[str, Any] = {}
    for key, value in schema.items():
        if key in {"enum", "const"}:
            values = value if key == "enum" else [value]
            if any(isinstance(item, (dict, list)) for item in values):
                opened[key] = value
            elif "type" not in schema:
                opened["type"] = sorted({_JSON_TYPES[type(item)] for item in values})
        elif (key in {"additionalProperties", "unevaluatedProperties"} and value is False) or key == "format":
            continue
        elif key in _SUBSCHEMA_MAPS:
            opened[key] = {name: tolerant_schema(child) for name, child in value.items()}
        elif key in _SUBSCHEMA_LISTS:
            opened["anyOf" if key == "oneOf" else key] = [tolerant_schema(child) for child in value]
        elif key in _SUBSCHEMAS or key in _SUBSCHEMAS_2:
            # What `not` or `if` refuses would grow if it were opened: those keep their meaning.
            opened[key] = value if key in {"not", "if"} else tolerant_schema(value)
        else:
            opened[key] = value
    return opened


def tolerant_document(document: Mapping[str, jp.Json]) -> dict[str, Any]:
    """Opens every schema that a request body can reach; the rest of the document stays as it is."""
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


def bundled(document: Mapping[str, jp.Json], schema: Mapping[str, jp.Json]) -> dict[str, Any]:
    """Makes a schema self-contained: what it refers to stands in its `$defs`."""
    defs: dict[str, Any] = {}

    def rewrite(value: jp.Json) -> jp.Json:
        if isinstance(value, list):
            return [rewrite(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        copy = {key: rewrite(item) for key, item in value.items() if key != "$ref"}
        reference = value.get("$ref")
        if isinstance(reference, str):
            name = reference.removeprefix("#/").replace("/", ".")
            if name not in defs:
                defs[name] = {}  # stops a recursive schema from being copied for ever
                defs[name] = rewrite(jp.get(document, reference.removeprefix("#")))
            copy["$ref"] = f"#/$defs/{name}"
        return copy

    root = rewrite(schema)
    return {**root, "$defs": {**root.get("$defs", {}), **defs}} if defs else dict(root)


def without_extensions(schema: jp.Json) -> jp.Json:
    """Drops OpenAPI's `x-` keywords from a schema at every depth; a member whose name starts like that stays."""
    if not isinstance(schema, Mapping):
        return schema
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key.startswith("x-"):
            continue
        if key in _SUBSCHEMA_MAPS:
            plain[key] = {name: without_extensions(child) for name, child in value.items()}
        elif key in _SUBSCHEMA_LISTS:
            plain[key] = [without_extensions(child) for child in value]
        else:
            plain[key] = without_extensions(value) if key in _SUBSCHEMAS or key in _SUBSCHEMAS_2 else value
    return plain


def lifted(document: Mapping[str, jp.Json]) -> dict[str, Any]:
    """Writes the callbacks as `paths`, for tools that know no webhooks; each path is the callback's key.

    A key may hold what a path cannot, and braces would declare a parameter: those are percent-encoded (RFC 3986).
    """
    paths = {f"/{quote(name, safe='')}": item for name, item in document.get("webhooks", {}).items()}
    rest = {key: value for key, value in document.items() if key != "webhooks"}
    return {**rest, "paths": paths}
