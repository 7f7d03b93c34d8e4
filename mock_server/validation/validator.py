"""Decides what a delivery's body is worth: fast accept by compiled validators, slow explanation by openapi-core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple, TypeAlias

from callback_contract.mock_server.validation.error_details import ErrorDetails, Violation
from callback_contract.mock_server.validation.validators import FEW, Validators
from callback_contract.mock_server.wire.bodies import read_texts, value_of
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Assessment", "Novelty", "Validator"]

_MOST_EXPLAINED = 3
_MOST_ERRORS = 50


@dataclass(frozen=True, slots=True)
class Novelty:
    """One thing that the contract does not know and a receiver tolerates.

    Attributes:
        kind: member, value (of a closed list) or type (in a free map).
    """

    kind: str
    pointer: str


@dataclass(eq=False, slots=True)  # not frozen: one is made for each delivery, and freezing costs as much as validating
class Assessment:
    """What a body is: accepted by `callback`, or refused for a reason. Nobody changes it but for `effect`.

    Attributes:
        callback: Whose tolerant schema accepts the body; None when it is refused.
        kind: Empty when it is accepted, else the kind of `Unparsable` or `Unusable`, or "schema".
        value: The decoded body; None when it is unparsable.
        violations: What is wrong, when it is refused.
        parsable: Whether it is JSON at all.
        required: Root members that the nearest callback requires, when it is refused by the schema.
        places: Where its callback looks for novelties.
        size: How many bytes an accepted body has.
        effect: What it changes as soon as its delivery is kept; None where it changes nothing, or has done so.
    """

    callback: Callback | None
    kind: str
    value: jp.Json
    violations: tuple[Violation, ...]
    parsable: bool = True
    required: tuple[Member, ...] = ()
    places: tuple[_Place, ...] = ()
    size: int = 0
    effect: Callable[[], None] | None = None
    _novelties: tuple[Novelty, ...] | None = None

    @property
    def accepted(self) -> bool:
        """Whether a right receiver acknowledges it."""
        return self.callback is not None

    @property
    def novelties(self) -> tuple[Novelty, ...]:
        """What is new about an accepted body; worked out only when somebody reads it."""
        if self._novelties is None:  # a cached_property takes a lock, which costs as much as looking
            self._novelties = _novelties(self.places, self.value) if self.callback else ()
        return self._novelties


class Validator:
    """Assesses bodies by one contract; compiles its validators once."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._json = tuple(callback for callback in contract.callbacks if callback.is_json)
        self._fields = tuple(callback for callback in contract.callbacks if not callback.is_json)
        self._is_large = len(self._json) > FEW
        self._places: dict[str, tuple[_Place, ...]] = {}

    @cached_property
    def _compiled(self) -> Validators:
        return Validators(self.contract.callbacks)

    @cached_property
    def _tolerant(self) -> tuple[tuple[Callback, str, Callable[[jp.Json], bool]], ...]:
        # With the first delivery, and never looked up again: this is the way that every plain delivery goes.
        marks = self._compiled.marks(self._json)
        return tuple((each, marks[each.pointer], self._compiled.validator(each).is_valid) for each in self._json)

    def _fitting(self, value: jp.Json) -> list[Callback]:
        """The callbacks that a body may be."""
        if self._is_large:
            return self._compiled.fitting(value, self._json)
        if not isinstance(value, dict):
            return [callback for callback, _, is_valid in self._tolerant if is_valid(value)]
        # A body that lacks what a callback requires cannot be it, which is seen sooner than its schema tells.
        return [each for each, mark, is_valid in self._tolerant if (not mark or mark in value) and is_valid(value)]

    def _strangeness(self, callback: Callback, value: jp.Json) -> tuple[bool, int]:
        """Whether anything about a body is new to a callback, and how many of its members are."""
        named = self._compiled.roots[callback.pointer].named
        unnamed = len(value.keys() - named) if isinstance(value, dict) else 0
        return not self._compiled.is_known(callback, value), unnamed

    def warm_up(self) -> None:
        """Prepares what the first delivery and the first refusal would wait for; may run beside them."""
        if not self._is_large:
            _ = self._tolerant
        self._explainer.warm_up(self.contract.callbacks[0])

    def _nearest(self, fitting: list[Callback], value: jp.Json) -> Callback:
        """Of several callbacks that a body may be, the one that knows most of it."""
        if len(fitting) == 1:
            return fitting[0]
        return min(fitting, key=lambda callback: self._strangeness(callback, value))

    def _explained(self, read: Sequence[_Read], size: int) -> Assessment:
        """What openapi-core says of a body that no schema takes."""
        if not read:
            return Assessment(None, "schema", None, (Violation("", "no callback has a body of this kind"),))
        explained = [(*each, self._explainer.explain(*each)) for each in self._likely(read)]
        # A broken body is meant for the callback that knows its members, not for the one that asks for least.
        callback, value, violations = min(
            explained, key=lambda each: (bool(each[2]), -self._known(each[0], each[1]), len(each[2]))
        )
        if not violations:
            return Assessment(callback, "", value, (), places=self._places_of(callback), size=size)
        required = tuple(m for m in callback.members if m.required and m.pointer.count("/") == 1)
        return Assessment(None, "schema", value, violations, required=required)

    def _likely(self, read: Sequence[_Read]) -> Sequence[_Read]:
        """The few callbacks that a refused body comes nearest to: explaining takes its time."""
        if len(read) <= _MOST_EXPLAINED:
            return read
        known = [self._known(*each) for each in read]
        least = sorted(known, reverse=True)[_MOST_EXPLAINED - 1]

        def distance(each: _Read) -> tuple[int, int]:
            callback, value = each
            errors = self._compiled.validator(callback).iter_errors(value)
            return -self._known(callback, value), sum(1 for _ in islice(errors, _MOST_ERRORS))

        near = [each for each, knows in zip(read, known, strict=True) if knows >= least]
        return sorted(near, key=distance)[:_MOST_EXPLAINED]

    def _known(self, callback: Callback, value: jp.Json) -> int:
        """How many of a body's members a callback names."""
        named = self._compiled.roots[callback.pointer].named
        return sum(key in named for key in value) if isinstance(value, dict) else 0

    def _places_of(self, callback: Callback) -> tuple[_Place, ...]:
        if callback.name not in self._places:
            self._places[callback.name] = _places(callback)
        return self._places[callback.name]

    @cached_property
    def _explainer(self) -> ErrorDetails:
        return ErrorDetails(self.contract)

    def assess(self, body: bytes) -> Assessment:
        """Decodes a body strictly, then lets the tolerant schemas decide; openapi-core has the last word."""
        try:
            value = decode(body)
        except Unparsable as error:
            return Assessment(None, error.kind, None, (Violation("", error.detail),), parsable=False)
        except Unusable as error:
            return Assessment(None, error.kind, None, (Violation("", error.detail),))
        if fitting := self._fitting(value):
            callback = self._nearest(fitting, value)
            return Assessment(callback, "", value, (), places=self._places_of(callback), size=len(body))
        return self._explained([(callback, value) for callback in self._json], len(body))

    def assess_fields(self, body: bytes, media_type: str, content_type: str) -> Assessment:
        """The same for a form or for parts, whose texts mean to each callback what its schema says.

        Args:
            content_type: The whole header.
        """
        meant = [callback for callback in self._fields if callback.media_type == media_type]
        try:
            texts = read_texts(media_type, body, content_type)
            read = [(callback, value_of(callback, texts)) for callback in meant]
        except Unparsable as error:
            return Assessment(None, error.kind, None, (Violation("", error.detail),), parsable=False)
        except Unusable as error:
            return Assessment(None, error.kind, None, (Violation("", error.detail),))
        fitting = [each for each in read if self._compiled.validator(each[0]).is_valid(each[1])]
        if fitting:
            callback, value = min(fitting, key=lambda each: self._strangeness(*each))
            return Assessment(callback, "", value, (), places=self._places_of(callback), size=len(body))
        return self._explained(read, len(body))


