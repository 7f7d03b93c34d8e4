"""Decides how Schemathesis and Hypothesis draw contents from the contract, and which of its checks are asked.

Of Schemathesis' checks, `content_type_conformance`, `response_schema_conformance` and `response_headers_conformance`
judge an acknowledgement as a callback's sender would; they run in `answer_flaws`. Its others judge otherwise than a
sender has to, so the rules decide instead: `not_a_server_error` lets a missing answer pass; `positive_data_acceptance`
takes 401, 404 and 429 for acceptance; `negative_data_rejection` calls the tolerance of a new value a mistake;
`status_code_conformance` calls a 400 undocumented; `unsupported_method` wants 405, where 404 is as good.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from mock_server.delivery import Exchange
from openapi import pointer as jp
from openapi.members import Member
from openapi.model import Callback

__all__ = [
    "MAX_INTEGER",
    "MAX_TEXT",
    "answer_flaws",
    "boundary_bodies",
    "draw",
    "draw_bodies",
    "generative",
    "pinned_values",
]

MAX_TEXT = 4096
MAX_INTEGER = 2**53


def generative(callback: Callback) -> dict[str, Any]:
    """Narrows the schema to the class "valid": texts and integers bounded, free maps of texts, objects closed.

    Stamped members are pinned, since whatever is drawn for them would be stamped over.
    """
    constants = pinned_values(callback)

    def narrowed(schema: jp.Json, path: tuple[str, ...]) -> jp.Json:
        if not isinstance(schema, Mapping):
            return schema
        if jp.join(path) in constants and path:
            return {"const": constants[jp.join(path)]}
        copy = {key: value for key, value in schema.items() if key not in {"description", "examples", "title"}}
        for key in ("properties", "$defs"):
            if key in copy:
                below = path if key == "properties" else ("$defs",)
                copy[key] = {name: narrowed(child, (*below, name)) for name, child in copy[key].items()}
        for key in ("allOf", "anyOf", "oneOf"):
            if key in copy:
                copy[key] = [narrowed(child, path) for child in copy[key]]
        if "items" in copy:
            copy["items"] = narrowed(copy["items"], (*path, "0"))
        types = copy.get("type")
        if types == "string" and "enum" not in copy:
            copy["maxLength"] = min(MAX_TEXT, copy.get("maxLength", MAX_TEXT))
        elif types == "integer":
            copy["maximum"] = min(MAX_INTEGER, copy.get("maximum", MAX_INTEGER))
            lowest = 1 if copy.get("format") == "serial" else -MAX_INTEGER
            copy["minimum"] = max(lowest, copy.get("minimum", lowest))
        elif types == "object" and copy.get("additionalProperties") is None:
            copy["additionalProperties"] = (
                False if copy.get("properties") else {"type": "string", "maxLength": MAX_TEXT}
            )
        return copy

    root = dict(callback.schema)
    defs = root.get("$defs", {})
    if set(root) == {"$ref", "$defs"}:
        # The usual shape: one named schema; its members' paths start at the body's root.
        root = {**jp.get(root, root["$ref"].removeprefix("#")), "$defs": defs}
    result: dict[str, Any] = narrowed(root, ())
    return result


def pinned_values(callback: Callback) -> dict[str, jp.Json]:
    """What stands in drawn contents at the pointers that are stamped anyway."""
    stamped = {pointer: callback.member(pointer) for pointer in callback.delivery.stamped}
    return {pointer: _sample(member) for pointer, member in stamped.items() if member}


def _sample(member: Member) -> jp.Json:
    examples = member.schema.get("examples", ())
    return examples[0] if examples else {"integer": 1, "string": "x"}.get(member.types[0] if member.types else "", "x")


@lru_cache(maxsize=16)
def _operation(holder: _Held) -> Any:
    """The callback as Schemathesis sees it: an operation under `paths`, since it knows no webhooks."""
    import schemathesis

    callback = holder.callback
    answer = callback.answer
    response: dict[str, Any] = {"description": ""}
    if answer is not None and answer.media_type is not None:
        response["content"] = {answer.media_type: {"schema": dict(answer.schema or {})}}
    content = {callback.media_type: {"schema": generative(callback)}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "drawn", "version": "1"},
        "paths": {
            "/drawn": {
                "post": {
                    "requestBody": {"required": True, "content": content},
                    "responses": {str(answer.status if answer else 200): response},
                }
            }
        },
    }
    _hoist_defs(document)
    return schemathesis.openapi.from_dict(document)["/drawn"]["POST"]


class _Held:
    """A callback as a key of a cache: equal when it is the same object."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.callback is self.callback

    def __hash__(self) -> int:
        return id(self.callback)


def draw_bodies(callback: Callback, count: int, seed: int, *, negated: bool) -> list[Any]:
    """Draws bodies by chance; negated ones break the schema."""
    from schemathesis.generation import GenerationMode

    mode = GenerationMode.NEGATIVE if negated else GenerationMode.POSITIVE
    return [case.body for case in draw(_operation(_Held(callback)).as_strategy(generation_mode=mode), count, seed)]


def boundary_bodies(callback: Callback, *, negated: bool) -> list[Any]:
    """Walks the boundaries of the schema, as Schemathesis' coverage phase does; the same bodies each time."""
    from schemathesis.generation import GenerationMode

    operation = _operation(_Held(callback))
    cases = operation.schema.iter_coverage_cases(
        operation,
        generation_modes=[GenerationMode.NEGATIVE if negated else GenerationMode.POSITIVE],
        generation_config=operation.schema.config.generation_for(operation=operation),
    )
    return [case.body for case in cases if case.method == "POST" and case.media_type == callback.media_type]


def answer_flaws(exchange: Exchange, callback: Callback) -> str:
    """What is wrong with the body of an acknowledgement; empty when it is as documented."""
    import requests
    import schemathesis
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
    )

    answer = exchange.answer
    if answer is None or callback.answer is None or answer.status != callback.answer.status:
        return ""  # another status is another rule's matter
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name.lower(), []).append(value)
    response = schemathesis.Response(
        status_code=answer.status,
        headers=headers,
        content=answer.body,
        request=requests.Request("POST", "http://receiver.invalid/").prepare(),
        elapsed=exchange.elapsed_s,
        verify=True,
    )
    checks = [content_type_conformance, response_schema_conformance, response_headers_conformance]
    try:
        _operation(_Held(callback)).Case(body={}).validate_response(response, checks=checks)
    except FailureGroup as failures:
        return "; ".join(f"{f.title}: {' '.join(f.message.split())}"[:200] for f in failures.exceptions)
    return ""


def _hoist_defs(document: dict[str, Any]) -> None:
    content = document["paths"]["/drawn"]["post"]["requestBody"]["content"]
    for entry in content.values():
        defs = entry["schema"].pop("$defs", None)
        if defs:
            document["components"] = {"schemas": defs}
            _repoint(document)


def _repoint(value: Any) -> None:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            value["$ref"] = reference.replace("#/$defs/", "#/components/schemas/")
        for item in value.values():
            _repoint(item)
    elif isinstance(value, list):
        for item in value:
            _repoint(item)


def draw(strategy: Any, count: int, seed: int) -> list[Any]:
    """Draws examples outside a test; the same seed gives the same list."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    drawn: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Any) -> None:
        drawn.append(example)

    collect()
    return drawn
