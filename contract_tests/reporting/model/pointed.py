"""Parts of a JSON text at a pointer: found and masked even where the text is malformed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["begin_of", "masked", "values_at"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_MASK = '"***"'


@dataclass
class _Container:
    """An object or array that is open where the reader stands."""

    is_object: bool
    key: str = "0"
    wants_key: bool = True
    begins: int = 0
    matched: bool = False


def masked(text: str, pointers: Sequence[str]) -> str:
    """Puts `"***"` in the place of every value at one of the pointers.

    It reads tokens rather than JSON, so that a truncated or otherwise broken text keeps no value either, and
    everything beside the values stays as it was spelt. Every one of several members of the same name is masked.
    """
    done, end = [], 0
    for begins, ends in _spans(text, pointers):
        done += [text[end:begins], _MASK]
        end = ends
    return "".join([*done, text[end:]])


def values_at(text: str, pointers: Sequence[str]) -> Iterator[str]:
    """The texts and scalars at and below the pointers, without quotes and escapes; no names of members."""
    for begins, ends in _spans(text, pointers):
        signs = [token[0] for token in _TOKEN.finditer(text, begins, ends)]
        for sign, following in zip(signs, [*signs[1:], ""], strict=True):
            if sign not in "{}[]:," and following != ":":
                yield _unquoted(sign)


def begin_of(text: str, pointer: str) -> int | None:
    """Where a value at a pointer begins, with the name of its member; None where there is none."""
    begins = next((begins for begins, _ in _spans(text, [pointer])), None)
    if begins is None:
        return None
    name = json.dumps(jp.tokens(pointer)[-1]) if jp.tokens(pointer) else ""
    named = text.rfind(name, 0, begins) if name else -1
    return named if named >= 0 and not text[named + len(name) : begins].strip(" :\t\r\n") else begins


def _spans(text: str, pointers: Sequence[str]) -> Iterator[tuple[int, int]]:
    wanted = {jp.tokens(pointer) for pointer in pointers}
    lengths = {len(path) for path in wanted}
    open_: list[_Container] = []
    inside = 0  # containers that are open within a matched one

    def matches() -> bool:
        return len(open_) in lengths and tuple(container.key for container in open_) in wanted

    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "}]":
            if open_:
                closed = open_.pop()
                if closed.matched:
                    inside -= 1
                    if not inside:
                        yield closed.begins, token.end()
        elif sign == ",":
            if open_:
                top = open_[-1]
                top.wants_key, top.key = True, "" if top.is_object else str(int(top.key) + 1)
        elif sign == ":":
            continue
        elif open_ and open_[-1].is_object and open_[-1].wants_key and sign not in "{[":
            open_[-1].wants_key, open_[-1].key = False, _unquoted(sign)
        elif sign in "{[":
            matched = bool(inside) or matches()
            inside += matched
            open_.append(_Container(sign == "{", "" if sign == "{" else "0", begins=token.start(), matched=matched))
        elif not inside and matches():
            yield token.span()
    first = next((container for container in open_ if container.matched), None)
    if first is not None:  # the text ends within it
        yield first.begins, len(text)


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        return token
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token.strip('"')
