"""Decides how the catalogue is shown in a terminal."""

from __future__ import annotations

import textwrap

import click

from openapi.catalogue import Catalogue, Rule, load_catalogue
from openapi.errors import CatalogueError

__all__ = ["rules"]


@click.command()
@click.argument("names", nargs=-1, metavar="[ID|CHAPTER]...")
def rules(names: tuple[str, ...]) -> None:
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
        click.echo("\n\n".join(explained(rule, catalogue) for rule in chosen))
    else:
        click.echo(listed(chosen, catalogue))


def listed(chosen: tuple[Rule, ...], catalogue: Catalogue) -> str:
    """One line per rule, by chapter."""
    lines: list[str] = []
    for chapter, title in catalogue.chapters.items():
        of_chapter = [rule for rule in chosen if rule.chapter == chapter]
        if of_chapter:
            lines += ["", f"{chapter}  {title}"]
            lines += [f"  {rule.id}  {rule.level:6}  {rule.statement}" for rule in of_chapter]
    return "\n".join(lines[1:])


def explained(rule: Rule, catalogue: Catalogue) -> str:
    """Everything about one rule, for an engineer whose receiver broke it."""
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
    return "\n".join(lines)
