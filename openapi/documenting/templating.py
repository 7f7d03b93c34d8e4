"""Template environment: style, scripts and filters of every page, with the policy that allows only these."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from callback_contract.openapi import documenting
from callback_contract.openapi.documenting.content import markdown
from callback_contract.openapi.documenting.content.links import address, anchor
from callback_contract.openapi.documenting.content.syntax_colouring import as_text, coloured_source
from callback_contract.openapi.documenting.content.words import LANGUAGES
from callback_contract.openapi.documents.templates import source_hash
from callback_contract.openapi.pages.design import packed, shared_script, shared_style
from callback_contract.openapi.text.printable import shell_word

__all__ = ["environment"]


def _asset(name: str) -> str:
    """Return one of the assets without indentation and comment lines.

    Each page contains it.
    """
    return _packed(files(documenting).joinpath(f"assets/{name}").read_text("utf-8"))


def _packed(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("// "))


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
    style = shared_style() + packed(_asset("site.css"))
    early, late = _packed(shared_script()) + "\n" + _asset("early.js"), _asset("site.js")
    made.globals |= {
        # Only these three texts can act; a script in a description cannot.
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
