"""Decides what stands in a callback of which the contract shows no example: what its schema shows, member by member."""

from __future__ import annotations

from collections.abc import Mapping

from openapi import pointer as jp
from openapi.model import Callback

__all__ = ["sampled"]

_BY_TYPE: dict[str, jp.Json] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
_DEEPEST = 12  # of a recursive schema


def sampled(callback: Callback) -> jp.Json:
    """A body made of the schema's own examples, else of the simplest value of each type."""
    root = callback.strict

    def value(schema: jp.Json, depth: int) -> jp.Json:
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return {}
        if "$ref" in schema:
            return value(jp.get(root, schema["$ref"].removeprefix("#")), depth + 1)
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        for key in ("oneOf", "anyOf"):
            if schema.get(key):
                return value(schema[key][0], depth + 1)
        return _of_type(schema, depth)

    def _of_type(schema: Mapping[str, jp.Json], depth: int) -> jp.Json:
        named = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "string")
        kind = named[0] if isinstance(named, list) else named
        if kind == "array":
            return [value(schema["items"], depth + 1)] if isinstance(schema.get("items"), Mapping) else []
        if kind != "object":
            return _BY_TYPE.get(kind, "text")
        members = {name: value(child, depth + 1) for name, child in schema.get("properties", {}).items()}
        for part in schema.get("allOf", ()):
            whole = value(part, depth + 1)
            members |= whole if isinstance(whole, dict) else {}
        return members

    return value(root, 0)
