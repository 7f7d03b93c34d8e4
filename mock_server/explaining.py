"""Decides, through openapi-core, what exactly is wrong with a body that the fast validator refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openapi import pointer as jp
from openapi.bodies import is_fields
from openapi.model import Callback, Contract

__all__ = ["Explainer", "Violation"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a body: where, and in the schema's words."""

    pointer: str
    message: str


class Explainer:
    """openapi-core over the tolerant document; built on the first refusal, since its import takes half a second."""

    def __init__(self, contract: Contract) -> None:
        from openapi_core import Config, OpenAPI

        # The contract's own loader has checked the document; checking it again costs a second.
        no_validator: Any = None
        config = Config(spec_validator_cls=no_validator)
        self._spec = OpenAPI.from_dict(_bodies_only(contract.tolerant_document), config=config)

    def explain(self, callback: Callback, value: jp.Json) -> tuple[Violation, ...]:
        """Lists the violations of a decoded body; empty when openapi-core accepts it."""
        from openapi_core.exceptions import OpenAPIError

        try:
            self._spec.validate_webhook_request(_request(callback, json.dumps(value).encode()))
        except OpenAPIError as error:
            return tuple(_violations(error))
        except Exception as error:  # somebody else's schema may be more than openapi-core can do
            return (Violation("", f"the schema refuses it; it could not be said why ({type(error).__name__})"),)
        return ()


def _bodies_only(document: Mapping[str, jp.Json]) -> dict[str, Any]:
    """The document without parameters: a missing header would hide what is wrong with the body."""
    webhooks = {
        name: {
            method: _as_json({key: value for key, value in operation.items() if key != "parameters"})
            for method, operation in item.items()
        }
        for name, item in document["webhooks"].items()
    }
    return {**document, "webhooks": webhooks}


def _as_json(operation: dict[str, Any]) -> dict[str, Any]:
    """Fields are explained as the object that they mean: openapi-core would read them otherwise than the mock does."""
    body = operation.get("requestBody") or {}
    content = {_named(media_type): entry for media_type, entry in body.get("content", {}).items()}
    return {**operation, "requestBody": {**body, "content": content}} if body else operation


def _named(media_type: str) -> str:
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
    return _Request(name, callback.method.lower(), body, _named(callback.media_type), RequestParameters())


def _violations(error: Exception) -> list[Violation]:
    # str() of these errors dumps the whole body, and raises where it is not UTF-8: never call it.
    schema_errors = getattr(error.__cause__, "schema_errors", None)
    if not schema_errors:
        return [Violation("", type(error).__name__)]
    return [Violation(jp.join(item.absolute_path), _brief(item.message)) for item in schema_errors]


def _brief(message: str) -> str:
    return message if len(message) <= 200 else message[:160] + " … " + message[-30:]
