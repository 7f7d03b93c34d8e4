"""HTML report: renders `report.html` from a report alone, as one page that loads nothing and escapes everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from callback_contract.contract_tests.reporting.formats import pictures
from callback_contract.contract_tests.reporting.formats.highlighting import highlighted, visible
from callback_contract.contract_tests.reporting.formats.profile_words import profiles_in_order, profiles_said, unjudged
from callback_contract.contract_tests.reporting.formats.self_contained import rendered, templates_in
from callback_contract.contract_tests.reporting.formats.words import LANGUAGES, both, of_sender, plain, said, told
from callback_contract.contract_tests.reporting.model.causes import by_cause
from callback_contract.contract_tests.reporting.model.documentation_links import Link, finding_links, rule_link
from callback_contract.contract_tests.reporting.model.outcome import (
    BROKEN,
    blocks_the_gate,
    broken_rules,
    counts,
    outcome,
)
from callback_contract.openapi.pages.design import as_text
from callback_contract.openapi.rules.catalogue import SEEN, Catalogue
from callback_contract.openapi.text.message import translated

__all__ = ["Texts", "report_html"]


@dataclass(frozen=True)
class Texts:
    """Chinese texts; what is missing is shown in English.

    Attributes:
        chapters: Titles by chapter.
        rules: `statement`, `why`, `remedy` and `source` by the rule's id.
    """

    chapters: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Texts:
        """The texts of a catalogue that is in Chinese."""
        parts = ("statement", "why", "remedy", *(f"remedy_{seen}" for seen in SEEN), "source")
        texts = {rule.id: {part: getattr(rule, part) for part in parts} for rule in catalogue.rules}
        return cls(catalogue.chapters, texts)


_PAGE = Path(__file__).with_name("page")
_TONES = {"conformant": "good", "broken": "bad", "error": "bad"}
_PROFILE_TONES = {"conformant": "good", "not conformant": "bad", "not judged": "not-applicable"}
_SIGNS = {"good": "M6.5 12.5l4 4 7-8", "bad": "M8 8l8 8M16 8l-8 8", "warn": "M12 6.5v7M12 17.4v.1"}


def report_html(report: dict[str, Any], chinese: Texts | None = None, since: Mapping[str, str] | None = None) -> str:
    """Writes a report as a page; all markup in the report is shown as text.

    Args:
        since: The day since which a rule is known to be broken, by its id.
    """
    result, tone = outcome(report), _TONES.get(outcome(report), "warn")
    name = visible(report["receiver"]["name"])
    return rendered(
        _environment(report, chinese or Texts()),
        "page.html.j2",
        report=report,
        style=(_PAGE / "page.css").read_text("utf-8"),
        script=(_PAGE / "page.js").read_text("utf-8"),
        title_en=f"{name}: {plain(result)[0].lower()} – {plain('title')[0]}",
        title_zh=f"{name}：{plain(result)[1]} – {plain('title')[1]}",
        outcome=result,
        tone=tone,
        sign=_SIGNS[tone],
        profiles=_profiles(report),
        musts=sum(blocks_the_gate(rule) for rule in report["rules"]),
        shoulds=sum(rule["level"] == "SHOULD" and rule["verdict"] in {"warn", "flaky"} for rule in report["rules"]),
        strict_matters=report["exit_code"] == 1 and result != "broken",
        judged=sum(rule["verdict"] not in {"not applicable", "blocked"} for rule in report["rules"]),
        selected=report["selection"]["rules"] < report["selection"]["of_rules"]
        or report["selection"]["callbacks"] < report["selection"]["of_callbacks"],
        options=_options(report["run"]["options"]),
        mark=Markup("<code>{}</code>").format(report["ids_sent"]["mark"].replace("{run}", report["run"]["id"])),
        tally=_tally(report),
        bursts=pictures.by_size(report["run"]["burst"]),
        broken=broken_rules(report),
        again=_again(report),
        causes=by_cause(report),
        broken_verdicts=BROKEN,
        since=since or {},
        unjudged=_unjudged(report),
        known_ids={rule["id"] for rule in report["rules"]},
        levels=sorted({rule["level"] for rule in report["rules"]}),
        by_chapter=_by_chapter(report["rules"]),
    )


def _by_chapter(rules: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each chapter with its rules; those that are judged last stand in their chapters, too."""
    chapters = list(dict.fromkeys(rule["chapter"] for rule in rules))
    ordered = sorted(rules, key=lambda rule: chapters.index(rule["chapter"]))
    return [(key, list(group)) for key, group in groupby(ordered, key=lambda rule: rule["chapter"])]


