"""Design of all pages: one style of tokens and components, and one script of light and dark, for a page to include."""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

__all__ = ["as_text", "bilingual_script", "packed", "shared_script", "shared_style"]

_FOLDER = Path(__file__).parent
_COMPONENTS = ("base", "controls", "card", "badge", "table", "code-box", "tabs")
_PAIR = re.compile(r"light-dark\(([^,()]+), ([^()]+)\)")


@cache
def shared_style() -> str:
    """The style that every page begins with; its own style holds its layout alone.

    A browser without `light-dark()` (CSS Color 5, 2024) reads the light colours.
    """
    blocks = re.findall(r":root[^{]*{[^}]*}", _read("tokens.css"))
    plain = [_PAIR.sub(r"\1", block).replace("light dark", "light") for block in blocks if "data-theme" not in block]
    themed = [block for block in blocks if "color-scheme" in block]
    tokens = [*plain, "@supports (color: light-dark(#000, #fff)) {", *themed, "}"]
    return packed("".join([*tokens, *(_read(f"components/{name}.css") for name in _COMPONENTS)]))


@cache
def shared_script() -> str:
    """The script that every page with a theme switch runs first."""
    return _read("theme.js")


def bilingual_script() -> str:
    """The shared script, and names for the script of a page that holds both languages."""
    return shared_script() + _read("bilingual.js")


def as_text(text: str) -> Markup:
    """Escape a text for a place between two tags."""
    # Between tags a quotation mark needs no entity, which would take five bytes, thousands of times.
    return Markup(html.escape(text, quote=False))  # noqa: S704  # escaped


def packed(style: str) -> str:
    """A style without its comments and most of its blanks: every page of a site contains it."""
    first, *rest = style.split("/*")
    bare = first + "".join(part.partition("*/")[2] for part in rest)
    return re.sub(r"(?<=[:,]) ", "", re.sub(r"(?<!\s)\s*+([{};])\s*+", r"\1", bare)).replace(";}", "}")


def _read(name: str) -> str:
    return _FOLDER.joinpath(name).read_text("utf-8")
