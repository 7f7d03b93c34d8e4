"""Page of one callback: collects headers, fields, examples, the response and the bytes on the wire."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback, Contract, Example
from callback_contract.openapi.documenting.content.links import address, anchor
from callback_contract.openapi.documenting.content.listed_fields import listed_fields
from callback_contract.openapi.documenting.content.request_samples import RequestSample, request_samples
from callback_contract.openapi.documenting.content.syntax_colouring import coloured_json
from callback_contract.openapi.documenting.content.wire_example import answer_text, as_curl, request_text
from callback_contract.openapi.documenting.content.words import Words
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Field", "Reference", "Shown", "State", "reference"]

_LIMITS = (
    "const",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)


@dataclass(frozen=True)
class Field:
    """One field as a reader sees it.

    Attributes:
        limits: Every other keyword that constrains it, as in `maxLength: 64`, and how it is known.
        marks: How each keyword is known, by keyword; an absent keyword is documented.
        roles: Keys of `x-delivery` that point at it.
    """

    pointer: str
    name: str
    depth: int
    types: str
    required: bool
    meaning: str
    format: str
    enum: tuple[str, ...]
    limits: tuple[tuple[str, str], ...]
    example: str
    marks: Mapping[str, str]
    roles: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """One value of the member that carries the state, and the example that has it."""

    name: str
    meaning: str
    example: str


@dataclass(frozen=True)
class Shown:
    """One named example: coloured for reading, as text for copying."""

    name: str
    summary: str
    illustrative: bool
    provenance: str
    html: Markup
    curl: str


@dataclass(frozen=True)
class Reference:
    """Everything that the page of one callback shows.

    Attributes:
        deeper: The number of fields that are left out because of their depth.
    """

    callback: Callback
    description: str
    tags: tuple[str, ...]
    content_type_provenance: str
    headers: tuple[Mapping[str, object], ...]
    body_description: str
    fields: tuple[Field, ...]
    states: tuple[State, ...]
    examples: tuple[Shown, ...]
    samples: tuple[RequestSample, ...]
    wire: str
    answer_wire: str
    answer_description: str
    open_object: bool
    deeper: int = 0

    @property
    def name(self) -> str:
        """The callback's name."""
        return self.callback.name

    @property
    def example_tabs(self) -> list[tuple[str, str]]:
        """The panel and the name of each example."""
        return [(anchor("example", self.name, example.name), example.name) for example in self.examples]

    @property
    def first_sent(self) -> int:
        """The place of the first example that is delivered; the first one where none is."""
        return next((place for place, example in enumerate(self.examples) if not example.illustrative), 0)

    @property
    def sample_tabs(self) -> list[tuple[str, str]]:
        """The panel and the language of each request sample."""
        return [(f"send-{number}", sample.language.name) for number, sample in enumerate(self.samples, 1)]


def reference(contract: Contract, callback: Callback, words: Words, most_fields: int | None = None) -> Reference:
    """Return everything that a callback's page shows, in the contract's language.

    Args:
        most_fields: The most fields to show, in whole levels; None for all.
    """
    raw = jp.get(contract.document, callback.pointer)
    content = raw["requestBody"]["content"][callback.media_type]
    headers = [parameter for parameter in raw.get("parameters", ()) if parameter["in"] == "header"]
    root = callback.member("")
    listed = listed_fields(callback, most_fields)
    tags = raw.get("tags")
    return Reference(
        callback=callback,
        description=str(raw.get("description", "")),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        content_type_provenance=_mark(raw["requestBody"]),
        headers=tuple(_header(header, words) for header in headers),
        body_description=str(root.schema.get("description", "")) if root else "",
        fields=tuple(_fields(callback, words, listed)),
        states=tuple(_states(callback)),
        examples=tuple(_shown(callback, example, content, listed) for example in callback.examples),
        samples=tuple(request_samples(callback)),
        wire=request_text(callback),
        answer_wire=answer_text(callback),
        answer_description=_answer_description(raw),
        open_object=root is not None and root.schema.get("additionalProperties") is not False,
        deeper=len(callback.members) - 1 - len(listed),
    )


