"""Body highlighting: renders a sent or received body safely and readably, in its original spelling."""

from __future__ import annotations

import re

from markupsafe import Markup

from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.pages.design import as_text

__all__ = ["highlighted", "visible"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\]:,"]+|\s+', re.DOTALL)
_DEEPEST = 12  # deeper texts are about their depth, and lines would only hide it


def visible(text: str) -> str:
    """Writes what cannot be seen as its escape, but for line ends and tabs: bidirectional marks could deceive."""
    return "".join(part if part in "\n\t" else printable(part) for part in re.split("([\n\t])", text))


def highlighted(text: str) -> Markup:
    """A body as markup; compact JSON gets line breaks, and not a character of it changes otherwise."""
    signs = _TOKEN.findall(text)
    if not text.lstrip().startswith(("{", "[")):
        return as_text(visible(text))
    spread = _may_be_spread(signs)
    parts: list[Markup] = []
    depth = 0
    for position, sign in enumerate(signs):
        following = signs[position + 1] if position + 1 < len(signs) else ""
        before = signs[position - 1] if position else ""
        if sign in "}]":
            depth -= 1
            if spread and before not in ("{", "["):
                parts.append(_line(depth))
        parts.append(_marked(sign, is_key=following == ":"))
        if sign in "{[":
            depth += 1
            if spread and following not in ("}", "]"):
                parts.append(_line(depth))
        elif spread and sign == ",":
            parts.append(_line(depth))
        elif spread and sign == ":":
            parts.append(Markup(" "))
    return Markup("").join(parts)


def _may_be_spread(signs: list[str]) -> bool:
    deepest = depth = 0
    for sign in signs:
        if sign.isspace():
            return False  # its own spaces are part of what was sent
        depth += (sign in "{[") - (sign in "}]")
        deepest = max(deepest, depth)
    return deepest <= _DEEPEST


def _line(depth: int) -> Markup:
    return as_text("\n" + "  " * max(0, depth))


def _marked(sign: str, *, is_key: bool) -> Markup:
    text = as_text(visible(sign))
    if sign.startswith('"'):
        return Markup('<i class="{}">{}</i>').format("k" if is_key else "s", text)
    if sign in "{}[],:" or sign.isspace():
        return text
    return Markup('<i class="n">{}</i>').format(text)
