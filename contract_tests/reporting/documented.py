"""Decides which places of the published documentation a report links to; without a site it links to none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from openapi.documenting.published import Site, site_at

if TYPE_CHECKING:
    from openapi.model import Contract

__all__ = ["Link", "docs_of", "finding_links", "rule_link"]

Link = Callable[[str], str]
"""The URL in a language."""


def docs_of(site: Site, contract: Contract, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a report tells of the documentation: where it is, and which fields each finding's case names."""
    fields: dict[str, list[str]] = {}
    if _has_pages(contract):
        for finding in (finding for rule in rules for finding in rule["findings"]):
            known = {member.pointer for member in contract.callback(finding["callback"]).members if member.pointer}
            words = dict.fromkeys(word.strip(",:;") for word in finding["case"].split())
            fields[finding["id"]] = [word for word in words if word in known]
    return {"url": site.url, "fields": fields}


def _has_pages(contract: Contract) -> bool:
    """Whether `docs` writes pages of its callbacks: it takes the kit's own kind of contract only."""
    from openapi.errors import KitError
    from openapi.loading import load_contract

    try:
        load_contract(contract.path)
    except (KitError, OSError):
        return False
    return True


def rule_link(report: Mapping[str, Any], rule_id: str) -> Link | None:
    """Where a rule is explained."""
    site = _site(report)
    return None if site is None else lambda lang: site.link(lang, "rule", rule_id)


def finding_links(report: Mapping[str, Any], finding: Mapping[str, Any]) -> list[tuple[str, Link]]:
    """A finding's callback and the fields that its case names, each with where it is described."""
    site, callback = _site(report), finding["callback"]
    if site is None or finding["id"] not in report["docs"]["fields"]:
        return []

    def field(pointer: str) -> tuple[str, Link]:
        return pointer, lambda lang: site.link(lang, "field", callback, pointer)

    page: Link = lambda lang: site.link(lang, "callback", callback)  # noqa: E731  # its fields follow it
    return [(callback, page), *map(field, report["docs"]["fields"][finding["id"]])]


def _site(report: Mapping[str, Any]) -> Site | None:
    # A report is a file that anybody can edit: what stands there is looked at as if it were typed.
    return site_at(report["docs"]["url"], "/docs/url") if "docs" in report else None
