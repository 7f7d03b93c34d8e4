"""Statement of conformance: what a partner shows to others, as a page of Markdown and as a badge."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from callback_contract.contract_tests.reporting.formats.junit import clean
from callback_contract.contract_tests.reporting.formats.profile_words import profiles_said
from callback_contract.contract_tests.reporting.formats.summary import escaped
from callback_contract.contract_tests.reporting.model.redaction import in_language
from callback_contract.openapi.text.message import ENGLISH, Argument, Text, joined

__all__ = ["badge_svg", "conformance_md", "in_short"]

_LONGEST = 40  # characters of a contract's version in a badge
_COLOURS = {"conformant": "#18794e", "not conformant": "#b4232c"}
_UNSURE = "#8a5a00"
_CHARACTER = 6.6  # pixels, of 11 px Verdana on average
_HEIGHT = 20


def in_short(report: dict[str, Any]) -> Text:
    """What a run comes to, in as few words as are true."""
    if report["conformant"]:
        return Text("markdown.conformant")
    if any(profile["verdict"] == "not conformant" for profile in report["profiles"]):
        return Text("markdown.not-conformant")
    told = []
    for verdict, word in (("conformant", "conformant"), ("not judged", "profile-not-judged")):
        names = [Text(f"profile.{profile['name']}") for profile in report["profiles"] if profile["verdict"] == verdict]
        told += (
            [Text("markdown.profiles-are", verdict=Text(f"markdown.{word}"), profiles=tuple(names))] if names else []
        )
    whole = not report["run"]["incomplete"] and any(
        profile["verdict"] == "conformant" for profile in report["profiles"]
    )
    return joined(told) if whole else Text("markdown.profile-not-judged")


def conformance_md(report: dict[str, Any], language: str = ENGLISH) -> str:
    """The statement as a page of Markdown."""

    def say(key: str, **arguments: Argument) -> str:
        return Text(f"markdown.{key}", **arguments).in_language(language)

    run, contract = report["run"], report["contract"]
    facts = {
        "contract": f"{contract['title']} {contract['version']}",
        "digest": f"sha256:{contract['digest']}",
        "callbacks": ", ".join(contract["callbacks"]),
        "kit": f"{report['kit']['name']} {report['kit']['version']}",
        "date": run["started_at"].replace("T", " ").replace("+00:00", " UTC"),
        "run": say("run-of", run=run["id"], depth=run["depth"], seed=run["seed"]),
    }
    lines = [f"# {say('title', receiver=escaped(report['receiver']['name']), said=in_short(report))}", ""]
    lines += [f"- {escaped(said)}" for said in profiles_said(report, language)]
    lines += ["", "| | |", "|---|---|"]
    lines += [f"| {say(name)} | {escaped(value)} |" for name, value in facts.items()]
    if run["incomplete"]:
        lines += ["", f"{say('ended-early')} {escaped(in_language(run, 'incomplete', language))}"]
    lines += ["", say("evidence")]
    return "\n".join(lines) + "\n"


def badge_svg(report: dict[str, Any]) -> str:
    """The statement as a badge, which loads nothing."""
    version, digest = report["contract"]["version"], report["contract"]["digest"][:8]
    label = clean(f"callbacks {version[:_LONGEST]} ({digest})")
    short = in_short(report)
    said = clean(f"{short} · kit {report['kit']['version']} · {report['run']['started_at'][:10]}")
    widths = [round(len(text) * _CHARACTER) + 12 for text in (label, said)]
    attributes = {"width": str(sum(widths)), "height": str(_HEIGHT), "role": "img", "aria-label": f"{label}: {said}"}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **attributes})
    ET.SubElement(svg, "title").text = clean(f"{report['contract']['title']}, run {report['run']['id']}")
    left = 0
    for text, width, colour in zip((label, said), widths, ("#3c4653", _COLOURS.get(short, _UNSURE)), strict=True):
        ET.SubElement(svg, "rect", x=str(left), width=str(width), height=str(_HEIGHT), fill=colour)
        style = {
            "y": "14",
            "fill": "#fff",
            "font-family": "Verdana,DejaVu Sans,sans-serif",
            "font-size": "11",
            "textLength": str(width - 12),
        }
        ET.SubElement(svg, "text", {"x": str(left + 6), **style}).text = text
        left += width
    return ET.tostring(svg, encoding="unicode") + "\n"