_Read: TypeAlias = tuple[Callback, jp.Json]
"""A callback, and what a body means to it."""


def _novelties(places: tuple[_Place, ...], value: jp.Json) -> tuple[Novelty, ...]:
    found: list[Novelty] = []
    for pointer, get, enum, is_free_map, named in places:
        try:
            here = get(value)
        except LookupError:
            continue
        if enum and here not in enum:
            found.append(Novelty("value", pointer))
        if not isinstance(here, dict):
            continue
        if is_free_map:
            found += [Novelty("type", pointer) for item in here.values() if not isinstance(item, str)]
        elif named and not named.issuperset(here):
            path = jp.tokens(pointer)
            found += [Novelty("member", jp.join([*path, key])) for key in here if key not in named]
    return tuple(found)


class _Place(NamedTuple):
    """Where a body can hold something that the contract does not know; prepared, since recorders ask every delivery."""

    pointer: str
    get: Callable[[jp.Json], jp.Json]
    enum: tuple[jp.Json, ...]
    is_free_map: bool
    named: frozenset[str]


def _places(callback: Callback) -> tuple[_Place, ...]:
    every = (
        _Place(m.pointer, jp.getter(m.pointer), m.enum, m.is_free_map, frozenset(m.schema.get("properties", ())))
        for m in callback.members
    )
    return tuple(place for place in every if place.enum or place.is_free_map or place.named)
