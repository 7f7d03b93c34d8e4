"""Documented response: reads the statuses and the body with which a contract acknowledges a delivery."""

from __future__ import annotations

from collections.abc import Mapping

from callback_contract.openapi.contract.derivation import Bundler
from callback_contract.openapi.contract.model import DocumentedResponse
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["answer_of", "redirects_of"]

_ANY = "2XX"


def answer_of(operation: Mapping[str, jp.Json], bundler: Bundler) -> DocumentedResponse | None:
    """Return the documented acknowledgement; None when the contract names no success.

    Several success statuses, or all of 2xx, form a set: no rule requires one particular of them.
    """
    answers = {str(status).upper(): answer for status, answer in operation.get("responses", {}).items()}
    named = [status for status in answers if status.isdigit() and status.startswith("2")]
    if not named and _ANY not in answers:
        return None
    status = int(named[0]) if named else 200
    answer = answers[named[0] if named else _ANY]
    also, any_success = tuple(int(other) for other in named[1:]), _ANY in answers
    types = tuple(
        dict.fromkeys(_name(each) for known in (*named, _ANY) for each in answers.get(known, {}).get("content", ()))
    )
    content = answer.get("content", {})
    # A receiver may respond in any of several media types; the mock uses JSON where it can.
    order = sorted(content, key=lambda media_type: not _is_json(media_type)) if len(content) > 1 else list(content)
    if not order or "*" in order[0]:
        return DocumentedResponse(
            status, also=also, any_success=any_success, other_bodies=bool(order), media_types=types
        )
    entry = content[order[0]]
    shown = [example["value"] for example in entry.get("examples", {}).values()]
    example = shown[0] if shown else entry.get("example", {})
    schema = bundler.bundle(entry.get("schema", {}))
    return DocumentedResponse(
        status, order[0], schema, example, also, any_success, other_bodies=len(order) > 1, media_types=types
    )


def redirects_of(operation: Mapping[str, jp.Json]) -> tuple[int, ...]:
    """Return the documented statuses that redirect."""
    named = [str(status).upper() for status in operation.get("responses", {})]
    if "3XX" in named:
        return tuple(range(300, 400))
    return tuple(int(status) for status in named if status.isdigit() and status.startswith("3"))


def _name(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")
