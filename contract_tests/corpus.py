"""Decides which contents a run shares: drawn once through Schemathesis and Hypothesis, from the seed alone."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from mock_server.wireform import with_integers
from openapi import pointer as jp
from openapi.members import Member
from openapi.model import Callback

__all__ = ["DEPTHS", "MAX_INTEGER", "MAX_TEXT", "Depth", "Scope"]

T = TypeVar("T")

MAX_TEXT = 4096
MAX_INTEGER = 2**53
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Depth:
    """How much of each kind of stimulus a run sends.

    Attributes:
        contents: Valid contents drawn by Schemathesis.
        variety: How often a kind of stimulus is varied.
        negations: Broken contents drawn by Schemathesis.
    """

    name: str
    contents: int
    variety: int
    negations: int

    def pick(self, quick: T, standard: T, thorough: T) -> T:
        """Chooses by depth."""
        return {"quick": quick, "standard": standard, "thorough": thorough}[self.name]


DEPTHS = {
    "quick": Depth("quick", contents=10, variety=1, negations=8),
    "standard": Depth("standard", contents=40, variety=3, negations=40),
    "thorough": Depth("thorough", contents=200, variety=10, negations=200),
}


@dataclass(frozen=True)
class Scope:
    """What stimuli are made from: one callback, a depth, and chance that depends on the seed alone."""

    callback: Callback
    depth: Depth
    seed: int

    def random(self, purpose: str) -> random.Random:
        """A source of chance of its own, so that one rule's draws never shift another's."""
        return random.Random(f"{self.seed}/{self.callback.name}/{purpose}")

    @property
    def plain(self) -> jp.Json:
        """The content of a plain valid delivery: the first deliverable example, else a drawn one."""
        examples = self.callback.delivered_examples
        return examples[0].value if examples else self.contents[0]

    @property
    def plain_contents(self) -> list[jp.Json]:
        """The plain content in each state that the contract knows."""
        state = self.callback.delivery.state
        member = self.callback.member(state) if state else None
        if not state or member is None or not member.enum:
            return [self.plain]
        return [jp.replaced(self.plain, state, value) for value in member.enum]

    @cached_property
    def contents(self) -> list[jp.Json]:
        """Valid contents, all different."""
        drawn = draw_bodies(self.callback, self.depth.contents, self.seed, negated=False)
        return list({repr(content): content for content in map(_tidy, drawn)}.values())

    @cached_property
    def negations(self) -> list[jp.Json | bytes]:
        """Contents that Schemathesis broke on purpose; some are raw bytes."""
        return draw_bodies(self.callback, self.depth.negations, self.seed, negated=True)

    def with_members(self, wanted: Any) -> list[Member]:
        """The members below the root that satisfy a predicate and stand in the plain content."""
        return [m for m in self.callback.members if m.pointer and wanted(m) and _present(self.plain, m.pointer)]


def _present(value: jp.Json, pointer: str) -> bool:
    try:
        jp.get(value, pointer)
    except LookupError:
        return False
    return True


def _tidy(value: jp.Json) -> jp.Json:
    """Brings a drawn content into the class "valid": no C0 controls, integers written as integers."""
    if isinstance(value, str):
        return _CONTROLS.sub(" ", value)
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if isinstance(value, dict):
        return {_CONTROLS.sub(" ", key): _tidy(item) for key, item in value.items()}
    return with_integers(value)


def generative(callback: Callback) -> dict[str, Any]:
    """Narrows the schema to the class "valid": texts and integers bounded, free maps of texts, objects closed.

    Stamped members are pinned, since whatever is drawn for them would be stamped over.
    """
    stamped = {pointer: callback.member(pointer) for pointer in callback.delivery.stamped}
    constants = {id_of: _sample(member) for id_of, member in stamped.items() if member}

    def narrowed(schema: jp.Json, path: tuple[str, ...]) -> jp.Json:
        if not isinstance(schema, Mapping):
            return schema
        if jp.join(path) in constants and path:
            return {"const": constants[jp.join(path)]}
        copy = {key: value for key, value in schema.items() if key not in {"description", "examples", "title"}}
        for key in ("properties", "$defs"):
            if key in copy:
                below = path if key == "properties" else ("$defs",)
                copy[key] = {name: narrowed(child, (*below, name)) for name, child in copy[key].items()}
        for key in ("allOf", "anyOf", "oneOf"):
            if key in copy:
                copy[key] = [narrowed(child, path) for child in copy[key]]
        if "items" in copy:
            copy["items"] = narrowed(copy["items"], (*path, "0"))
        types = copy.get("type")
        if types == "string" and "enum" not in copy:
            copy["maxLength"] = min(MAX_TEXT, copy.get("maxLength", MAX_TEXT))
        elif types == "integer":
            copy["maximum"] = min(MAX_INTEGER, copy.get("maximum", MAX_INTEGER))
            lowest = 1 if copy.get("format") == "serial" else -MAX_INTEGER
            copy["minimum"] = max(lowest, copy.get("minimum", lowest))
        elif types == "object" and copy.get("additionalProperties") is None:
            copy["additionalProperties"] = (
                False if copy.get("properties") else {"type": "string", "maxLength": MAX_TEXT}
            )
        return copy

    root = dict(callback.schema)
    defs = root.get("$defs", {})
    if set(root) == {"$ref", "$defs"}:
        # The usual shape: one named schema; its members' paths start at the body's root.
        root = {**jp.get(root, root["$ref"].removeprefix("#")), "$defs": defs}
    result: dict[str, Any] = narrowed(root, ())
    return result


def _sample(member: Member) -> jp.Json:
    examples = member.schema.get("examples", ())
    return examples[0] if examples else {"integer": 1, "string": "x"}.get(member.types[0] if member.types else "", "x")


def draw_bodies(callback: Callback, count: int, seed: int, *, negated: bool) -> list[Any]:
    """Draws bodies through Schemathesis' strategies for the callback, lifted to `paths`."""
    import schemathesis
    from schemathesis.generation import GenerationMode

    document = {
        "openapi": "3.1.0",
        "info": {"title": "drawn", "version": "1"},
        "paths": {
            "/drawn": {
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {callback.media_type: {"schema": generative(callback)}},
                    },
                    "responses": {"200": {"description": ""}},
                }
            }
        },
    }
    _hoist_defs(document)
    operation = schemathesis.openapi.from_dict(document)["/drawn"]["POST"]
    mode = GenerationMode.NEGATIVE if negated else GenerationMode.POSITIVE
    return [case.body for case in draw(operation.as_strategy(generation_mode=mode), count, seed)]


def _hoist_defs(document: dict[str, Any]) -> None:
    content = document["paths"]["/drawn"]["post"]["requestBody"]["content"]
    for entry in content.values():
        defs = entry["schema"].pop("$defs", None)
        if defs:
            document["components"] = {"schemas": defs}
            _repoint(document)


def _repoint(value: Any) -> None:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            value["$ref"] = reference.replace("#/$defs/", "#/components/schemas/")
        for item in value.values():
            _repoint(item)
    elif isinstance(value, list):
        for item in value:
            _repoint(item)


def draw(strategy: Any, count: int, seed: int) -> list[Any]:
    """Draws examples outside a test; the same seed gives the same list."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    drawn: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Any) -> None:
        drawn.append(example)

    collect()
    return drawn
