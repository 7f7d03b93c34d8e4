"""Masks of values: generate replacements of the same type, in a plausible form, that belong to no person.

A mask is made from the value's number among all masked values, never from the value: so an attacker cannot find a phone
number by trying all of them, and two runs over the same recordings give the same masks.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from callback_contract.openapi.contract.example_value import TEXTS
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["KINDS", "KIND_OF_FORMAT", "Masked", "Masks"]

KINDS = {
    # Bounded, so that the search of a text is short.
    "email": re.compile(r"(?:(?!%40)[^\s@<>\"'(),;:]){1,64}+(?:@|%40)[^\s@<>\"'(),;:]{1,250}\.[A-Za-z]{2,20}"),
    "phone": re.compile(r"(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)"),
    "uuid": re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])"),
    "ipv4": re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
}
"""Kinds that are found inside of texts, too, by name."""

KIND_OF_FORMAT = {"idn-email": "email", "e164": "phone", "msisdn": "phone", "tel": "phone", "phone-number": "phone"}
"""Other names of these kinds in schemas."""

_PREFIX = "format:"
_TIMED = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d.*)?")
_LINK = re.compile(r"(https?)://\S+")
_DIALLED = re.compile(r"\d{10,15}")
_FIRST_DAY, _FIRST_SECOND = date(2001, 1, 1), 978_307_200
_IDEOGRAPHS = "甲乙丙丁戊己庚辛壬癸"
_TRIES = 8


@dataclass(frozen=True)
class Masked:
    """What `--mask` names.

    Attributes:
        named: Its values.
        pointers: Unescaped tokens; `*` stands for any member or item, `-` for any item.
        kinds: Names of `KINDS` that are searched in all texts.
        formats: Values of `format` in a schema.
    """

    named: tuple[str, ...] = ()
    pointers: tuple[tuple[str, ...], ...] = ()
    kinds: tuple[str, ...] = ()
    formats: frozenset[str] = frozenset()

    def naming(self, path: tuple[str | int, ...]) -> list[tuple[str, ...]]:
        """Return the pointers that name a place."""
        return [
            pointer
            for pointer in self.pointers
            if len(pointer) == len(path)
            and all(
                wanted in ("*", str(step)) or (wanted == "-" and isinstance(step, int))
                for wanted, step in zip(pointer, path, strict=True)
            )
        ]

    @classmethod
    def of(cls, wanted: Iterable[str], contract: Contract) -> Masked:
        """Read the values of `--mask`.

        Raises:
            KitError: One is neither a JSON pointer nor a format that the kit or the contract knows.
        """
        pointers, kinds, formats = [], [], set[str]()
        members = (member for callback in contract.callbacks for member in callback.members)
        known = {member.format.lower() for member in members if member.format}
        for text in (named := tuple(dict.fromkeys(wanted))):
            if not text.startswith(_PREFIX):
                pointers.append(_pointer(text))
                continue
            name = text.removeprefix(_PREFIX).strip().lower().replace("e.164", "e164")
            kind = KIND_OF_FORMAT.get(name, name)
            if kind not in KINDS and name not in known:
                raise KitError(
                    Text("error-samples.no-format", text=text),
                    where="--mask",
                    remedy=Text("error-samples.formats", names=tuple(dict.fromkeys([*KINDS, *sorted(known)]))),
                )
            kinds += [kind] if kind in KINDS else []
            formats |= {name, kind, *(form for form, of in KIND_OF_FORMAT.items() if of == kind)}
        return cls(named, tuple(pointers), tuple(dict.fromkeys(kinds)), frozenset(formats))


def _pointer(text: str) -> tuple[str, ...]:
    try:
        tokens = jp.tokens(text)
    except ValueError:
        raise KitError(
            Text("error-samples.no-pointer", pointer=text),
            where="--mask",
            remedy=Text("error-samples.pointer-or-format"),
        ) from None
    if not tokens:
        raise KitError(Text("error-samples.empty-mask"), where="--mask", remedy=Text("error-samples.write-mask"))
    return tokens


class Masks:
    """Numbers the values of one run, and makes masks from the numbers.

    Args:
        drawn: Draws a text for a schema with a pattern; without it none is drawn.
        first: The number of values that others had before.
    """

    def __init__(self, drawn: Callable[[Mapping[str, Any]], str | None] = lambda schema: None, first: int = 0) -> None:
        self._numbers: dict[str, int] = {}
        self._drawn, self._first = drawn, first
        self._scrambled: set[str] = set()
        self._known: dict[tuple[int, int], str] = {}

    def candidates(self, value: jp.Json, schema: Mapping[str, Any], kind: str = "") -> Iterator[jp.Json]:
        """Yield masks of one value, the most plausible first.

        The caller takes the first that the contract allows.

        Args:
            schema: The contract's schema of the place.
            kind: The kind of the value, by its format.
        """
        if value is None:
            yield None
        elif schema.get("enum"):
            yield from (listed for listed in schema["enum"] if listed != value and type(listed) is type(value))
        elif isinstance(value, bool):
            yield from (False, True)
        elif isinstance(value, str):
            yield from self._texts(value, schema, kind)
        else:
            yield from self._numerals(value, schema, kind)

    def text(self, value: str, kind: str) -> str:
        """Return the mask of a text of a kind, also inside of a longer text."""
        number = self._number(value)
        if kind == "email":
            return f"masked{number}@example.com"
        if kind == "phone":
            return _phone(number)
        if kind == "uuid":
            return f"ca11bac4-0000-4000-8000-{number:012x}"
        return f"192.0.2.{number % 254 + 1}"  # TEST-NET-1 (RFC 5737)

    def _number(self, value: str) -> int:
        return self._numbers.setdefault(value, self._first + len(self._numbers) + 1)

    @property
    def kept(self) -> int:
        """The number of values that are kept, to mask them alike again."""
        return len(self._numbers)

    def renewed(self) -> Masks:
        """Return masks that know none of these values, and make none of their masks again."""
        return Masks(self._drawn, self._first + len(self._numbers))

    def _texts(self, value: str, schema: Mapping[str, Any], kind: str) -> Iterator[str]:
        number, form = self._number(value), str(schema.get("format", ""))
        kind = kind or KIND_OF_FORMAT.get(form, form)
        kind = kind if kind in KINDS else next((k for k, found in KINDS.items() if found.fullmatch(value)), "")
        if kind == "phone" or _DIALLED.fullmatch(value):
            yield _phone(number) if value.startswith("+") else _phone(number)[1:]
        elif kind:
            yield self.text(value, kind)
        elif _TIMED.fullmatch(value):
            yield f"{_FIRST_DAY + timedelta(days=number % 3650)}{re.sub('[0-9]', '0', value[10:])}"
        elif link := _LINK.fullmatch(value):
            yield f"{link[1]}://example.com/masked{number}"
        yield self._scramble(value, number)
        if form in TEXTS:
            yield TEXTS[form]
        if "pattern" in schema:
            drawn = self._drawn(schema)
            if drawn is not None:
                yield drawn

    def _numerals(self, value: float, schema: Mapping[str, Any], kind: str) -> Iterator[float]:
        number, form = self._number(repr(value)), str(schema.get("format", ""))
        if isinstance(value, float):
            yield float(f"{number}.5")
        elif form == "unix-seconds":
            yield _FIRST_SECOND + number
        elif kind == "phone" or KIND_OF_FORMAT.get(form) == "phone":
            yield int(_phone(number)[1:])
        if isinstance(value, int):
            yield int(self._scramble(str(value), number))
        yield from (schema[bound] for bound in ("minimum", "maximum") if bound in schema)
        yield from (1, 0)

    def _scramble(self, value: str, number: int) -> str:
        """Return a text of the same length and alphabet, different for each value.

        They are different as far as there are enough of them.
        """
        known = self._known.get((number, len(value)))
        if known is not None:
            return known
        is_hex = re.fullmatch("[0-9a-f]+|[0-9A-F]+", value) is not None
        made = value
        for turn in range(_TRIES):
            chance = random.Random(f"mask {number} {turn}")
            made = "".join(_other(sign, chance, is_hex=is_hex, first=at == 0) for at, sign in enumerate(value))
            if made != value and made not in self._scrambled:
                break
        self._scrambled.add(made)
        self._known[(number, len(value))] = made
        return made


def _phone(number: int) -> str:
    """Return an E.164 number from ranges reserved for fiction.

    They are the Ofcom drama numbers and NANP 555-01xx.
    """
    turn = number % 1100
    return f"+447700900{turn:03d}" if turn < 1000 else f"+120255501{turn - 1000:02d}"


def _other(sign: str, chance: random.Random, *, is_hex: bool, first: bool) -> str:
    if sign.isascii():
        if sign.isdigit():
            return chance.choice("123456789" if first and sign != "0" else string.digits)
        if is_hex:
            return chance.choice("abcdef" if sign.islower() else "ABCDEF")
        if sign.isalpha():
            return chance.choice(string.ascii_lowercase if sign.islower() else string.ascii_uppercase)
        return sign
    return chance.choice(_IDEOGRAPHS) if sign.isalnum() else sign
