"""Documentation links: URLs of rules and fields in the published documentation, if there is a site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from callback_contract.openapi.documenting.content.listed_fields import MOST_FIELDS, listed_fields
from callback_contract.openapi.documenting.published import Site, site_at
from callback_contract.openapi.rules.translations import ORIGINAL

if TYPE_CHECKING:
    from callback_contract.openapi.contract.model import Contract

__all__ = ["Link", "docs_of", "finding_links", "rule_link"]

Link = Callable[[str], str]
"""The URL in a language."""


def docs_of(site: Site, contract: Contract, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a report tells of the documentation: where it is, and which fields each finding's case names."""
    fields: dict[str, list[str]] = {}
    for finding in (finding for rule in rules for finding in rule["findings"]):
        known = listed_fields(contract.callback(finding["callback"]), MOST_FIELDS)
        named = dict.fromkeys(_pointers(finding.get("texts", {}).get("case")))
        fields[finding["id"]] = [pointer for pointer in named if pointer in known]
    # Somebody else's texts are in English, or in whatever language, unless an overlay brings them into another one.
    return {"url": site.url, "fields": fields} | ({"languages": [ORIGINAL]} if contract.is_foreign else {})


def _pointers(said: Any) -> Iterator[str]:
    """The members that a text quotes, in its JSON form; none of a sentence that was made of none."""
    for name, argument in said["arguments"].items() if isinstance(said, Mapping) else ():
        if name == "pointer":
            yield argument
        else:
            yield from _pointers(argument)


def rule_link(report: Mapping[str, Any], rule_id: str) -> Link | None:
    """Where a rule is explained."""
    site = _site(report)
    return None if site is None else lambda lang: site.link(_written_in(report, lang), "rule", rule_id)


def finding_links(report: Mapping[str, Any], finding: Mapping[str, Any]) -> list[tuple[str, Link]]:
    """A finding's callback and the fields that its case names, each with where it is described."""
    site, callback = _site(report), finding["callback"]
    if site is None or finding["id"] not in report["docs"]["fields"]:
        return []

    def field(pointer: str) -> tuple[str, Link]:
        return pointer, lambda lang: site.link(_written_in(report, lang), "field", callback, pointer)

    page: Link = lambda lang: site.link(_written_in(report, lang), "callback", callback)  # noqa: E731  # fields follow
    return [(callback, page), *map(field, report["docs"]["fields"][finding["id"]])]


def _written_in(report: Mapping[str, Any], lang: str) -> str:
    """The language itself where the site is written in it, else the original one."""
    return lang if lang in report["docs"].get("languages", [lang]) else ORIGINAL


def _site(report: Mapping[str, Any]) -> Site | None:
    # A report is a file that anybody can edit: what stands there is looked at as if it were typed.
    return site_at(report["docs"]["url"], "/docs/url") if "docs" in report else None
