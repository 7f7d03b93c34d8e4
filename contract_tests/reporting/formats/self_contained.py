"""Self-contained page: a template rendered with its style and script inside, in both languages; it loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from callback_contract.openapi.documents.templates import kept_templates, source_hash
from callback_contract.openapi.pages.design import bilingual_script, shared_style

__all__ = ["rendered", "templates_in"]


def templates_in(folder: Path, pages: str) -> Environment:
    """Return the templates of a folder; they escape every value that is not markup.

    Args:
        pages: The kind of pages, by which compiled templates are kept.
    """
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=kept_templates(pages),
    )


def rendered(templates: Environment, name: str, /, *, style: str, script: str = "", **values: Any) -> str:
    """Return a page; its content security policy allows this style and this script alone.

    Args:
        style: The page's own, after the shared one.
        script: The page's own, after the shared one.
        values: What the template shows.
    """
    style, script = shared_style() + style, bilingual_script() + script
    return templates.get_template(name).render(
        style=Markup(style),  # noqa: S704  # the kit's own file
        script=Markup(script),  # noqa: S704  # the kit's own file
        style_hash=source_hash(style),
        script_hash=source_hash(script),
        **values,
    )
