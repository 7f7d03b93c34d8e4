"""Syntax colouring: marks up JSON whose keys link to their fields, and source files of receivers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

from markupsafe import Markup

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.pages.design import as_text

__all__ = ["coloured_json", "coloured_source"]

Link = Callable[[str], str]
"""The URL of the field at a pointer, empty when the contract names none."""


def coloured_json(value: jp.Json, link: Link = lambda _: "") -> Markup:
    """Write a JSON value in lines; without its tags the text is the JSON itself."""
    return _written(value, (), "", link)


def _written(value: jp.Json, path: tuple[str | int, ...], indent: str, link: Link) -> Markup:
    if isinstance(value, dict) and value:
        parts = [
            _key(name, link(jp.join((*path, name)))) + ": " + _written(item, (*path, name), indent + "  ", link)
            for name, item in value.items()
        ]
        return _lines(parts, "{", "}", indent)
    if isinstance(value, list) and value:
        return _lines([_written(item, (*path, 0), indent + "  ", link) for item in value], "[", "]", indent)
    shown = json.dumps(value, ensure_ascii=False)
    return _span("s" if isinstance(value, str) else "n", shown)


def _key(name: str, url: str) -> Markup:
    shown = json.dumps(name, ensure_ascii=False)
    if url:
        return Markup('<a class="k" href="{}">{}</a>').format(url, as_text(shown))
    return _span("k", shown)


def _span(name: str, text: str) -> Markup:
    return Markup('<i class="{}">{}</i>').format(name, as_text(text))


def _lines(parts: list[Markup], opening: str, closing: str, indent: str) -> Markup:
    inside = Markup(",\n").join(Markup("{}  ").format(indent) + part for part in parts)
    return Markup("{}\n{}\n{}{}").format(opening, inside, indent, closing)


@cache
def coloured_source(text: str, language: str) -> Markup:
    """Colour a source file in five classes; an unknown language stays uncoloured."""
    from pygments import lex  # type: ignore[import-untyped]
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.token import Comment, Keyword, Literal, Name, String  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    classes = ((Comment, "c"), (String.Doc, "c"), (String, "s"), (Literal, "n"), (Keyword, "w"), (Name.Decorator, "w"))
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return as_text(text)
    # Neighbours of one class share a tag: half the bytes.
    runs: list[tuple[str, str]] = []
    for kind, part in lex(text, lexer):
        name = next((name for token, name in classes if kind in token), "")
        if runs and (runs[-1][0] == name or not part.strip()):
            runs[-1] = (runs[-1][0], runs[-1][1] + part)
        else:
            runs.append((name, part))
    return Markup("").join(_span(name, part) if name else as_text(part) for name, part in runs)
