"""ECMA-262 regular expressions, spelt for the two engines here that read most of them: jsonschema-rs and Python's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["for_engine", "for_python"]

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


def for_python(pattern: str, matches: Callable[[str, str], bool]) -> str:
    """Return a pattern that Python's `re` parses, to make texts by; what it takes has to be held against the original.

    Args:
        matches: Whether a pattern takes a text; a class of Unicode becomes the usual characters that it takes.
    """
    return "".join(_for_python(part, matches) for part in _parts(pattern))


def _for_python(part: _Part, matches: Callable[[str, str], bool]) -> str:
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