def _environment(report: dict[str, Any], chinese: Texts) -> Environment:
    environment = templates_in(_PAGE, "report")

    def text(rule: dict[str, Any], part: str) -> Markup:
        texts = chinese.rules.get(rule["id"], {})
        seen = texts.get(f"remedy_{rule.get('seen')}", "") if part == "remedy" else ""
        return told(rule[part], seen or texts.get(part, ""))

    def chapter_title(chapter: str) -> Markup:
        return told(report["chapters"].get(chapter, chapter), chinese.chapters.get(chapter, ""))

    def linked(text: str | Markup, link: Link | None) -> Markup:
        """A text that leads to its page in the language that is read."""
        anchor = Markup('<a href="{}" rel="noreferrer">{}</a>')
        return told(*(anchor.format(link(lang), text) for lang in LANGUAGES)) if link else escape(text)

    def documented(finding: dict[str, Any]) -> list[Markup]:
        return [linked(visible(name), link) for name, link in finding_links(report, finding)]

    environment.globals |= {
        "linked": linked,
        "documented": documented,
        "rule_link": lambda rule: rule_link(report, rule["id"]),
        "t": of_sender if report.get("side") == "sender" else both,
        "text": text,
        "said": said,
        "chapter_title": chapter_title,
        "plain": plain,
        "row": pictures.ROW,
    }
    environment.filters |= {
        "text": as_text,
        "visible": visible,
        "highlighted": highlighted,
        "ends": _ends,
        "seconds": pictures.seconds,
        "latency_picture": pictures.latency_picture,
        "burst_picture": pictures.burst_picture,
        "timeline_pictures": pictures.timeline_pictures,
    }
    return environment


def _again(report: dict[str, Any]) -> str:
    """The command that plays all findings of the gravest rule again; empty where none has a finding."""
    for rule in broken_rules(report):
        for finding in rule["findings"]:
            command: str = finding["reproduce"]
            return command.replace(f" {finding['id']}", f" {rule['id']}")
    return ""


def _profiles(report: dict[str, Any]) -> list[tuple[str, Markup]]:
    """Each profile with its tone and its words."""
    said = zip(*(profiles_said(report, language) for language in LANGUAGES), strict=True)
    tones = [_PROFILE_TONES[profile["verdict"]] for profile in profiles_in_order(report)]
    return [(tone, told(*map(visible, words))) for tone, words in zip(tones, said, strict=True)]


def _unjudged(report: dict[str, Any]) -> list[dict[str, Any]]:
    def in_both(text: str) -> Markup:
        return told(*(visible(translated(text, language)) for language in LANGUAGES))

    return [
        {
            "rules": group.rules,
            "reason": in_both(group.reason),
            "wanted": in_both(group.wanted) if group.wanted else both("nothing_would"),
        }
        for group in unjudged(report)
    ]


def _options(options: Mapping[str, Any]) -> str:
    """Options that were given, as words."""
    told = []
    for key, value in options.items():
        if value or (value == 0 and value is not False):
            listed = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown = "on" if value is True else f"{value:g}" if isinstance(value, float) else listed
            told.append(f"{key.replace('_', '-')} {shown}")
    return ", ".join(told)


def _tally(report: dict[str, Any]) -> list[dict[str, Any]]:
    parts, x = [], 0
    for verdict, count in counts(report).items():
        parts.append({"verdict": verdict, "count": count, "x": x})
        x += count
    return parts


def _ends(exchanges: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The first ones and the last ones, with their numbers: what was first and what came of it tell most."""
    numbered = [{**exchange, "number": number} for number, exchange in enumerate(exchanges, 1)]
    return numbered if len(numbered) <= most else numbered[:3] + numbered[3 - most :]
