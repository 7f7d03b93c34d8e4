"""Markdown renderer: turns descriptions into inert HTML, without scripts, raw HTML or remote images."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from markupsafe import Markup

__all__ = ["Heading", "inline", "page", "plain", "rendered"]

Heading = tuple[str, str]
"""An anchor and its text."""


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    # HTML is shown as text, and images are left out, since each would be a request to a foreign server.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.add_render_rule("link_open", _link)
    return parser


def _link(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    if re.match(r"[a-z]+:", str(tokens[index].attrGet("href")), re.IGNORECASE):
        tokens[index].attrSet("rel", "noreferrer noopener external")
    return str(self.renderToken(tokens, index, options, env))


def rendered(text: str) -> Markup:
    """Render a text of paragraphs, lists and tables."""
    return Markup(_parser().render(text))  # noqa: S704  # the parser escapes all HTML of the text


@lru_cache(maxsize=4096)  # the callbacks of a large contract share most of their fields
def inline(text: str) -> Markup:
    """Render one line: code, emphasis and links."""
    return Markup(_parser().renderInline(" ".join(text.split())))  # noqa: S704  # as above


def plain(text: str) -> str:
    """Return the text without its marks, for search."""
    return " ".join(re.sub(r"[`*]|\[([^\[\]]*)\]\([^()]*\)", r"\1", text).split())


def page(text: str, prefix: str) -> tuple[Markup, list[Heading]]:
    """Render a Markdown file without its first heading.

    Each second-level heading gets an anchor.
    """
    tokens = _parser().parse(re.sub(r"\A\s*# .*\n", "", text))
    headings: list[Heading] = []
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2":
            name = re.sub(r"[^a-z0-9]+", "-", content.content.lower()).strip("-")
            opening.attrSet("id", f"{prefix}-{name}")
            headings.append((f"{prefix}-{name}", content.content))
    html = _parser().renderer.render(tokens, _parser().options, {})
    return Markup(html), headings  # noqa: S704  # as above
