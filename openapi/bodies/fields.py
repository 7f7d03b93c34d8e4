"""Mapping between JSON values and named fields: turns an object into texts and reads texts by the schema.

OpenAPI 3.1, "Encoding Object": a scalar travels as its text, an object as JSON, an array as fields of the same name; a
form's `style` changes that. What the schema does not name travels likewise and is read as text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Field", "Undecodable", "Unencodable", "fields_of", "from_texts", "to_texts"]

_MOST_LEVELS = 8
_COMBINED = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("if", "then", "else")
_KINDS: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object"}
_KINDS |= {list: "array", type(None): "null"}
_INTEGER = re.compile(r"-?[0-9]{1,400}")
_NUMBER = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
_SEPARATORS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


class Undecodable(Exception):
    """A body is not of its media type.

    Attributes:
        kind: encoding, boundary or syntax.
    """

    def __init__(self, kind: str, detail: str) -> None:
        self.kind, self.detail = kind, detail
        super().__init__(f"{kind}: {detail}")


class Unencodable(ValueError):
    """A value that cannot be written as fields.

    Its root is no object, or a text in it has no UTF-8 form.
    """


@dataclass(frozen=True)
class Field:
    """One member of a body as it travels.

    Attributes:
        kinds: JSON types that its value, or each value of its array, may have; empty when any type is allowed.
        many: Whether it is an array, so that each value is a field of its own.
        as_json: Whether its text is JSON, the whole array's where it is one.
        separator: The text between the values of an array that is a single text.
        deep: Whether an object's members are fields themselves, as in `name[member]`.
        media_type: The `Content-Type` of its part in a multipart body.
    """

    name: str
    kinds: frozenset[str] = frozenset()
    many: bool = False
    as_json: bool = False
    separator: str = ""
    deep: bool = False
    media_type: str = ""


def fields_of(
    schema: Mapping[str, jp.Json], encoding: Mapping[str, jp.Json], *, styled: bool = True
) -> Mapping[str, Field]:
    """The fields that a self-contained schema names, by their names.

    Args:
        encoding: The `encoding` beside the schema.
        styled: Whether `style` and `explode` count, as they do in a form.
    """
    shapes: dict[str, list[jp.Json]] = {}
    for part in _parts(schema, schema, 0):
        for name, shape in (part.get("properties") or {}).items():
            shapes.setdefault(name, []).append(shape)
    return {name: _field(name, found, schema, encoding.get(name) or {}, styled) for name, found in shapes.items()}


def _field(
    name: str, shapes: list[jp.Json], root: Mapping[str, jp.Json], told: Mapping[str, jp.Json], styled: bool
) -> Field:
    kinds = frozenset(kind for shape in shapes for kind in _kinds(shape, root))
    media_type = str(told.get("contentType", "")).partition(",")[0].strip()
    in_a_form = styled
    styled = styled and bool({"style", "explode", "allowReserved"} & set(told))
    # Each value of an array is a part of its own, whatever the parts are; a form has one text for a JSON array.
    as_json = not styled and _is_json(media_type) and bool(kinds - {"string"}) and (in_a_form or "array" not in kinds)
    if "array" in kinds and not as_json:
        items = [part["items"] for shape in shapes for part in _parts(shape, root, 0) if "items" in part]
        inside = frozenset(kind for item in items for kind in _kinds(item, root))
        style = str(told.get("style", "form"))
        separator = _SEPARATORS.get(style, "") if styled and not told.get("explode", style == "form") else ""
        return Field(name, inside, many=True, separator=separator, media_type=media_type)
    deep = styled and told.get("style") == "deepObject" and "object" in kinds
    return Field(name, kinds, as_json=as_json, deep=deep, media_type=media_type)


def _is_json(media_type: str) -> bool:
    name = media_type.partition(";")[0].strip().lower()
    return name == "application/json" or name.endswith("+json")


def _parts(schema: jp.Json, root: Mapping[str, jp.Json], level: int) -> Iterator[Mapping[str, jp.Json]]:
    """Yield a schema and all schemas that apply to the same value."""
    if not isinstance(schema, Mapping) or level > _MOST_LEVELS:
        return
    yield schema
    if isinstance(schema.get("$ref"), str):
        yield from _parts(jp.get(root, schema["$ref"].removeprefix("#")), root, level + 1)
    for key in _COMBINED:
        for child in schema.get(key, ()):
            yield from _parts(child, root, level + 1)
    for key in _BRANCHES:
        yield from _parts(schema.get(key), root, level + 1)


def _kinds(schema: jp.Json, root: Mapping[str, jp.Json]) -> Iterator[str]:
    for part in _parts(schema, root, 0):
        declared = part.get("type")
        if declared is not None:
            yield from (declared,) if isinstance(declared, str) else declared
        elif "const" in part or "enum" in part:
            yield from (_KINDS[type(value)] for value in ([part["const"]] if "const" in part else part["enum"]))
        elif "properties" in part:
            yield "object"
        elif "items" in part:
            yield "array"


def to_texts(value: jp.Json, fields: Mapping[str, Field]) -> list[tuple[Field, str, str]]:
    """Return an object as fields, each with its name on the wire and its text.

    Null is not sent.

    Raises:
        Unencodable: It is no object.
    """
    if not isinstance(value, Mapping):
        raise Unencodable("only an object travels as fields")
    texts: list[tuple[Field, str, str]] = []
    for name, inside in value.items():
        field = fields.get(name) or Field(name)
        if inside is None:
            continue
        if field.as_json:
            texts.append((field, name, _json(inside)))
        elif isinstance(inside, list) and field.separator:
            texts.append((field, name, field.separator.join(map(_text, inside))))
        elif isinstance(inside, list):
            texts += [(field, name, _text(item)) for item in inside]
        elif isinstance(inside, Mapping) and field.deep:
            texts += [(field, f"{name}[{key}]", _text(item)) for key, item in inside.items()]
        else:
            texts.append((field, name, _text(inside)))
    return texts


def _text(value: jp.Json) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: jp.Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_texts(
    pairs: Iterable[tuple[str, str]], fields: Mapping[str, Field], read_json: Callable[[str], jp.Json]
) -> dict[str, jp.Json]:
    """Read the object that fields represent.

    A text that is no value of its declared type stays text, and validation rejects it.

    Args:
        pairs: Names and texts in the order of arrival.
        read_json: Reads a text that is JSON; raises ValueError when it is not.
    """
    texts: dict[str, list[str]] = {}
    value: dict[str, jp.Json] = {}
    for name, text in pairs:
        outer, bracket, key = name.partition("[")
        if bracket and key.endswith("]") and (field := fields.get(outer)) is not None and field.deep:
            inside = value.setdefault(outer, {})
            if isinstance(inside, dict):
                inside[key[:-1]] = text
        else:
            texts.setdefault(name, []).append(text)
    for name, found in texts.items():
        field = fields.get(name) or Field(name)
        if field.many:
            split = [part for text in found for part in (text.split(field.separator) if field.separator else [text])]
            value[name] = [_value(part, field, read_json) for part in split]
        else:
            read = [_value(text, field, read_json) for text in found]
            value[name] = read[0] if len(read) == 1 else read
    return value


def _value(text: str, field: Field, read_json: Callable[[str], jp.Json]) -> jp.Json:
    kinds = field.kinds
    if field.as_json or (kinds & {"object", "array"} and "string" not in kinds):
        try:
            return read_json(text)
        except ValueError:
            return text
    if not kinds or "string" in kinds:
        return text
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in kinds and _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return int(text) if _INTEGER.fullmatch(text) else number
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    return text
