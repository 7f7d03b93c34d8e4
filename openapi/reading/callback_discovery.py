"""Callback discovery: finds the callbacks of a document under webhooks, operations, or (on request) paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from callback_contract.openapi.contract.derivation import METHODS
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.references import Fault, Faulty, Library, Place
from callback_contract.openapi.text.message import Text

__all__ = ["Found", "contents_in_words", "found_callbacks", "stand_elsewhere"]

_MOST_LETTERS = 120
_METHODS = (*METHODS, "query")
_OF_PATH_ITEMS = frozenset(
    {*_METHODS, "$ref", "summary", "description", "servers", "parameters", "additionaloperations"}
)


@dataclass(frozen=True, eq=False)
class Found:
    """A callback that a document describes, before it is read.

    Attributes:
        name: Its `operationId`, or its key; unique, whatever the letter case.
        key: The key of the webhook, the callback or the path in the document.
        kind: webhooks, x-webhooks, callbacks or paths.
        items: The path item, and the targets of its `$ref`; members of earlier ones take precedence.
        is_beside_body: Whether it has no body, and another operation of its path item has one, or of the receiver that
            the document describes: it may be a handshake, a page, or the same delivery by another method.
    """

    name: str
    key: str
    kind: str
    method: str
    operation: Place = field(repr=False)
    items: tuple[Place, ...] = field(repr=False)
    is_beside_body: bool = False

    @property
    def has_body(self) -> bool:
        """Whether the document describes a body."""
        return _has_body(self.operation)


def found_callbacks(library: Library, *, paths: bool) -> tuple[list[Found], list[tuple[str, Fault]]]:
    """Return the callbacks of a document, and the unreadable ones by name.

    Args:
        paths: Whether the document describes the receiver itself, under `paths`.
    """
    found: list[Found] = []
    aside: list[tuple[str, Fault]] = []
    taken: set[str] = set()
    seen: set[tuple[object, str]] = set()
    for kind, key, place in _items(library, aside, paths):
        try:
            items = _opened(library, place)
        except Faulty as faulty:
            aside.append((key, faulty.fault))
            continue
        operations = list(_operations(items))
        if not operations:
            aside.append((key, place.fault(Text("fault.no-operation"), Text("fault.write-operation"))))
        for method, operation in operations:
            if operation.key in seen:
                continue
            seen.add(operation.key)
            if not isinstance(operation.value, Mapping):
                aside.append((key, operation.fault(Text("fault.operation-no-object"), Text("fault.write-operation"))))
                continue
            if method not in METHODS:
                what = Text("fault.method", method=method.upper())
                aside.append((key, operation.fault(what, Text("fault.use-post"))))
                continue
            if twin := _twin(found, kind, key, method):
                if twin.operation.value != operation.value:
                    what = Text("fault.stands-twice", other=twin.operation.pointer)
                    aside.append((key, operation.fault(what, Text("fault.leave-one"))))
                continue
            name = _unique(str(operation.value.get("operationId") or key), method, taken)
            found.append(Found(name, key, kind, method, operation, items))
    with_body = {_company(each) for each in found if each.has_body}
    return [replace(each, is_beside_body=not each.has_body and _company(each) in with_body) for each in found], aside


def _company(found: Found) -> object:
    return found.kind if found.kind == "paths" else found.items[0].key


def _twin(found: list[Found], kind: str, key: str, method: str) -> Found | None:
    """Return the callback of `webhooks` that `x-webhooks` repeats for readers of OpenAPI 3.0."""
    if kind != "x-webhooks":
        return None
    return next((each for each in found if (each.kind, each.key, each.method) == ("webhooks", key, method)), None)


def _unique(name: str, method: str, taken: set[str]) -> str:
    # No character of a name may move the cursor of a terminal, and `=` separates it from a URL (--callback NAME=URL).
    name = "".join(c if c.isprintable() and c != "=" else "?" for c in name)[:_MOST_LETTERS] or "callback"
    unique, number = name, 2
    # Pages and files get this name, and some file systems ignore letter case.
    while unique.casefold() in taken:
        by_method = f"{name}-{method}"
        unique = by_method if number == 2 and by_method.casefold() not in taken else f"{name}-{number}"
        number += 1
    taken.add(unique.casefold())
    return unique


def _items(library: Library, aside: list[tuple[str, Fault]], paths: bool) -> Iterator[tuple[str, str, Place]]:
    root = Place(library.root, "", library.root.value)
    if paths:
        yield from (("paths", key, place) for key, place in root.members("paths") if not key.startswith("x-"))
        return
    waiting: list[Place] = []
    for kind in ("webhooks", "x-webhooks"):
        for key, place in _entries(root, kind, aside):
            for item in _under(library, aside, key, place):
                waiting.append(item)
                yield kind, key, item
    waiting += [place for _, place in root.members("paths")]
    if isinstance(root.value.get("components"), Mapping):
        components = root.child("components")
        waiting += [place for _, place in components.members("pathItems")]
        for key, place in components.members("callbacks"):
            for item in _under(library, aside, key, place):
                waiting.append(item)
                yield "callbacks", key, item
    seen = set()
    for carrier in waiting:  # grows during the loop: a callback's operation may have callbacks, too
        try:
            items = _opened(library, carrier)
        except Faulty:
            continue  # faults of an API's own paths concern no callback
        for _, operation in _operations(items):
            if operation.key in seen or not isinstance(operation.value, Mapping):
                continue
            seen.add(operation.key)
            for key, place in _entries(operation, "callbacks", aside):
                for item in _under(library, aside, key, place):
                    waiting.append(item)
                    yield "callbacks", key, item


def _entries(carrier: Place, key: str, aside: list[tuple[str, Fault]]) -> list[tuple[str, Place]]:
    inside = carrier.value.get(key)
    if inside is not None and not isinstance(inside, Mapping):
        aside.append((key, carrier.child(key).fault(Text("fault.no-object", key=key), Text("fault.write-object"))))
    return [each for each in carrier.members(key) if not _is_extension(*each)]


def _is_extension(key: str, place: Place) -> bool:
    """Return whether an entry is a tool's own word among the callbacks; an event may be called so, too."""
    names = {name.lower() for name in place.value} if isinstance(place.value, Mapping) else set()
    return key.startswith("x-") and not names & {*METHODS, "$ref"}


