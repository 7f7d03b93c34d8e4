"""Delivery page: describes the facts of `x-delivery`, and how to distinguish callbacks that share a URL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documenting.content.words import Words
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.rules.catalogue import Catalogue

__all__ = ["Apart", "ShownFact", "apart", "facts"]


@dataclass(frozen=True)
class ShownFact:
    """One fact: its key in `x-delivery`, its value in words, and how it is known.

    Attributes:
        pointers: Fields that the value names.
        rules: Rules whose source names it.
    """

    key: str
    title: str
    value: str
    pointers: tuple[str, ...]
    provenance: str
    why: str
    rules: tuple[str, ...]


def facts(contract: Contract, callback: Callback, catalogue: Catalogue, words: Words) -> tuple[ShownFact, ...]:
    """Return the facts in the order of their schema.

    A fact without a text in words.yaml is an error.
    """
    raw = jp.get(contract.document, callback.pointer).get("x-delivery", {})
    file = files("callback_contract.openapi") / "schemas/x-delivery.schema.json"
    schema = json.loads(file.read_text("utf-8"))
    return tuple(fact for key in schema["properties"] if key in raw for fact in _facts(key, raw[key], catalogue, words))


def _facts(key: str, entry: Mapping[str, jp.Json], catalogue: Catalogue, words: Words) -> Iterator[ShownFact]:
    if "value" not in entry:  # a fact in levels, such as sizes by must and should
        for level, inner in entry.items():
            yield _fact(f"{key}.{level}", inner, catalogue, words)
    else:
        yield _fact(key, entry, catalogue, words)


def _fact(key: str, entry: Mapping[str, jp.Json], catalogue: Catalogue, words: Words) -> ShownFact:
    value, pointers = _told(key, entry["value"], words)
    resting = tuple(r.id for r in catalogue.rules if re.search(rf"x-delivery\.{re.escape(key)}\b", r.source))
    return ShownFact(
        key,
        words(f"fact.{key}") if words.has(f"fact.{key}") else key,
        value,
        pointers,
        str(entry["provenance"]),
        str(entry.get("why", "")),
        resting,
    )


def _told(key: str, value: jp.Json, words: Words) -> tuple[str, tuple[str, ...]]:
    """Return a value as part of a sentence, and the pointers in it.

    The text depends on the shape only, so that a new fact needs no code.
    """
    if isinstance(value, str) and value.startswith("/"):
        return "", (value,)
    if isinstance(value, list) and all(isinstance(item, str) and item.startswith("/") for item in value):
        return "", tuple(value)
    if isinstance(value, Mapping) and (said := words.fitting(f"fact.{key}.", value.keys() - {"final"})):
        told = words(said, None, **{str(name): _number(item) for name, item in value.items()})
        final = ", ".join(map(str, value.get("final") or ()))
        return words(f"fact.{key}.final", value=told, final=final) if final else told, ()
    if isinstance(value, Mapping) and all(str(name).startswith("/") for name in value):
        return "", tuple(value)
    if isinstance(value, Mapping) and "edges" in value:
        return ", ".join(f"{a} → {b}" for a, b in value["edges"]), ()
    if words.has(f"fact.{key}.value"):
        return words(f"fact.{key}.value", value=_number(value)), ()
    return json.dumps(value, ensure_ascii=False), ()


def _number(value: jp.Json) -> str:
    if isinstance(value, list):
        return ", ".join(map(_number, value))
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) and value >= 10_000 else str(value)


@dataclass(frozen=True)
class Apart:
    """The features that distinguish one callback from all others of a contract.

    Attributes:
        tells: Required root members that no other callback has all of; empty for a single callback.
        like: Callbacks whose bodies may have every member that this one requires.
    """

    callback: Callback
    tells: tuple[str, ...]
    like: tuple[str, ...]


def apart(callbacks: tuple[Callback, ...]) -> tuple[Apart, ...]:
    """Return for each callback the fewest root members that distinguish it.

    A required member distinguishes it from a callback whose schema does not name it: bodies are open objects, so
    this recognises what the provider documents and proves nothing about what it may add.
    """
    named: dict[str, set[str]] = {}
    for callback in callbacks:
        for member in callback.members:
            named.setdefault(member.pointer, set()).add(callback.name)
    every = {callback.name for callback in callbacks}
    return tuple(_apart(callback, callbacks, every, named) for callback in callbacks)


def _apart(
    callback: Callback, callbacks: tuple[Callback, ...], every: set[str], named: Mapping[str, set[str]]
) -> Apart:
    others = [other for other in callbacks if other is not callback]
    own = [m.pointer for m in callback.members if m.required and len(jp.tokens(m.pointer)) == 1]
    telling = {pointer: every - named[pointer] for pointer in own}
    reachable = set().union(*telling.values()) if telling else set()
    left, tells = set(reachable), []
    while left:
        best = max(own, key=lambda pointer: len(telling[pointer] & left))
        tells.append(best)
        left -= telling[best]
    return Apart(callback, tuple(tells), tuple(o.name for o in others if o.name not in reachable))
