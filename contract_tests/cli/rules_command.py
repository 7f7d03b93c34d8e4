"""`rules` command: lists the rules, or explains single rules, in a terminal."""

from __future__ import annotations

import os
import sys
import textwrap

import click

from callback_contract.contract_tests.receivers.regions import FRAMEWORKS, code_for, region_by_rule
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.documenting.content.links import address
from callback_contract.openapi.documenting.published import BUILT_BY, docs_url_option, site_of
from callback_contract.openapi.rules.catalogue import SEEN, SIDES, Catalogue, Rule, load_catalogue
from callback_contract.openapi.text.errors import CatalogueError
from callback_contract.openapi.text.language import chosen_language
from callback_contract.openapi.text.message import ENGLISH, Text, translated

__all__ = ["rules"]

_WIDTH = {"en": 96, "zh": 48}  # signs of a line; a Chinese one is twice as wide


@click.command()
@click.argument("names", nargs=-1, metavar="[ID|CHAPTER]...")
@docs_url_option
@click.option("--side", type=click.Choice(SIDES), metavar="SIDE", help="Rules on receivers or senders. [receiver]")
@click.option(
    "--framework",
    type=click.Choice(list(FRAMEWORKS), case_sensitive=False),
    metavar="NAME",
    help=f"Show the lines to change in it: {', '.join(FRAMEWORKS)}.",
)
def rules(names: tuple[str, ...], docs_url: str | None, framework: str | None, side: str | None) -> None:
    """List the rules, or explain those that are named.

    \b
    callback-contract rules            all rules by chapter
    callback-contract rules PAY        one chapter
    callback-contract rules ACK-01     why, source, and what to change in a receiver
    callback-contract rules --side sender    all rules on senders
    """
    language = chosen_language(sys.argv[1:], os.environ)
    catalogue = load_catalogue(side=side or _side_of(names)).in_language(language)
    try:
        chosen = catalogue.select(names)
    except CatalogueError as error:
        raise CatalogueError(error.what, where="rules", remedy=error.remedy) from None
    if names and not any(name.upper() in catalogue.chapters for name in names):
        click.echo("\n\n".join(explained(rule, catalogue, docs_url, language, framework or "") for rule in chosen))
    else:
        click.echo(listed(chosen, catalogue))


def _side_of(names: tuple[str, ...]) -> str:
    """The side that a named rule or chapter belongs to; that of receivers without a name."""
    of_sender = load_catalogue(side="sender")
    known = {*of_sender.chapters, *(rule.id for rule in of_sender.rules)}
    return "sender" if names and all(name.upper() in known for name in names) else SIDES[0]


def listed(chosen: tuple[Rule, ...], catalogue: Catalogue) -> str:
    """Return one line per rule, grouped by chapter."""
    lines: list[str] = []
    for chapter, title in catalogue.chapters.items():
        of_chapter = [rule for rule in chosen if rule.chapter == chapter]
        if of_chapter:
            lines += ["", f"{chapter}  {title}"]
            lines += [f"  {rule.id}  {rule.level:6}  {rule.statement}" for rule in of_chapter]
    return "\n".join(lines[1:])


def explained(
    rule: Rule, catalogue: Catalogue, docs_url: str | None = None, language: str = ENGLISH, framework: str = ""
) -> str:
    """Return everything about one rule, for an engineer whose receiver broke it."""
    site, place = site_of(docs_url, load_contract().document), address("rule", rule.id)
    paragraphs = [
        (Text("rules.why"), rule.why),
        (Text("rules.remedy"), rule.remedy),
        *((Text(f"rules.remedy-{seen}"), getattr(rule, f"remedy_{seen}")) for seen in SEEN),
        (Text("rules.source"), rule.source),
        (Text("rules.evidence"), Text(f"rules.{rule.evidence}")),
        (Text("rules.requires"), ", ".join(rule.requires) if rule.requires else Text("rules.requires-nothing")),
        (Text("rules.since"), rule.since),
        (Text("rules.note"), rule.note),
        (Text("rules.untestable"), rule.untestable),
    ]
    lines = [f"{rule.id} ({rule.level}, {catalogue.chapters[rule.chapter]})", rule.statement]
    for title, text in paragraphs:
        if text:
            shown = translated(text, language)
            said = textwrap.wrap(shown, _WIDTH[language], initial_indent="  ", subsequent_indent="  ")
            lines += ["", Text("rules.title", title=title).in_language(language), *said]
    lines += _code(rule, framework, language)
    judge = Text("rules.title", title=Text("rules.judge")).in_language(language)
    command = "check-sender" if rule.side == "sender" else "check URL"
    lines += ["", judge, f"  callback-contract {command} --rules {rule.id}{rule.means}"]
    if rule.side == "sender":  # the site documents what receivers do
        return "\n".join(lines)
    # Never wrapped, so that it can be clicked or copied.
    writes = Text("rules.documentation-to-write", command=f"{BUILT_BY} --out DIR", page=f"DIR/{language}/{place}")
    read = site.link(language, "rule", rule.id) if site else writes.in_language(language)
    title = Text("rules.title", title=Text("rules.documentation"))
    return "\n".join([*lines, "", title.in_language(language), f"  {read}"])


def _code(rule: Rule, framework: str, language: str) -> list[str]:
    """The lines to change in a framework, or in which frameworks there are some."""
    if framework and (code := code_for(rule.id, framework)):
        named = Text("rules.in-framework", framework=FRAMEWORKS[framework].framework)
        title = Text("rules.title", title=named).in_language(language)
        return ["", title, *(f"  {line}" for line in code.splitlines())]
    if not framework and rule.id in region_by_rule():
        return ["", Text("rules.in-frameworks", names=tuple(FRAMEWORKS)).in_language(language)]
    return []
