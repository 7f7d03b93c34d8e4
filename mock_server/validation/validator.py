"""Validator of delivery bodies: accepts fast by compiled schemas, and explains rejections by openapi-core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from typing import NamedTuple, TypeAlias

from callback_contract.mock_server.validation.error_details import ErrorDetails, Violation
from callback_contract.mock_server.validation.validators import FEW, Validators
from callback_contract.mock_server.wire.bodies import read_texts, value_of
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.bodies import FORM
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Assessment", "Novelty", "Validator"]

_MOST_EXPLAINED = 3
_MOST_ERRORS = 50


@dataclass(frozen=True, slots=True)
class Novelty:
    """A part of a body that the contract does not know and a receiver tolerates.

    Attributes:
        kind: member, value (of a closed list, or else refused by the exact schema), type (in a free map) or format.
    """

    kind: str
    pointer: str


@dataclass(eq=False, slots=True)  # not frozen: one is made for each delivery, and freezing costs as much as validating
class Assessment:
    """The judgement on a body: accepted for `callback`, or rejected.

    It is immutable but for `effect`.

    Attributes:
        callback: The callback whose tolerant schema accepts the body; None when it is rejected.
        kind: Empty when it is accepted, else the kind of `Unparsable` or `Unusable`, or "schema".
        value: The decoded body; None when it is unparsable.
        violations: The violations of a rejected body.
        parsable: Whether it is JSON.
        required: Root members that the nearest callback requires, when the schema rejects it.
        places: The places where its callback checks for novelties.
        size: Bytes of an accepted body.
        effect: Its effect once its delivery is kept; None when there is none, or it is done.
        exactly: Finds what the exact schema refuses in it.
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
    exactly: Callable[[jp.Json], tuple[Novelty, ...]] | None = None
    _novelties: tuple[Novelty, ...] | None = None

    @property
    def accepted(self) -> bool:
        """Whether a correct receiver acknowledges it."""
        return self.callback is not None

    @property
    def novelties(self) -> tuple[Novelty, ...]:
        """The unknown parts of an accepted body, found on demand."""
        if self._novelties is None:  # a cached_property takes a lock, which costs as much as the search
            found = _novelties(self.places, self.value) if self.callback else ()
            more = self.exactly(self.value) if self.exactly is not None else ()
            self._novelties = (*found, *(each for each in more if each.kind == "format" or not found))
        return self._novelties


