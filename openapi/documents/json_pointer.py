"""JSON pointer (RFC 6901): parses, builds and resolves pointers into JSON values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeAlias

__all__ = ["Json", "get", "getter", "join", "replaced", "tokens", "without"]

Json: TypeAlias = Any
"""A value that `json.loads` returns; recursive types cost more than they explain."""


def tokens(pointer: str) -> tuple[str, ...]:
    """Split a JSON pointer into its unescaped reference tokens.

    Raises:
        ValueError: The pointer is neither empty nor starts with a slash.
    """
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON pointer starts with '/', got {pointer!r}")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def join(parts: Iterable[str | int]) -> str:
    """Build a JSON pointer from unescaped tokens."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def get(value: Json, pointer: str) -> Json:
    """Return the value at a pointer.

    Raises:
        LookupError: There is no value at the pointer.
    """
    for token in tokens(pointer):
        if isinstance(value, list):
            try:
                value = value[int(token)]
            except ValueError as error:
                raise LookupError(pointer) from error
        elif isinstance(value, dict):
            value = value[token]
        else:
            raise LookupError(pointer)
    return value


@cache  # for pointers of a contract, never for received ones: they are few
def getter(pointer: str) -> Callable[[Json], Json]:
    """Return `get` at a fixed pointer, prepared for the check of every delivery."""
    path = tokens(pointer)
    if not path:
        return lambda value: value
    if len(path) != 1:
        return lambda value: get(value, pointer)
    (token,) = path

    def member(value: Json) -> Json:
        # KeyError is a LookupError, as `get` raises it.
        return value[token] if isinstance(value, dict) else get(value, pointer)

    return member


def replaced(value: Json, pointer: str, new: Json) -> Json:
    """Return the value with `new` at a pointer.

    Containers on the way are copied, not changed.

    Raises:
        LookupError: The parent of the place does not exist.
    """
    return _edited(value, tokens(pointer), new)


def without(value: Json, pointer: str) -> Json:
    """Return the value without the member or item at a pointer.

    Raises:
        LookupError: There is no value at the pointer.
        ValueError: The pointer names the root.
    """
    path = tokens(pointer)
    if not path:
        raise ValueError("the root cannot be removed")
    return _edited(value, path, _REMOVED)


_REMOVED = object()


def _edited(value: Json, path: tuple[str, ...], new: Json) -> Json:
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(value, list):
        items = list(value)
        index = int(head)
        if not rest and new is _REMOVED:
            del items[index]
        else:
            items[index] = _edited(items[index] if rest else None, rest, new)
        return items
    if not isinstance(value, dict):
        raise LookupError(join(path))
    members = dict(value)
    if not rest and new is _REMOVED:
        del members[head]
    elif rest:
        members[head] = _edited(members[head], rest, new)
    else:
        members[head] = new
    return members