def _json(value: jp.Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _mark(value: jp.Json, key: str = "") -> str:
    marks = value.get("x-provenance", "doc") if isinstance(value, Mapping) else "doc"
    return str(marks.get(key, "doc")) if isinstance(marks, Mapping) else str(marks)


def _header(raw: Mapping[str, jp.Json], words: Words) -> Mapping[str, object]:
    schema = raw.get("schema")
    schema = schema if isinstance(schema, Mapping) else {}
    return {
        "name": str(raw["name"]),
        "types": _types(schema.get("type", ()), words),
        "required": bool(raw.get("required", False)),
        "meaning": str(raw.get("description", "")),
        "default": str(schema.get("default", "")),
        "mark": _mark(raw, "description"),
    }


def _types(types: str | tuple[str, ...] | list[str], words: Words) -> str:
    several = (types,) if isinstance(types, str) else tuple(types)
    return words("field.or").join(several) or words("field.any")


def _fields(callback: Callback, words: Words, listed: frozenset[str]) -> Iterator[Field]:
    arrays = {member.pointer for member in callback.members if "array" in member.types}
    for member in callback.members:
        if member.pointer not in listed:
            continue
        tokens = jp.tokens(member.pointer)
        schema = member.schema
        shown = schema.get("examples", [schema["example"]] if "example" in schema else [])
        yield Field(
            pointer=member.pointer,
            name=_dotted(arrays, tokens),
            depth=len(tokens) - 1,
            types=_types(member.types, words),
            required=member.required,
            meaning=str(schema.get("description", schema.get("title", ""))),
            format=member.format,
            enum=tuple(v if isinstance(v, str) else _json(v) for v in member.enum),
            limits=tuple((f"{key}: {_json(schema[key])}", _mark(schema, key)) for key in _LIMITS if key in schema),
            example=_json(shown[0]) if shown else "",
            marks={key: _mark(schema, key) for key in ("type", "description", "format", "enum", "examples")},
            roles=tuple(_roles(callback, member)),
        )


def _dotted(arrays: Container[str], tokens: tuple[str, ...]) -> str:
    """Return `actions[].id` for `/actions/0/id`: the first item stands for all."""
    name = ""
    for index, token in enumerate(tokens):
        name += "[]" if jp.join(tokens[:index]) in arrays else f".{token}" if name else token
    return name


def _roles(callback: Callback, member: Member) -> Iterator[str]:
    facts = callback.delivery
    if member.pointer == facts.correlation:
        yield "correlation"
    if member.pointer in facts.idempotency:
        yield "idempotency"
    if member.pointer == facts.state:
        yield "state"
    if member.pointer in facts.groups:
        yield "groups"


def _states(callback: Callback) -> Iterator[State]:
    pointer, order = callback.delivery.state, callback.delivery.order
    member = callback.member(pointer) if pointer else None
    for name in dict.fromkeys([*(member.enum if member else ()), *(order.states if order else ())]):
        fitting = [e for e in callback.delivered_examples if _value(e, pointer or "") == name]
        yield State(str(name), fitting[0].summary if fitting else "", fitting[0].name if fitting else "")


def _value(example: Example, pointer: str) -> jp.Json:
    try:
        return jp.get(example.value, pointer)
    except LookupError:
        return None


def _shown(callback: Callback, example: Example, content: Mapping[str, jp.Json], known: frozenset[str]) -> Shown:
    html = coloured_json(
        example.value, lambda pointer: address("field", callback.name, pointer) if pointer in known else ""
    )
    return Shown(
        example.name,
        example.summary,
        example.illustrative,
        _mark(content["examples"][example.name]),
        html,
        as_curl(callback, example.value),
    )


def _answer_description(raw: Mapping[str, jp.Json]) -> str:
    for status, response in raw.get("responses", {}).items():
        if str(status).startswith("2"):
            return str(response.get("description", ""))
    return ""
