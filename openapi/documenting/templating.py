"""Template environment: filters and scripts of every page, and its style, with the policy that allows only these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

from callback_contract.openapi import documenting
from callback_contract.openapi.documenting.content import markdown
from callback_contract.openapi.documenting.content.links import address, anchor, chapter_file, rule_page
from callback_contract.openapi.documenting.content.syntax_colouring import coloured_source
from callback_contract.openapi.documenting.content.words import LANGUAGES
from callback_contract.openapi.documents.templates import source_hash
from callback_contract.openapi.pages.design import as_text, packed, shared_script, shared_style
from callback_contract.openapi.text.message import translated
from callback_contract.openapi.text.printable import shell_word

__all__ = ["dressed", "environment"]

_CLASSES = re.compile('class="([^"]*)"')
_ADDED = frozenset(["js", "open", "empty", "small", "copy"])  # by the page's script
_COMMA = re.compile(r",(?![^()]*\))")
_INNER = re.compile(r"\([^()]*\)")  # of :is() and :not()
_NAMED = re.compile(r"\.([a-zA-Z][\w-]*)")


def _asset(name: str) -> str:
    """Return one of the assets, as short as it gets: each page contains it."""
    text = files(documenting).joinpath(f"assets/{name}").read_text("utf-8")
    return _packed(text) if name.endswith(".js") else text


def dressed(page: str) -> str:
    """Return a page with its style, and with the policy that allows only what it contains to act."""
    style = _style_of(frozenset(name for names in _CLASSES.findall(page) for name in names.split()))
    # Only these three texts can act; a script in a description cannot.
    policy = (
        f"default-src 'none'; style-src {source_hash(style)}; "
        f"script-src {source_hash(_early())} {source_hash(_late())}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    # Both stand in the head, before any text of a contract.
    page = page.replace('Security-Policy" content=""', f'Security-Policy" content="{escape(policy)}"', 1)
    return page.replace("<style></style>", f"<style>{style}</style>", 1)


@lru_cache(maxsize=256)
def _style_of(classes: frozenset[str]) -> str:
    """Return the style without the rules of classes that a page does not have: a third of it, in each page."""
    return _kept(shared_style() + packed(_asset("site.css")), classes | _ADDED)


def _kept(style: str, classes: frozenset[str]) -> str:
    kept = []
    for prelude, block in _rules(style):
        if prelude.startswith("@media"):
            kept.append(f"{prelude}{{{_kept(block, classes)}}}")
        elif prelude.startswith("@"):
            kept.append(f"{prelude}{{{block}}}")
        else:
            parts = [each for each in _COMMA.split(prelude) if set(_NAMED.findall(_INNER.sub("", each))) <= classes]
            kept += [f"{','.join(parts)}{{{block}}}"] if parts else []
    return "".join(kept)


def _rules(style: str) -> Iterator[tuple[str, str]]:
    """Yield each rule of a style sheet: what stands before its braces, and between them."""
    depth = begin = opened = 0
    for at, character in enumerate(style):
        if character == "{":
            depth += 1
            opened = at if depth == 1 else opened
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield style[begin:opened].strip(), style[opened + 1 : at]
                begin = at + 1


@cache
def _early() -> str:
    return _packed(shared_script()) + "\n" + _asset("early.js")


@cache
def _late() -> str:
    return _asset("site.js")


_LITERAL_OR_CODE = re.compile(r""""(?:\\.|[^"\\\n])*"|(?<=[(=,!] |.[(=,!])/(?:\\.|[^/\\\n])+/|[^"/]+|/""")


def _packed(text: str) -> str:
    """Return a script without comment lines, indentation and the blanks around signs outside of its texts."""
    lines = text.splitlines()
    bare = "\n".join(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("// "))
    parts = _LITERAL_OR_CODE.findall(bare)
    return "".join(part if part[0] in '"/' else re.sub(r" ?([{}()=;,:<>!&|?*]) ?", r"\1", part) for part in parts)


@cache
def environment() -> Any:
    """Return the environment of the templates, with all constant values."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from callback_contract.openapi.documents.templates import kept_templates

    made = Environment(
        loader=PackageLoader("callback_contract.openapi.documenting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=kept_templates("documentation"),
    )
    made.globals |= {
        "policy": "",  # it and the style come last, see `dressed`
        "style": "",
        "early": Markup(_early()),  # noqa: S704  # our own files
        "late": Markup(_late()),  # noqa: S704
        "address": address,
        "anchor": anchor,
        "chapter_file": chapter_file,
        "rule_page": rule_page,
        "language_names": LANGUAGES,
        "coloured_source": coloured_source,
    }
    made.filters |= {
        "text": as_text,
        "inline": markdown.inline,
        "markdown": markdown.rendered,
        "plain": markdown.plain,
        "word": shell_word,
        "said": translated,
    }
    return made
