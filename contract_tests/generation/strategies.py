"""Strategies: draw contents from the contract with Schemathesis and Hypothesis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from callback_contract.contract_tests.generation.bounds import drawable, drawn_at_all, generative, walked_at_all
from callback_contract.contract_tests.generation.hypothesis_cache import keep_caches_out_of_sight
from callback_contract.contract_tests.generation.pattern_texts import texts_of
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.contract.patterns import enforcer, validator_of

__all__ = [
    "boundary_bodies",
    "draw",
    "draw_bodies",
    "operation_of",
    "text_of_pattern",
]


_MOST_WALKED = 1000  # a schema of hundreds of alternatives has thousands of boundaries


def operation_of(callback: Callback) -> Any:
    """Return the callback as Schemathesis' operation under `paths`.

    Schemathesis does not know webhooks.
    """
    return _answered(_Held(callback))


class _Held:
    """A callback as a cache key: equal when it is the same object, which each answer is judged by."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.callback is self.callback

    def __hash__(self) -> int:
        return id(self.callback)


@lru_cache(maxsize=16)
def _answered(held: _Held) -> Any:
    schema = generative(held.callback) if drawn_at_all(held.callback) else {}
    return _operation(_document(held.callback, schema, answered=True))


@lru_cache(maxsize=16)
def _operation(document: str) -> Any:
    import schemathesis

    keep_caches_out_of_sight()
    return schemathesis.openapi.from_dict(_with_components(json.loads(document)))["/drawn"]["POST"]


def _drawn_as(callback: Callback) -> str:
    """Return the media type to draw with: JSON for fields.

    Schemathesis would draw forms that no schema checks.
    """
    return callback.media_type if callback.is_json else "application/json"


def _document(callback: Callback, schema: Mapping[str, Any], *, answered: bool = False) -> str:
    """Return the text of the document to draw from; it is the same for callbacks of the same bodies.

    Args:
        answered: With the documented answer, which nothing is drawn from.
    """
    answer = callback.answer if answered else None
    response: dict[str, Any] = {"description": ""}
    if answer is not None and answer.media_type is not None:
        schema_of_answer = answer.schema or {}
        response["content"] = {answer.media_type: {"schema": dict(enforcer(schema_of_answer)(schema_of_answer))}}
    operation = {
        "requestBody": {"required": True, "content": {_drawn_as(callback): {"schema": dict(schema)}}},
        "responses": {str(answer.status if answer else 200): response},
    }
    about = {"openapi": "3.1.0", "info": {"title": "drawn", "version": "1"}}
    return json.dumps({**about, "paths": {"/drawn": {"post": operation}}}, default=str)


def draw_bodies(callback: Callback, count: int, seed: int, *, negated: bool) -> list[Any]:
    """Draw random bodies, once for all callbacks of the same ones; negated ones break the schema."""
    schema = drawable(callback) if drawn_at_all(callback) else {}
    return list(_drawn_bodies(_document(callback, schema), count, seed, negated=negated))


@lru_cache(maxsize=32)
def _drawn_bodies(document: str, count: int, seed: int, *, negated: bool) -> tuple[Any, ...]:
    from schemathesis.generation import GenerationMode

    mode = GenerationMode.NEGATIVE if negated else GenerationMode.POSITIVE
    return tuple(case.body for case in draw(_operation(document).as_strategy(generation_mode=mode), count, seed))


def boundary_bodies(callback: Callback, *, negated: bool) -> list[Any]:
    """Return bodies along the boundaries of the schema; the same each time.

    They come from Schemathesis' coverage phase.
    """
    if not walked_at_all(callback):
        return []
    from schemathesis.generation import GenerationMode

    schema = generative(callback)
    operation = _operation(_document(callback, schema))
    cases = operation.schema.iter_coverage_cases(
        operation,
        generation_modes=[GenerationMode.NEGATIVE if negated else GenerationMode.POSITIVE],
        generation_config=operation.schema.config.generation_for(operation=operation),
    )
    bodies = [
        case.body
        for case in islice(cases, _MOST_WALKED)
        if case.method == "POST" and case.media_type == _drawn_as(callback)
    ]
    if not negated:
        return bodies
    validator = validator_of(schema)
    return [body for body in bodies if isinstance(body, bytes) or not _is_valid(validator, body)]


def _is_valid(schema: Any, body: Any) -> bool:
    """Return whether a negative case is broken elsewhere than in its body."""
    try:
        return bool(schema.is_valid(body))
    except (TypeError, ValueError):  # a value without a JSON form
        return False


def _with_components(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the definitions of its body where OpenAPI has them; parts of it are the callback's."""
    (entry,) = document["paths"]["/drawn"]["post"]["requestBody"]["content"].values()
    defs = entry["schema"].pop("$defs", None)
    made: dict[str, Any] = _repointed({**document, "components": {"schemas": defs}}) if defs else document
    return made


def _repointed(value: Any) -> Any:
    if isinstance(value, list):
        return [_repointed(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _repointed(item) for key, item in value.items()}
    if isinstance(reference := made.get("$ref"), str):
        made["$ref"] = reference.replace("#/$defs/", "#/components/schemas/")
    return made


def draw(strategy: Any, count: int, seed: int) -> list[Any]:
    """Draw examples outside a test; the same seed gives the same list."""
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
    """Return a text that satisfies a schema's pattern and lengths; the same each time."""
    return next(iter(texts_of(schema)), None)
