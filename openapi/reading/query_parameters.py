"""Query parameters of a callback without a body: describes them as the form that travels in the URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.field_bodies import refuse_style
from callback_contract.openapi.reading.references import Faulty, Library, Place

__all__ = ["BY_QUERY", "query_as_form"]

BY_QUERY = frozenset({"get", "post", "put", "patch", "delete"})
"""Methods of a callback that may come without a body; the others say nothing to a receiver."""


def query_as_form(
    library: Library, parameters: Iterable[Place], schema_of: Callable[[Place], jp.Json]
) -> dict[str, Any]:
    """Return the media type of a form with a field for each query parameter.

    Args:
        parameters: Those of the operation before the path item's.
        schema_of: Converts a schema.

    Raises:
        Faulty: A parameter travels in a form that the kit does not write.
    """
    properties: dict[str, jp.Json] = {}
    required: list[str] = []
    encoding: dict[str, Any] = {}
    for place in parameters:
        name = place.value["name"]
        if place.value["in"] != "query" or name in properties:
            continue
        shape, encoding[name] = _described(library, place)
        schema = {} if shape is None else schema_of(shape)
        if isinstance(schema, Mapping):
            schema = {**schema, **_annotations(library, place)}
        properties[name] = schema
        if place.value.get("required") is True:
            required.append(name)
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return {"schema": schema, "examples": {}, "encoding": encoding}


def _described(library: Library, place: Place) -> tuple[Place | None, dict[str, Any]]:
    """Return the place of a parameter's schema, and how its value is written."""
    for media_type, inside in place.members("content"):
        entry = library.followed(inside)
        has_schema = isinstance(entry.value, Mapping) and "schema" in entry.value
        return (entry.child("schema") if has_schema else None), {"contentType": media_type}
    style = place.value.get("style", "form")
    told = {"style": style, **({"explode": place.value["explode"]} if "explode" in place.value else {})}
    if "schema" not in place.value:
        return None, told
    shape = library.followed(place.child("schema")).value
    refuse_style(place, style, shape if isinstance(shape, Mapping) else {})
    return place.child("schema"), told


def _annotations(library: Library, place: Place) -> dict[str, Any]:
    """Return what a parameter says of itself beside its schema."""
    said, shown = place.value.get("description"), list(_shown(library, place))
    return {**({"description": said} if isinstance(said, str) else {}), **({"examples": shown} if shown else {})}


def _shown(library: Library, place: Place) -> Iterable[jp.Json]:
    """Yield the values that a parameter's description shows."""
    if "example" in place.value:
        yield place.value["example"]
    for _, inside in place.members("examples"):
        try:
            example = library.followed(inside).value
        except Faulty:
            continue
        if isinstance(example, Mapping) and "value" in example:
            yield example["value"]
