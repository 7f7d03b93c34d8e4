"""JSON Schema keywords with regular expressions, for openapi-core: matched in bounded time.

The library with which openapi-core validates searches with Python's `re`, so one rejected text could keep it busy for
ever (see `callback_contract.openapi.contract.patterns`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from openapi_core.validation.schemas import oas31_schema_validators_factory as usual
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory

from callback_contract.openapi.contract.patterns import matches, validator_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["validators_factory"]

_USUAL: Mapping[str, Any] = usual.schema_validator_cls.VALIDATORS


def validators_factory(document: Mapping[str, jp.Json]) -> SchemaValidatorsFactory:
    """Return the factory of openapi-core's validators for OpenAPI 3.1."""

    def unevaluated(validator: Any, _: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        # Which names are evaluated is found out with the patterns of every schema inside; references lead to the root.
        for error in validator_of({**document, **schema}).iter_errors(instance):
            if error.kind.name == "unevaluatedProperties" and not error.instance_path:
                yield ValidationError(error.message)

    keywords = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "unevaluatedProperties": unevaluated,
    }
    return SchemaValidatorsFactory(extend(usual.schema_validator_cls, keywords), usual.format_checker)


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any
) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, schema in patterns.items():
        for name, value in instance.items():
            if matches(pattern, name):
                yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, additional: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object") and (patterns := schema.get("patternProperties")):
        matched = {name for name in instance for pattern in patterns if matches(pattern, name)}
        named = {**dict.fromkeys(matched), **schema.get("properties", {})}
        schema = {key: value for key, value in schema.items() if key != "patternProperties"} | {"properties": named}
    yield from _USUAL["additionalProperties"](validator, additional, instance, schema)
