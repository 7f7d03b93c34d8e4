"""Error details: lists through openapi-core the violations of a body that the fast validator rejected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from callback_contract.openapi.bodies import is_fields
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.contract.patterns import enforcer, validator_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["ErrorDetails", "Violation"]

_MOST_TOLD = 50
_MOST_KEPT = 16  # callbacks with the latest rejections


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of a body: its place, and the schema's message."""

    pointer: str
    message: str


class ErrorDetails:
    """openapi-core for the tolerant document; built on the first rejection.

    Its import takes half a second.
    """

    def __init__(self, contract: Contract) -> None:
        self._document = contract.tolerant_document
        self._spec = lru_cache(maxsize=_MOST_KEPT)(self._made)

    def _made(self, name: str, method: str) -> Any:
        """Return openapi-core for one callback alone.

        For a document of hundreds it takes a hundred megabytes.
        """
        from openapi_core import Config, OpenAPI

        from callback_contract.mock_server.validation.linear_keywords import validators_factory

        # The contract's own loader has checked the document; a second check costs a second.
        no_validator: Any = None
        document = _enforced(_one_body(self._document, name, method), name, method)
        config = Config(spec_validator_cls=no_validator, schema_validators_factory=validators_factory(document))
        return OpenAPI.from_dict(document, config=config)

    def warm_up(self, callback: Callback) -> None:
        """Import openapi-core and prepare the rejections of one callback."""
        self._spec(jp.tokens(callback.pointer)[1], callback.method.lower())

    def explain(self, callback: Callback, value: jp.Json) -> tuple[Violation, ...]:
        """Return the violations of a decoded body that the fast validator rejected: that one decides."""
        from openapi_core.exceptions import OpenAPIError

        try:
            request = _request(callback, json.dumps(value).encode())
            self._spec(request.name, request.method).validate_webhook_request(request)
        except OpenAPIError as error:
            return tuple(_violations(error))
        except Exception:  # openapi-core cannot handle every foreign schema, and validates no media type of others
            return self._told(callback, value)
        return self._told(callback, value)

    def _told(self, callback: Callback, value: jp.Json) -> tuple[Violation, ...]:
        errors = islice(validator_of(callback.tolerant).iter_errors(value), _MOST_TOLD)
        return tuple(Violation(jp.join(error.instance_path), _brief(error.message)) for error in errors)


def _one_body(document: Mapping[str, jp.Json], name: str, method: str) -> dict[str, Any]:
    """Return the document with one body and its schemas, without parameters.

    A missing header would hide the violations of the body.
    """
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


def _enforced(document: dict[str, Any], name: str, method: str) -> dict[str, Any]:
    """The document without what no validator enforces."""
    loose = enforcer(document)
    operation = document["webhooks"][name][method]
    bodies = {key: {"schema": loose(entry["schema"])} for key, entry in operation["requestBody"]["content"].items()}
    webhook = {method: {**operation, "requestBody": {"content": bodies}}}
    components = document.get("components", {})
    schemas = {key: loose(schema) for key, schema in components.get("schemas", {}).items()}
    webhooks = {**document["webhooks"], name: webhook}
    return {**document, "webhooks": webhooks, "components": {**components, "schemas": schemas}}


def _read_as(media_type: str) -> str:
    # Field bodies are explained as their object: openapi-core would read them differently from the mock.
    return "application/json" if is_fields(media_type) else media_type


@dataclass  # not frozen: openapi-core's protocol requires a writable `parameters`
class _Request:
    """openapi-core's view of a delivery; its own adapters are for frameworks."""

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
