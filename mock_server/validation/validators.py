"""Compiled validators: select the callbacks that a body may be, and bound the number of compiled schemas.

A compiled schema takes the memory of all schemas that it refers to, once for each callback. A few callbacks are all
compiled; of hundreds, those whose required members a body has are compiled, and the last used ones are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from callback_contract.openapi.contract.derivation import documented_formats
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["FEW", "Root", "Validators", "root_of"]

FEW = 40
"""Up to this number of callbacks are all compiled; of more, this number is kept."""


@dataclass(frozen=True, slots=True)
class Root:
    """The members of a body's root in a callback's schema."""

    required: frozenset[str]
    named: frozenset[str]


def root_of(callback: Callback) -> Root:
    """Return the root of a schema, `$ref` and `allOf` followed, without its children."""
    required: set[str] = set()
    named: set[str] = set()
    waiting: list[jp.Json] = [callback.tolerant]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        required.update(part.get("required", ()))
        named.update(part.get("properties", ()))
        waiting += part.get("allOf", ())
        if "$ref" in part:
            waiting.append(jp.get(callback.tolerant, part["$ref"].removeprefix("#")))
    return Root(frozenset(required), frozenset(named))


class Validators:
    """The schemas of some callbacks, compiled on first use."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = {callback.pointer: callback for callback in callbacks}
        self.roots = {callback.pointer: root_of(callback) for callback in callbacks}
        self._validator: Callable[[str], Any] = lru_cache(maxsize=FEW)(self._made)
        self._format_validator: Callable[[str], Any] = lru_cache(maxsize=FEW)(self._format_made)
        self._strict_validator: Callable[[str], Any] = lru_cache(maxsize=FEW)(self._strictly_made)

    def _format_made(self, pointer: str) -> Any:
        return validator_of(documented_formats(self.callbacks[pointer].schema), validate_formats=True)

    def _made(self, pointer: str) -> Any:
        return validator_of(self.callbacks[pointer].tolerant)

    def _strictly_made(self, pointer: str) -> Any:
        return validator_of(self.callbacks[pointer].strict)

    def marks(self, among: Sequence[Callback]) -> dict[str, str]:
        """Return the most distinctive required member of each callback, by its pointer.

        It is empty without one.
        """
        roots = {callback.pointer: self.roots[callback.pointer] for callback in among}
        named = Counter(name for root in roots.values() for name in root.named)
        return {
            pointer: min(root.required, key=lambda name: (named[name], name), default="")
            for pointer, root in roots.items()
        }

    def validator(self, callback: Callback) -> Any:
        """Return the compiled schema of a callback."""
        return self._validator(callback.pointer)

    def is_known(self, callback: Callback, value: jp.Json) -> bool:
        """Return whether the callback knows all parts of a body."""
        return bool(self._strict_validator(callback.pointer).is_valid(value))

    def first_breach(self, callback: Callback, value: jp.Json) -> str:
        """Return the place of the first part that the callback's exact schema refuses."""
        error = next(self._strict_validator(callback.pointer).iter_errors(value))
        return jp.join(error.instance_path)

    def format_breaches(self, callback: Callback, value: jp.Json) -> list[str]:
        """Return the places of texts of another form than their documented formats."""
        errors = self._format_validator(callback.pointer).iter_errors(value)
        return [jp.join(error.instance_path) for error in errors if error.kind.name == "format"]

    def fitting(self, value: jp.Json, among: Sequence[Callback]) -> list[Callback]:
        """Return those of several callbacks that a body may be."""
        has = value.keys() if isinstance(value, dict) else None
        return [
            callback
            for callback in among
            if (has is None or self.roots[callback.pointer].required <= has)
            and self._validator(callback.pointer).is_valid(value)
        ]
