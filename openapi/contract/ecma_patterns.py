"""ECMA-262 regular expressions: spelt for the two engines here, and texts for them.

Texts are made along the parts of a pattern, and held against it by the engine that judges bodies.
"""

from __future__ import annotations

import random
import re
import re._constants as op  # type: ignore[import-not-found]  # a pattern's parts, as Hypothesis reads them, too
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from callback_contract.openapi.contract.determinism import OTHER, REPEATS, USUAL, edges, takes
from callback_contract.openapi.contract.patterns import matches
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["for_engine", "for_python", "texts_of"]

_TEXTS, _TRIES = 12, 400
_LONGEST, _MOST_CHARACTERS = 4096, 100_000  # of a text, and of all that are made for a pattern

_PARTS = re.compile(
    r"""\\u\{[0-9A-Fa-f]+\} | \\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2} | \\u[0-9A-Fa-f]{4}
    | \\x[0-9A-Fa-f]{2} | \\[pP]\{[^}]*\} | \\k<[^>]*> | \\c[A-Za-z] | \\.
    | \(\?<(?![=!])[^>]*> | \{[0-9]+(?:,[0-9]*)?\} | \[\^?\] | .""",
    re.DOTALL | re.VERBOSE,
)
_SETS = re.compile(r"\\[dDwWsSpP]")
_LETTERS = "".join(map(chr, range(32, 127))) + "\t\n\xa0²½ÀÉßàéÿĀāΑΩαωЖЯжяאשعيमक०٣中文あアㄱ한€±×–\u2028😀"


@dataclass(frozen=True)
class _Part:
    text: str
    following: str
    in_class: bool
    is_first: bool  # of a class


def _parts(pattern: str) -> Iterator[_Part]:
    texts = _PARTS.findall(pattern)
    in_class = is_first = False
    for text, following in zip(texts, [*texts[1:], ""], strict=True):
        yield _Part(text, following, in_class, is_first)
        is_first = (text == "[" and not in_class) or (is_first and text == "^")
        in_class = (in_class and text != "]") or text == "["


def for_engine(pattern: str) -> str:
    """Return a pattern as the engine of jsonschema-rs takes it to mean the same."""
    groups = [part.text for part in _parts(pattern) if _opens_group(part)]
    written, before, is_range = list[str](), "", False
    for part in _parts(pattern):
        if part.in_class:
            spelt, is_range = _in_class(part, before, is_range)
            written.append(spelt)
        else:
            written.append(_outside(part, groups))
        before = part.text
    return "".join(written)


def _opens_group(part: _Part) -> bool:
    return not part.in_class and (part.text.startswith("(?<") or (part.text == "(" and part.following != "?"))


def _outside(part: _Part, groups: list[str]) -> str:
    text = part.text
    if text in {"[]", "[^]"}:
        return r"[^\s\S]" if text == "[]" else r"[\s\S]"
    if text in {"{", "}"}:
        return "\\" + text  # it repeats nothing, so it stands for itself
    if text.startswith("\\k<") and f"(?<{text[3:]}" in groups:
        return f"(?:\\{groups.index(f'(?<{text[3:]}') + 1})"
    return _character(text)


def _in_class(part: _Part, before: str, is_range: bool) -> tuple[str, bool]:
    """Return the spelling of a part of a class, and whether the end of a range is next.

    A hyphen beside a set is a character for ECMA-262, and refused by the engine.
    """
    text, following = part.text, part.following
    if text == "-" and not part.is_first and not is_range and following != "]":
        is_range = not _SETS.match(before) and not _SETS.match(following)
        return ("-" if is_range else r"\-"), is_range
    if text == "-":
        return (r"\-" if is_range or following == "-" else "-"), False
    return _character(text), False


def _character(text: str) -> str:
    if len(text) == 12 and text.startswith("\\u"):
        return chr(0x10000 + ((int(text[2:6], 16) & 0x3FF) << 10) + (int(text[8:], 16) & 0x3FF))
    return text


def for_python(pattern: str) -> str:
    """Return a pattern that Python's `re` parses, to make texts by; what it takes has to be held against the original.

    A class of Unicode becomes the usual characters that it takes.
    """
    return "".join(map(_for_python, _parts(pattern)))


def _for_python(part: _Part) -> str:
    text = part.text
    if text.startswith("(?<"):
        return "(?P<" + text[3:]
    if text.startswith("\\c"):
        return f"\\x{ord(text[2].upper()) - 64:02x}"
    if text.startswith("\\u{"):
        return re.escape(chr(int(text[3:-1], 16)))
    if re.match(r"\\[pP]\{", text):
        taken = "".join(re.escape(each) for each in _LETTERS if matches(text, each))
        return taken if part.in_class else f"[{taken}]" if taken else r"[^\s\S]"
    return text


class _NoText(Exception):
    """The texts of a pattern are too long to be made."""


@lru_cache(maxsize=256)
def _texts(pattern: str, least: int, most: int) -> tuple[str, ...]:
    maker, tree = _Maker(random.Random(pattern), least), parser.parse(for_python(pattern))
    found: dict[str, None] = {}
    for _ in range(_TRIES):
        try:
            text = maker.made(tree)
        except (_NoText, RecursionError):
            break
        if least <= len(text) <= most and text.isprintable() and matches(pattern, text):
            found[text] = None
        if len(found) == _TEXTS:
            break
    return tuple(found)


def texts_of(schema: Mapping[str, jp.Json]) -> tuple[str, ...]:
    """A few texts that satisfy a schema's regular expression and lengths; the same each time, and none if none is met.

    They are made of what the pattern says in its order; look-around is only held against them.
    """
    most = min(_LONGEST, int(schema.get("maxLength", _LONGEST)))
    return _texts(schema["pattern"], int(schema.get("minLength", 0)), most)


class _Maker:
    def __init__(self, chance: random.Random, least: int) -> None:
        self._chance, self._least = chance, min(least, _LONGEST)
        self._groups: dict[int, str] = {}
        self._taken: dict[str, list[str]] = {}
        self._left = _MOST_CHARACTERS

    def made(self, items: Any) -> str:
        self._left -= 1 + len(items)
        if self._left < 0:
            raise _NoText
        return "".join(self._made(code, value) for code, value in items)

    def _made(self, code: Any, value: Any) -> str:
        if code is op.LITERAL:
            return chr(value)
        if code in {op.NOT_LITERAL, op.ANY, op.IN}:
            return self._chance.choice(self._characters(code, value))
        if code is op.SUBPATTERN:
            made = self.made(value[3])
            self._groups[value[0]] = made
            return made
        if code is op.GROUPREF:
            return self._groups.get(value, "")
        if code is op.BRANCH:
            return self.made(self._chance.choice(value[1]))
        if code in REPEATS:
            least, most, inside = value
            times = min(most, least + self._chance.choice((0, 1, 1, 2, self._least)))
            return "".join(self.made(inside) for _ in range(times))
        return self.made(value) if code is op.ATOMIC_GROUP else ""

    def _characters(self, code: Any, value: Any) -> list[str]:
        key = repr((code, value))
        if key not in self._taken:
            usual = [each for each in USUAL + OTHER if takes(code, value, each)]
            self._taken[key] = usual or [chr(edge) for edge in edges(value)] or [" "]
        return self._taken[key]
