"""Decides whether an acknowledgement's body is the one that the contract documents."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from mock_server.delivery import Exchange
from openapi.model import Callback

__all__ = ["body_flaw"]


def body_flaw(exchange: Exchange, callback: Callback) -> str:
    """What is wrong with the body of an acknowledgement; empty when it is as documented."""
    documented, answer = callback.answer, exchange.answer
    if documented is None or documented.media_type is None or answer is None:
        return ""
    if answer.media_type != documented.media_type.lower():
        return f"the media type {answer.media_type or 'is missing'!r} instead of {documented.media_type!r}"
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return f"no JSON: {answer.body[:60]!r}"
    error = next(_validator(json.dumps(documented.schema)).iter_errors(value), None)
    return f"{error.message} (at {'/'.join(map(str, error.instance_path)) or 'the root'})" if error else ""


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(json.loads(schema), validate_formats=False)
