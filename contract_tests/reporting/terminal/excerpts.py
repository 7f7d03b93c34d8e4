"""Excerpt of a sent body for one line of a terminal: the part that its finding is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from callback_contract.contract_tests.reporting.model.pointed import begin_of

__all__ = ["excerpt"]

_NAME = re.compile(r'"((?:[^"\\]|\\.)+)"\s*:')
_LEAST_SHOWN = 24  # columns of the member that matters


def excerpt(finding: Mapping[str, Any], exchange: Mapping[str, Any], width: int) -> str:
    """The body from its beginning; from the member that matters where a line would end before it."""
    body: str = exchange["body"]
    pointer = _pointer_in(finding.get("texts", {}).get("case", {}))
    begin = begin_of(body, pointer) if pointer else None
    if begin is None:
        begin = _named_by_answer(body, exchange.get("answer"))
    return body if begin is None or begin + _LEAST_SHOWN <= width else f"… {body[begin:]}"


def _pointer_in(text: Mapping[str, Any]) -> str:
    """The place in a body that a text names, itself or by a text within it."""
    for name, value in text.get("arguments", {}).items():
        if name == "pointer" and isinstance(value, str):
            return value
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and (pointer := _pointer_in(each)):
                return pointer
    return ""


def _named_by_answer(body: str, answer: Mapping[str, Any] | None) -> int | None:
    """Where the member begins that a refusal names first."""
    if answer is None or answer["status"] < 400:
        return None
    found = [(place.start(), name) for name in _NAME.finditer(body) if (place := _word(name[1], answer["body"]))]
    return min(found, key=lambda each: each[0])[1].start() if found else None


def _word(name: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
