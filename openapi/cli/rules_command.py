"""`rules` command: lists the rules, or explains single rules, in a terminal."""

from __future__ import annotations

import textwrap

import click

from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.documenting.content.links import address
from callback_contract.openapi.documenting.published import BUILT_BY, docs_url_option, site_of
from callback_contract.openapi.rules.catalogue import Catalogue, Rule, load_catalogue
from callback_contract.openapi.text.errors import CatalogueError

__all__ = ["rules"]


@click.command()
@click.argument("names", nargs=-1, metavar="[ID|CHAPTER]...")
@docs_url_option
def rules(names: tuple[str, ...], docs_url: str | None) -> None:
    """List the rules, or explain those that are named.

    \b
    callback-contract rules            all rules by chapter
    callback-contract rules PAY        one chapter
    callback-contract rules ACK-01     why, source, and what to change in a receiver
    """
    catalogue = load_catalogue()
    try:
        chosen = catalogue.select(names)
    except CatalogueError as error:
        raise CatalogueError(error.what, where="rules", remedy=error.remedy) from None
    if names and not any(name.upper() in catalogue.chapters for name in names):
        click.echo("\n\n".join(explained(rule, catalogue, docs_url) for rule in chosen))
    else:
        click.echo(listed(chosen, catalogue))


def listed(chosen: tuple[Rule, ...], catalogue: Catalogue) -> str:
    """Return one line per rule, grouped by chapter."""
    lines: list[str] = []
    for chapter, title in catalogue.chapters.items():
        of_chapter = [rule for rule in chosen if rule.chapter == chapter]
        if of_chapter:
            lines += ["", f"{chapter}  {title}"]
            lines += [f"  {rule.id}  {rule.level:6}  {rule.statement}" for rule in of_chapter]
    return "\n".join(lines[1:])


def explained(rule: Rule, catalogue: Catalogue, docs_url: str | None = None) -> str:
    """Return everything about one rule, for an engineer whose receiver broke it."""
    site, place = site_of(docs_url, load_contract().document), address("rule", rule.id)
    paragraphs = [
        ("Why", rule.why),
        ("What to change", rule.remedy),
        ("Source", rule.source),
        ("Evidence", rule.evidence),
        ("Judged only if these hold", ", ".join(rule.requires) or "nothing else is required"),
        ("Since", rule.since),
        ("Note", rule.note),
        ("Not testable", rule.untestable),
    ]
    lines = [f"{rule.id} ({rule.level}, {catalogue.chapters[rule.chapter]})", rule.statement]
    for title, text in paragraphs:
        if text:
            lines += ["", f"{title}:", *textwrap.wrap(text, 96, initial_indent="  ", subsequent_indent="  ")]
    # Never wrapped, so that it can be clicked or copied.
    read = site.link("en", "rule", rule.id) if site else f"`{BUILT_BY} --out DIR` writes it: DIR/en/{place}"
    return "\n".join([*lines, "", "Documentation:", f"  {read}"])
