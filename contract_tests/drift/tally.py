"""Tallies of traffic: count, times, one masked example, the spread of numbers, and the form of new members."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from callback_contract.mock_server.wire.masks import Masks
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Moments", "NewMember", "Numbers", "Tally", "masked", "type_of"]

_MOST_NUMBERS = 2000
_MOST_NAMES = 50
_MOST_LEVELS = 8
_MOST_SHOWN = 5
_LONGEST_SHOWN = 120

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", dict: "object"}


def type_of(value: jp.Json) -> str:
    """Return the JSON Schema type of a value."""
    return _TYPES.get(type(value), "array")


def masked(value: jp.Json, masks: Masks, levels: int = _MOST_LEVELS) -> jp.Json:
    """Return an example of the same form, from which nobody learns the value."""
    if isinstance(value, dict):
        shown = dict(list(value.items())[:_MOST_SHOWN]) if levels else {}
        return {key: masked(item, masks, levels - 1) for key, item in shown.items()}
    if isinstance(value, list):
        return [masked(item, masks, levels - 1) for item in value[:1]] if levels else []
    if value is None or isinstance(value, bool):
        return value
    value = value[:_LONGEST_SHOWN] if isinstance(value, str) else value
    return next(masks.candidates(value, {}), None)


@dataclass
class Moments:
    """The first and the last time of something; None where no time was recorded."""

    first: float | None = None
    last: float | None = None

    def met(self, at: float | None) -> None:
        """Add a moment."""
        if at is not None:
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)


@dataclass
class Tally:
    """How often a drift was seen, when, and one masked example of it."""

    count: int = 0
    moments: Moments = field(default_factory=Moments)
    example: jp.Json = None

    def met(self, at: float | None) -> None:
        """Count it once more."""
        self.count += 1
        self.moments.met(at)


class Numbers:
    """Spread of numbers in bounded memory: count, least and greatest are exact, the rest is of a random sample."""

    def __init__(self) -> None:
        self.count = 0
        self.least = self.greatest = 0.0
        self._sample: list[float] = []
        self._chance = random.Random(0)

    def add(self, number: float) -> None:
        """Add a number."""
        self.least = number if not self.count else min(self.least, number)
        self.greatest = number if not self.count else max(self.greatest, number)
        self.count += 1
        if len(self._sample) < _MOST_NUMBERS:
            self._sample.append(number)
        elif (at := self._chance.randrange(self.count)) < _MOST_NUMBERS:
            self._sample[at] = number

    def to_dict(self) -> dict[str, float] | None:
        """Return the spread; None without a number."""
        if not self.count:
            return None
        ordered = sorted(self._sample)
        shares = {"median": ordered[len(ordered) // 2], "p95": ordered[int(len(ordered) * 0.95)]}
        return {"count": self.count, "least": self.least, **shares, "greatest": self.greatest}


@dataclass
class NewMember:
    """The form of a member that the contract does not name, from all its values.

    Attributes:
        parents: The objects in which it could have been.
        is_map: Whether so many names were in it that they are data.
    """

    count: int = 0
    parents: int = 0
    types: Counter[str] = field(default_factory=Counter)
    moments: Moments = field(default_factory=Moments)
    example: jp.Json = None
    members: dict[str, NewMember] = field(default_factory=dict)
    items: NewMember | None = None
    is_map: bool = False

    @property
    def always(self) -> bool:
        """Whether it was in every object in which it could have been."""
        return self.count == self.parents

    def met(self, value: jp.Json, at: float | None, masks: Masks | None, levels: int = _MOST_LEVELS) -> None:
        """Add a value.

        Args:
            masks: Makes the example; None for a deeper place, which the example of the whole shows.
        """
        self.count += 1
        self.types[type_of(value)] += 1
        self.moments.met(at)
        if masks is not None and self.count == 1:
            self.example = masked(value, masks)
        if levels and isinstance(value, dict) and not self.is_map:
            for name, item in value.items():
                self.members.setdefault(name, NewMember()).met(item, at, None, levels - 1)
            if len(self.members) > _MOST_NAMES:
                self.is_map, self.members = True, {}
        elif levels and isinstance(value, list):
            for item in value:
                self.items = self.items or NewMember()
                self.items.met(item, at, None, levels - 1)

    @property
    def schema(self) -> dict[str, Any]:
        """The schema that all its values satisfy."""
        types = sorted(self.types - Counter(integer=self.types["integer"] if self.types["number"] else 0))
        made: dict[str, Any] = {"type": types[0] if len(types) == 1 else types} if types else {}
        if self.members:
            made["properties"] = {name: member.schema for name, member in self.members.items()}
            objects = self.types["object"]
            if always := [name for name, member in self.members.items() if member.count == objects]:
                made["required"] = always
        if self.items is not None:
            made["items"] = self.items.schema
        return made

    def flat(self, pointer: str) -> Iterator[tuple[str, NewMember]]:
        """Yield it and the members within it, each with its pointer."""
        yield pointer, self
        for name, member in self.members.items():
            member.parents = self.types["object"]
            yield from member.flat(pointer + jp.join([name]))
