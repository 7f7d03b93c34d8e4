"""Missing member error: reports where a path into a body ends, and which members exist there."""

from __future__ import annotations

import difflib

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError

__all__ = ["no_place"]

_MOST_NAMED = 20


def no_place(body: jp.Json, pointer: str) -> KitError:
    """Return the error for a place that does not exist in a body.

    It names the first step that fails.
    """
    value, way = body, jp.tokens(pointer)
    for step, name in enumerate(way):
        here = ".".join(way[:step]) or "the body"
        if isinstance(value, dict):
            if name not in value:
                return _error(pointer, f"{here} has no member {name!r}", _members(way[:step], name, list(value)))
            value = value[name]
        elif isinstance(value, list):
            if not name.isascii() or not name.isdigit() or int(name) >= len(value):
                items = f"It has items 0 to {len(value) - 1}." if value else "It is an empty array."
                return _error(pointer, f"{here} has no item {name!r}", items)
            value = value[int(name)]
        else:
            return _error(
                pointer,
                f"{here} is {_kind(value)}, which has no member {name!r}",
                f"Set {here} itself, or make it an object with {here}:=JSON." if step else "Give the body with --file.",
            )
    raise AssertionError(f"there is a place at {pointer}")  # the caller could not set it


def _error(pointer: str, what: str, remedy: str) -> KitError:
    return KitError(what, where=f"--set {'.'.join(jp.tokens(pointer))}", remedy=remedy)


def _members(way: tuple[str, ...], name: str, known: list[str]) -> str:
    if not known:
        return f"It is empty; make the member first, with --set {'.'.join((*way, name))}:={{}}."
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return f"{hint}It has {', '.join(known[:_MOST_NAMED])}{more}."


def _kind(value: jp.Json) -> str:
    kinds = {str: "a text", bool: "a truth value", int: "a number", float: "a number", type(None): "null"}
    return kinds.get(type(value), "no object")