def _under(library: Library, aside: list[tuple[str, Fault]], key: str, place: Place) -> Iterator[Place]:
    """Yield the path items of an entry: itself, or those below the expressions of a callback.

    Both forms stand in both places, whichever of them OpenAPI has there.
    """
    try:
        opened = library.followed(place)
    except Faulty as faulty:
        aside.append((key, faulty.fault))
        return
    if not isinstance(opened.value, Mapping):
        aside.append((key, opened.fault(Text("error-contract.callback-no-object"), Text("fault.write-expression"))))
        return
    below = [name for name in opened.value if not name.startswith("x-") and name.lower() not in _OF_PATH_ITEMS]
    if not below or any(_operations((place, opened))):
        yield place
    yield from (opened.child(name) for name in below)


def _opened(library: Library, place: Place) -> tuple[Place, ...]:
    """Return a path item, followed by the targets of its references."""
    items = [place]
    if isinstance(place.value, Mapping) and "$ref" in place.value:
        items.append(library.followed(place))
    for item in items:
        if not isinstance(item.value, Mapping):
            raise Faulty(item.fault(Text("error-contract.callback-no-object"), Text("error-contract.write-path-item")))
    return tuple(items)


def _operations(items: tuple[Place, ...]) -> Iterator[tuple[str, Place]]:
    given: set[str] = set()
    for item in items:
        own = [(key.lower(), item.child(key)) for key in item.value if key.lower() in _METHODS]
        # Names of callbacks do not depend on the order of a file; the one with a body has the plain name.
        own.sort(key=lambda each: (not _has_body(each[1]), _METHODS.index(each[0])))
        yield from ((method, operation) for method, operation in own if method not in given)
        given.update(method for method, _ in own)
        yield from item.members("additionalOperations")


def _has_body(operation: Place) -> bool:
    return isinstance(operation.value, Mapping) and "requestBody" in operation.value


def stand_elsewhere(document: Mapping[str, jp.Json]) -> bool:
    """Return whether callbacks may stand beside those under `webhooks`."""
    operations = [
        operation
        for key in ("webhooks", "paths")
        for item in (document.get(key) or {}).values()
        for operation in item.values()
        if isinstance(operation, Mapping)
    ]
    return (
        "x-webhooks" in document
        or "callbacks" in document.get("components", {})
        or any("callbacks" in operation for operation in operations)
    )


def contents_in_words(document: Mapping[str, jp.Json]) -> str:
    """Return a description of the content of a document without callbacks."""
    paths = document.get("paths")
    operations = sum(
        method in item for item in (paths or {}).values() if isinstance(item, Mapping) for method in METHODS
    )
    if operations:
        return Text("error-contract.operations-under-paths", count=operations)
    named = [key for key in ("paths", "components", "channels", "webhooks", "x-webhooks") if key in document]
    return ", ".join(named) or Text("error-contract.nothing")
