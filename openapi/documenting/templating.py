"""Decides what every template is given: our style and scripts with the policy that allows them alone, and filters."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from openapi import documenting
from openapi.documenting import markdown
from openapi.documenting.colouring import as_text, coloured_source
from openapi.documenting.links import address, anchor
from openapi.documenting.words import LANGUAGES
from openapi.policy import source_hash
from openapi.printing import shell_word

__all__ = ["environment"]


def _asset(name: str) -> str:
    """One of our own files without its indentation and lines of comment: it stands in every page."""
    lines = files(documenting).joinpath(f"assets/{name}").read_text("utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("// "))


@cache
def environment() -> Any:
    """The templates' environment, with all that does not change from page to page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from openapi.templates import kept_templates

    made = Environment(
        loader=PackageLoader("openapi.documenting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=kept_templates("documentation"),
    )
    style, early, late = (_asset(name) for name in ("site.css", "early.js", "site.js"))
    made.globals |= {
        # Only these three texts may act; whatever a description smuggled in could not.
        "policy": f"default-src 'none'; style-src {source_hash(style)}; "
        f"script-src {source_hash(early)} {source_hash(late)}; "
        "img-src data:; base-uri 'none'; form-action 'none'",
        "style": Markup(style),  # noqa: S704  # our own files
        "early": Markup(early),  # noqa: S704
        "late": Markup(late),  # noqa: S704
        "address": address,
        "anchor": anchor,
        "language_names": LANGUAGES,
        "coloured_source": coloured_source,
    }
    made.filters |= {
        "text": as_text,
        "inline": markdown.inline,
        "markdown": markdown.rendered,
        "plain": markdown.plain,
        "word": shell_word,
    }
    return made