class Validator:
    """Validator of one contract's bodies; compiles its schemas once.

    Args:
        formats: Whether a text of another form than its documented `format` is a novelty.
    """

    def __init__(self, contract: Contract, *, formats: bool = False) -> None:
        self.contract = contract
        self._formats = formats
        self._json = tuple(callback for callback in contract.callbacks if callback.is_json)
        self._fields = tuple(callback for callback in contract.callbacks if not callback.is_json)
        self._queries = tuple(callback for callback in self._fields if callback.by_query)
        self._is_large = len(self._json) > FEW
        self._places: dict[str, tuple[_Place, ...]] = {}
        self._exactly: dict[str, Callable[[jp.Json], tuple[Novelty, ...]]] = {}

    @cached_property
    def _compiled(self) -> Validators:
        return Validators(self.contract.callbacks)

    @cached_property
    def _tolerant(self) -> tuple[tuple[Callback, str, Callable[[jp.Json], bool]], ...]:
        # Prepared with the first delivery and not searched again: every plain delivery takes this way.
        marks = self._compiled.marks(self._json)
        return tuple((each, marks[each.pointer], self._compiled.validator(each).is_valid) for each in self._json)

    def _fitting(self, value: jp.Json) -> list[Callback]:
        """Return the callbacks that a body may be."""
        if self._is_large:
            return self._compiled.fitting(value, self._json)
        if not isinstance(value, dict):
            return [callback for callback, _, is_valid in self._tolerant if is_valid(value)]
        # A body without a required member of a callback is excluded before its schema is checked.
        return [each for each, mark, is_valid in self._tolerant if (not mark or mark in value) and is_valid(value)]

    def _strangeness(self, callback: Callback, value: jp.Json) -> tuple[bool, int]:
        """Return whether a body has unknown parts for a callback, and how many members."""
        named = self._compiled.roots[callback.pointer].named
        unnamed = len(value.keys() - named) if isinstance(value, dict) else 0
        return not self._compiled.is_known(callback, value), unnamed

    def warm_up(self) -> None:
        """Prepare what the first delivery and the first rejection need.

        It may run in parallel with them.
        """
        if not self._is_large:
            _ = self._tolerant
        self._explainer.warm_up(self.contract.callbacks[0])

    def _nearest(self, fitting: list[Callback], value: jp.Json) -> Callback:
        """Return the callback that knows most of a body, of several that accept it."""
        if len(fitting) == 1:
            return fitting[0]
        return min(fitting, key=lambda callback: self._strangeness(callback, value))

    def _explained(self, read: Sequence[_Read], size: int) -> Assessment:
        """Return openapi-core's violations of a body that no schema accepts."""
        if not read:
            return Assessment(None, "schema", None, (Violation("", "no callback has a body of this kind"),))
        explained = [(*each, self._explainer.explain(*each)) for each in self._likely(read)]
        # A broken body is meant for the callback that knows its members, not for the one that requires least.
        callback, value, violations = min(
            explained, key=lambda each: (bool(each[2]), -self._known(each[0], each[1]), len(each[2]))
        )
        required = tuple(m for m in callback.members if m.required and m.pointer.count("/") == 1)
        return Assessment(None, "schema", value, violations, required=required)

    def _likely(self, read: Sequence[_Read]) -> Sequence[_Read]:
        """Return the few callbacks nearest to a rejected body: explaining is slow."""
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
        """Return how many of a body's members a callback names."""
        named = self._compiled.roots[callback.pointer].named
        return sum(key in named for key in value) if isinstance(value, dict) else 0

    def _accepted(self, callback: Callback, value: jp.Json, size: int) -> Assessment:
        exactly = self._exactly.get(callback.pointer)
        if exactly is None:
            exactly = self._exactly[callback.pointer] = partial(self._beyond, callback)
        places = self._places_of(callback)
        return Assessment(callback, "", value, (), places=places, size=size, exactly=exactly)

    def _beyond(self, callback: Callback, value: jp.Json) -> tuple[Novelty, ...]:
        """Return what an exact validator refuses in an accepted body."""
        found: list[Novelty] = []
        if not self._compiled.is_known(callback, value):
            found += [Novelty("value", self._compiled.first_breach(callback, value))]
        if self._formats:
            found += [Novelty("format", pointer) for pointer in self._compiled.format_breaches(callback, value)]
        return tuple(found)

    def _places_of(self, callback: Callback) -> tuple[_Place, ...]:
        if callback.name not in self._places:
            self._places[callback.name] = _places(callback)
        return self._places[callback.name]

    @cached_property
    def _explainer(self) -> ErrorDetails:
        return ErrorDetails(self.contract)

    def assess(self, body: bytes) -> Assessment:
        """Decode a body strictly and judge it by the tolerant schemas."""
        try:
            value = decode(body)
        except Unparsable as error:
            return Assessment(None, error.kind, None, (Violation("", error.detail),), parsable=False)
        except Unusable as error:
            return Assessment(None, error.kind, None, (Violation("", error.detail),))
        if fitting := self._fitting(value):
            callback = self._nearest(fitting, value)
            return self._accepted(callback, value, len(body))
        return self._explained([(callback, value) for callback in self._json], len(body))

    def assess_fields(self, body: bytes, media_type: str, content_type: str) -> Assessment:
        """Do the same for a form or parts, whose texts each callback's schema interprets.

        Args:
            content_type: The whole header.
        """
        meant = [each for each in self._fields if each.media_type == media_type and not each.by_query]
        return self._assess_fields(meant, body, media_type, content_type)

    def assess_query(self, query: bytes, method: str) -> Assessment:
        """Do the same for the query of a request without a body."""
        return self._assess_fields([each for each in self._queries if each.method == method], query, FORM, FORM)

    def _assess_fields(self, meant: Sequence[Callback], body: bytes, media_type: str, content_type: str) -> Assessment:
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
            return self._accepted(callback, value, len(body))
        return self._explained(read, len(body))


_Read: TypeAlias = tuple[Callback, jp.Json]
"""A callback, and a body as it reads it."""


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
    """A place at which a body can have an unknown value, prepared for every delivery."""

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
