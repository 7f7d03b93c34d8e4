"""Decides, through openapi-core, what exactly is wrong with a body that the fast validator refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from callback_contract.openapi.bodies import is_fields
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["ErrorDetails", "Violation"]

_MOST_KEPT = 16  # callbacks whose bodies were refused last


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a body: where, and in the schema's words."""

    pointer: str
    message: str


class ErrorDetails:
    """openapi-core over the tolerant document; built on the first refusal, since its import takes half a second."""

    def __init__(self, contract: Contract) -> None:
        self._document = contract.tolerant_document
        self._spec = lru_cache(maxsize=_MOST_KEPT)(self._made)

    def _made(self, name: str, method: str) -> Any:
        """One callback alone: openapi-core takes a hundred megabytes for a document of hundreds."""
        from openapi_core import Config, OpenAPI

        from callback_contract.mock_server.validation.linear_keywords import validators_factory

        # The contract's own loader has checked the document; checking it again costs a second.
        no_validator: Any = None
        document = _one_body(self._document, name, method)
        config = Config(spec_validator_cls=no_validator, schema_validators_factory=validators_factory(document))
        return OpenAPI.from_dict(document, config=config)

    def warm_up(self, callback: Callback) -> None:
        """Imports openapi-core and makes ready for one callback's refusals."""
        self._spec(jp.tokens(callback.pointer)[1], callback.method.lower())

    def explain(self, callback: Callback, value: jp.Json) -> tuple[Violation, ...]:
        """Lists the violations of a decoded body; empty when openapi-core accepts it."""
        from openapi_core.exceptions import OpenAPIError

        try:
            request = _request(callback, json.dumps(value).encode())
            self._spec(request.name, request.method).validate_webhook_request(request)
        except OpenAPIError as error:
            return tuple(_violations(error))
        except Exception as error:  # somebody else's schema may be more than openapi-core can do
            return (Violation("", f"the schema refuses it; it could not be said why ({type(error).__name__})"),)
        return ()


def _one_body(document: Mapping[str, jp.Json], name: str, method: str) -> dict[str, Any]:
    """The document with one body and its schemas; without parameters: a missing header would hide what is wrong."""
    content = document["webhooks"][name][method]["requestBody"]["content"]
    bodies = {_read_as(media_type): {"schema": entry.get("schema", {})} for media_type, entry in content.items()}
    operation = {"requestBody": {"content": bodies}, "responses": {}}
    components = document.get("components", {})
    schemas, reached = components.get("schemas", {}), dict[str, jp.Json]()
    waiting: list[jp.Json] = [operation]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            waiting += part.values()
            reference = part.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                continue
            where = jp.tokens(reference[1:])
            if where[:2] != ("components", "schemas") or len(where) < 3:
                return {**document, "webhooks": {**document["webhooks"], name: {method: operation}}}
            if where[2] in schemas and where[2] not in reached:
                reached[where[2]] = schemas[where[2]]
                waiting.append(schemas[where[2]])
    webhooks = {name: {method: operation}}
    return {**document, "webhooks": webhooks, "components": {**components, "schemas": reached}}


def _read_as(media_type: str) -> str:
    # Fields are explained as the object that they mean: openapi-core would read them otherwise than the mock does.
    return "application/json" if is_fields(media_type) else media_type


@dataclass  # not frozen: openapi-core's protocol wants to write `parameters`
class _Request:
    """openapi-core's view of a delivery; its own adapters pin frameworks that this kit does not use."""

    name: str
    method: str
    body: bytes
    content_type: str
    parameters: Any


def _request(callback: Callback, body: bytes) -> _Request:
    from openapi_core.datatypes import RequestParameters

    name = jp.tokens(callback.pointer)[1]
    return _Request(name, callback.method.lower(), body, _read_as(callback.media_type), RequestParameters())


def _violations(error: Exception) -> list[Violation]:
    # str() of these errors dumps the whole body, and raises where it is not UTF-8: never call it.
    schema_errors = getattr(error.__cause__, "schema_errors", None)
    if not schema_errors:
        return [Violation("", type(error).__name__)]
    return [Violation(jp.join(item.absolute_path), _brief(item.message)) for item in schema_errors]


def _brief(message: str) -> str:
    return message if len(message) <= 200 else message[:160] + " … " + message[-30:]
