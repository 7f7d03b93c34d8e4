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

from contract_tests.bounding import MAX_INTEGER, MAX_TEXT, generative, pinned_values
from contract_tests.caching import keep_caches_out_of_sight
from mock_server.delivery import Exchange
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
    "text_of_pattern",
]


@lru_cache(maxsize=16)
def _operation(holder: _Held) -> Any:
    """The callback as Schemathesis sees it: an operation under `paths`, since it knows no webhooks."""
    import schemathesis

    keep_caches_out_of_sight()
    callback = holder.callback
    answer = callback.answer
    response: dict[str, Any] = {"description": ""}
    if answer is not None and answer.media_type is not None:
        response["content"] = {answer.media_type: {"schema": dict(answer.schema or {})}}
    content = {_drawn_as(callback): {"schema": generative(callback)}}
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


def _drawn_as(callback: Callback) -> str:
    """Fields are drawn as the object that they mean: Schemathesis draws forms that no schema checks."""
    return callback.media_type if callback.is_json else "application/json"


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
    return [case.body for case in cases if case.method == "POST" and case.media_type == _drawn_as(callback)]


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
    if callback.answer.other_bodies and answer.media_type != callback.answer.media_type:
        return ""  # of the other documented bodies nothing more is asked
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
    if answer.body == b"" and callback.answer.other_bodies:
        return ""
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

    keep_caches_out_of_sight()
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


def text_of_pattern(schema: Mapping[str, Any]) -> str | None:
    """A text that satisfies a schema's regular expression and lengths; the same each time."""
    from hypothesis import strategies as st

    keep_caches_out_of_sight()
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", MAX_TEXT))
    try:
        strategy = st.from_regex(schema["pattern"], alphabet=st.characters(min_codepoint=32, max_codepoint=126))
        drawn = draw(strategy.filter(lambda text: least <= len(text) <= most), 5, 0)
    except Exception:  # the pattern wants what is not ASCII, or is met too seldom
        return None
    return next((text for text in drawn if "\n" not in text), None)
