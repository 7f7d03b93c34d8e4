"""Masker of recorded deliveries: replaces values at a pointer or of a format with plausible ones.

A mask covers the value at its place and all values below it, but not the names of members. A value that is masked in
one place is masked wherever the same delivery quotes it, as far as the contract allows.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from callback_contract.mock_server.wire.masks import KIND_OF_FORMAT, KINDS, Masked, Masks
from callback_contract.mock_server.wire.quotations import Quotes
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text

__all__ = ["Masker", "UnmaskableError", "masker_of"]

_MOST_SINGLE = 300  # places that are tried one by one; each try costs a validation
_MOST_CANDIDATES = 8
_Path = tuple[str | int, ...]


class UnmaskableError(Exception):
    """A value cannot be masked safely; the text has the place and the reason."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


@dataclass
class Masker:
    """The values of `--mask`, and the masks of this run.

    Attributes:
        wanted: What `--mask` names.
        met: Pointers at which something was masked.
        left_short: Whether a masked value is too short to be searched elsewhere.
    """

    wanted: Masked
    met: set[tuple[str, ...]] = field(default_factory=set)
    left_short: bool = False
    _masks: Masks = field(default_factory=lambda: Masks(_drawn))
    _members: dict[str, dict[str, Member]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.wanted.named)

    def text(self, value: str) -> str:
        """Return a text with the parts masked that have a form in `kinds`."""
        for kind in self.wanted.kinds:
            value = KINDS[kind].sub(functools.partial(self._found, kind), value)
        return value

    def _found(self, kind: str, found: re.Match[str]) -> str:
        return self._masks.text(found[0], kind)

    def masked(
        self, value: jp.Json, callback: Callback, is_valid: Callable[[jp.Json], bool]
    ) -> tuple[jp.Json, Callable[[str], str]]:
        """Return a masked and valid body, and the mask of other texts in the delivery.

        Raises:
            UnmaskableError: No plausible value is valid in some place.
        """
        places = list(self._places(value, (), callback, inside=False))
        chosen = {path: next(self._candidates(_at(value, path), path, callback), None) for path in places}
        made = _with(value, chosen)
        if not is_valid(made):
            chosen = {path: self._fitting(value, path, callback, is_valid) for path in islice(places, _MOST_SINGLE)}
            made = _with(value, chosen)
            if len(places) > _MOST_SINGLE or not is_valid(made):
                raise UnmaskableError(Text("sample.no-mask-as-a-whole"))
        quotes = Quotes.of(
            (old, new)
            for path, new in chosen.items()
            if isinstance(old := _at(value, path), str) and isinstance(new, str)
        )
        spoken = self._everywhere(made, quotes, frozenset(chosen), callback)
        if not is_valid(spoken):
            # A word in a closed list of another place is the contract's, not personal.
            done = frozenset(chosen)
            quotes = quotes.only(lambda each: is_valid(self._everywhere(made, each, done, callback)))
            spoken = self._everywhere(made, quotes, done, callback)
            if not is_valid(spoken):
                raise UnmaskableError(Text("sample.no-mask-in-texts"))
        self.left_short = self.left_short or quotes.left
        return spoken, lambda text: self.text(quotes.inside(text))

    def _places(self, value: jp.Json, path: _Path, callback: Callback, *, inside: bool) -> Iterator[_Path]:
        """Yield the places of the scalars that are masked as a whole."""
        if pointers := self.wanted.naming(path):
            self.met.update(pointers)
            inside = True
        inside = inside or self._kind(path, callback) is not None
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self._places(item, (*path, key), callback, inside=inside)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._places(item, (*path, index), callback, inside=inside)
        elif inside:
            yield path

    def _kind(self, path: _Path, callback: Callback) -> str | None:
        """Return the format of a place by its schema, if it is to be masked."""
        if not self.wanted.formats:
            return None
        member = self._member(path, callback)
        form = member.format.lower() if member is not None else ""
        return KIND_OF_FORMAT.get(form, form) if form in self.wanted.formats else None

    def _member(self, path: _Path, callback: Callback) -> Member | None:
        if callback.name not in self._members:
            self._members[callback.name] = {member.pointer: member for member in callback.members}
        # The first item stands for all items of an array.
        return self._members[callback.name].get(jp.join(0 if isinstance(step, int) else step for step in path))

    def _schema(self, path: _Path, callback: Callback) -> Mapping[str, Any]:
        member = self._member(path, callback)
        return member.schema if member is not None else {}

    def _candidates(self, value: jp.Json, path: _Path, callback: Callback) -> Iterator[jp.Json]:
        schema = self._schema(path, callback)
        return islice(self._masks.candidates(value, schema, self._kind(path, callback) or ""), _MOST_CANDIDATES)

    def _fitting(self, value: jp.Json, path: _Path, callback: Callback, is_valid: Callable[[jp.Json], bool]) -> jp.Json:
        for candidate in self._candidates(_at(value, path), path, callback):
            if is_valid(_with(value, {path: candidate})):
                return candidate
        raise UnmaskableError(Text("sample.no-mask-at", pointer=jp.join(path)))

    def _everywhere(
        self, value: jp.Json, quotes: Quotes, done: frozenset[_Path], callback: Callback, path: _Path = ()
    ) -> jp.Json:
        """Return the value with quotes in texts and names masked.

        Names of the contract stay.
        """
        if isinstance(value, dict):
            return {
                key if self._member((*path, key), callback) is not None else self.text(quotes.inside(key)): (
                    self._everywhere(item, quotes, done, callback, (*path, key))
                )
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._everywhere(item, quotes, done, callback, (*path, index)) for index, item in enumerate(value)]
        if path in done:
            return value
        if type(value) is int and (digits := quotes.anywhere.get(str(value), "")).isdecimal():
            return int(digits)
        if not isinstance(value, str):
            return value
        # A text with a format could lose it by a short word, as "May" in a date.
        member = self._member(path, callback)
        return self.text(quotes.inside(value, words=member is None or not member.format))


def _at(value: jp.Json, path: _Path) -> jp.Json:
    for step in path:
        value = value[step]
    return value


def _with(value: jp.Json, chosen: dict[_Path, jp.Json], path: _Path = ()) -> jp.Json:
    """Return a copy with other scalars at some places."""
    if isinstance(value, dict):
        return {key: _with(item, chosen, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_with(item, chosen, (*path, index)) for index, item in enumerate(value)]
    return chosen.get(path, value)


def masker_of(wanted: Iterable[str], contract: Contract) -> Masker:
    """Return the masker for the values of `--mask`.

    Raises:
        KitError: One is neither a JSON pointer nor a format that the kit or the contract knows.
    """
    return Masker(Masked.of(wanted, contract))


def _drawn(schema: Mapping[str, Any]) -> str | None:
    from callback_contract.contract_tests.generation.strategies import text_of_pattern

    return text_of_pattern(schema)
