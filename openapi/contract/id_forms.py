"""Forms of fresh ids: a text or a number that the schema at a place accepts, like the contract's example there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from callback_contract.openapi.contract.example_value import sample_of
from callback_contract.openapi.contract.members import Member, members_of
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import header_of, is_in_body

__all__ = ["IdForm", "Stamp", "forms_at"]

_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WITH_PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9.]*[_:.-])[A-Za-z0-9_-]{6,}|(.{0,40}?)[0-9a-fA-F]{32}")
_LITERAL = re.compile(r"\^([A-Za-z0-9_-]+)(?=[\[(\\.])")  # what a pattern begins with


@dataclass(frozen=True)
class IdForm:
    """A way to write an id of a mark, a run and sixteen more hexadecimal digits that are the id's own.

    Attributes:
        name: A key of `_WRITERS`.
        before: Text before it, as `evt_`.
    """

    name: str
    before: str = ""

    @property
    def holds_run(self) -> bool:
        """Whether the run stands in the id as it is."""
        return self.name in _WITH_RUN

    def write(self, mark: str, run: str, own: str) -> str | int:
        """Return the id."""
        written = _WRITERS[self.name](mark, run, own)
        return self.before + written if isinstance(written, str) else written


@dataclass(frozen=True)
class Stamp:
    """A place that is filled freshly, prepared for every delivery.

    Attributes:
        kind: id, time or phone.
        form: Of an id; None where no fresh one is accepted.
        is_shared: Whether many messages share it.
        is_of_event: Whether it changes with every event, and not only with the message.
    """

    place: str
    kind: str
    form: IdForm | None
    is_shared: bool
    is_of_event: bool


_WRITERS: Mapping[str, Callable[[str, str, str], str | int]] = {
    "hex32": lambda mark, run, own: mark + run + own,
    # RFC 9562, version 4
    "uuid": lambda mark, run, own: f"{mark}-{own[:4]}-4{own[4:7]}-8{own[7:10]}-{run}{own[10:14]}",
    "hex24": lambda mark, run, own: run + own,
    "hex16": lambda mark, run, own: own,
    "integer": lambda mark, run, own: int(own[:13], 16) + 1,  # up to 2^52
    "digits": lambda mark, run, own: str(10**15 + int(own[:12], 16)),
    "small integer": lambda mark, run, own: int(own[:8], 16) // 2 + 1,  # up to 2^31
}
_WITH_RUN = frozenset({"hex32", "uuid", "hex24"})
_TEXTS = ("hex32", "uuid", "hex24", "hex16", "digits")
_NUMBERS = ("integer", "small integer")

_TRIED = ("ca11bac4", "5e0d11c2", "0123456789abcdef")


def forms_at(
    places: Iterable[str],
    headers: Mapping[str, tuple[Mapping[str, jp.Json], str | None]],
    schema: Mapping[str, jp.Json],
    strict: Mapping[str, jp.Json],
    example: jp.Json,
) -> dict[str, IdForm]:
    """Return the form of a fresh id at each place; places where none is accepted are left out.

    Args:
        headers: Schema and example of each declared header, by its lower-case name.
        schema: The body's schema, for formats and patterns.
        strict: What a body has to satisfy.
        example: A body that may be delivered; None for none.
    """
    found: dict[str, IdForm | None] = {}
    body = _Body(schema, strict, example)
    for place in places:
        if is_in_body(place):
            found[place] = body.form_at(place)
        else:
            found[place] = _form_of_header(*headers.get(header_of(place), ({}, None)))
    return {place: form for place, form in found.items() if form is not None}


class _Body:
    """A body in which a fresh id is tried at each place."""

    def __init__(self, schema: Mapping[str, jp.Json], strict: Mapping[str, jp.Json], example: jp.Json) -> None:
        self._schema, self._strict = schema, strict
        self._example = example

    @cached_property
    def _members(self) -> Mapping[str, Member]:
        return {member.pointer: member for member in members_of(self._schema)}

    @cached_property
    def _validator(self) -> Any:
        return validator_of(self._strict)

    @cached_property
    def _made(self) -> jp.Json:
        made = sample_of(self._schema) if self._example is None else None
        return self._example if made is None else made.value

    def form_at(self, pointer: str) -> IdForm | None:
        """Return the form of an id that the body is valid with."""
        member = self._members.get(pointer)
        if member is None:
            return IdForm("hex32")
        try:
            example = jp.get(self._example, pointer)
        except LookupError:
            example = None
        forms = _forms(member.schema, frozenset(member.types), example)
        alone = _acceptance(member.schema)
        return _first(forms, lambda value: alone(value) and self._takes(pointer, value))

    def _takes(self, pointer: str, value: jp.Json) -> bool:
        if self._made is None:
            return True  # no valid body is known here; one with a pattern is made elsewhere
        try:
            return bool(self._validator.is_valid(jp.replaced(self._made, pointer, value)))
        except (LookupError, ValueError):
            return True  # the example does without its parent


def _form_of_header(schema: Mapping[str, jp.Json], example: str | None) -> IdForm | None:
    forms = _forms(schema, frozenset({"string"}), example)
    return _first(chain(forms, map(IdForm, _NUMBERS)), _acceptance(schema))


def _acceptance(schema: Mapping[str, jp.Json]) -> Callable[[jp.Json], bool]:
    try:
        validator = validator_of(schema)
    except Exception:  # a schema that refers to what is not here narrows nothing
        return lambda value: True
    return lambda value: bool(validator.is_valid(value))


def _first(forms: Iterable[IdForm], accepts: Callable[[jp.Json], bool]) -> IdForm | None:
    return next((form for form in forms if accepts(form.write(*_TRIED))), None)


def _forms(schema: Mapping[str, jp.Json], types: frozenset[str], example: jp.Json) -> Iterator[IdForm]:
    if types and "string" not in types:
        yield from map(IdForm, _NUMBERS)
        return
    form = str(schema.get("format", ""))
    shown = example if isinstance(example, str) else ""
    if form == "uuid" or (form != "hex32" and _UUID.fullmatch(shown)):
        yield IdForm("uuid")
    if form == "uuid":
        return
    if form != "hex32":
        literal = _LITERAL.match(str(schema.get("pattern", "")))
        like = _WITH_PREFIX.fullmatch(shown)
        for before in filter(None, (like and (like[1] or like[2]), literal and literal[1])):
            yield from (IdForm(name, before) for name in _TEXTS)
        if shown.isdigit():
            yield IdForm("digits")
    yield from map(IdForm, _TEXTS)
