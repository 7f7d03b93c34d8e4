"""Strategies: draw contents from the contract with Schemathesis and Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from callback_contract.contract_tests.generation.bounds import MAX_TEXT, drawn_at_all, generative, walked_at_all
from callback_contract.contract_tests.generation.hypothesis_cache import keep_caches_out_of_sight
from callback_contract.contract_tests.generation.pattern_texts import texts_of
from callback_contract.openapi.contract.determinism import is_deterministic
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
    return _operation(_Held(callback))


@lru_cache(maxsize=16)
def _operation(holder: _Held) -> Any:
    import schemathesis

    keep_caches_out_of_sight()
    callback = holder.callback
    answer = callback.answer
    response: dict[str, Any] = {"description": ""}
    if answer is not None and answer.media_type is not None:
        schema = answer.schema or {}
        response["content"] = {answer.media_type: {"schema": dict(enforcer(schema)(schema))}}
    body: Mapping[str, Any] = generative(callback) if drawn_at_all(callback) else {}
    content = {_drawn_as(callback): {"schema": dict(body)}}
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
    return schemathesis.openapi.from_dict(_with_components(document))["/drawn"]["POST"]


def _drawn_as(callback: Callback) -> str:
    """Return the media type to draw with: JSON for fields.

    Schemathesis would draw forms that no schema checks.
    """
    return callback.media_type if callback.is_json else "application/json"


class _Held:
    """A callback as a cache key: equal when it is the same object."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.callback is self.callback

    def __hash__(self) -> int:
        return id(self.callback)


def draw_bodies(callback: Callback, count: int, seed: int, *, negated: bool) -> list[Any]:
    """Draw random bodies; negated ones break the schema."""
    from schemathesis.generation import GenerationMode

    mode = GenerationMode.NEGATIVE if negated else GenerationMode.POSITIVE
    return [case.body for case in draw(operation_of(callback).as_strategy(generation_mode=mode), count, seed)]


def boundary_bodies(callback: Callback, *, negated: bool) -> list[Any]:
    """Return bodies along the boundaries of the schema; the same each time.

    They come from Schemathesis' coverage phase.
    """
    if not walked_at_all(callback):
        return []
    from schemathesis.generation import GenerationMode

    operation = operation_of(callback)
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
    schema = validator_of(generative(callback))
    return [body for body in bodies if isinstance(body, bytes) or not _is_valid(schema, body)]


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
    if not is_deterministic(schema["pattern"]):
        return next(iter(texts_of(schema)), None)
    from hypothesis import strategies as st

    keep_caches_out_of_sight()
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", MAX_TEXT))
    try:
        strategy = st.from_regex(schema["pattern"], alphabet=st.characters(min_codepoint=32, max_codepoint=126))
        drawn = draw(strategy.filter(lambda text: least <= len(text) <= most), 5, 0)
    except Exception:  # the pattern requires characters outside of ASCII, or few texts match
        return None
    return next((text for text in drawn if "\n" not in text), None)
