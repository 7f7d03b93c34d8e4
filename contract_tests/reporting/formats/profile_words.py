"""Words that say each profile of a run, from a report alone."""

from __future__ import annotations

from typing import Any

from callback_contract.openapi.text.message import ENGLISH, Text, joined, listed, translated

__all__ = ["judged_names", "profiles_line", "profiles_said", "unjudged_names"]

_ORDER = ("conformant", "not conformant", "not judged")
_MOST_NAMED = 3


def profiles_line(report: dict[str, Any], language: str = ENGLISH) -> str:
    """One line that says all profiles."""
    return " · ".join(profiles_said(report, language))


def profiles_said(report: dict[str, Any], language: str = ENGLISH) -> list[str]:
    """Each profile that applies with its verdict: what is conformant first, what nobody judged last."""
    profiles = sorted(report["profiles"], key=lambda profile: _ORDER.index(profile["verdict"]))
    said = [_said(profile, is_first=number == 0) for number, profile in enumerate(profiles)]
    return [translated(each, language) for each in said]


def judged_names(report: dict[str, Any]) -> list[str]:
    """The names of the profiles that have a verdict on the receiver."""
    return [profile["name"] for profile in report["profiles"] if profile["verdict"] != "not judged"]


def unjudged_names(report: dict[str, Any]) -> list[str]:
    """The names of the profiles that nobody judged."""
    return [profile["name"] for profile in report["profiles"] if profile["verdict"] == "not judged"]


def _said(profile: dict[str, Any], *, is_first: bool) -> Text:
    verdict = profile["verdict"]
    what: str = ""
    number = profile["judged"]
    if verdict == "not conformant":
        broken = profile["broken"]
        what = listed(broken) if len(broken) <= _MOST_NAMED else _count(len(broken))
    if verdict == "not judged":
        number = len({rule for gap in profile["gaps"] for rule in gap["rules"]})
        about = [] if profile["judged"] else [Text(f"profile.about-{profile['name']}")]
        what = joined([*about, *map(_wanted, profile["gaps"])])
    # What a number counts is said where it first stands.
    count = number if verdict == "conformant" and not is_first else _count(number)
    name = Text(f"profile.{profile['name']}")
    return Text(f"profile.{verdict.replace(' ', '-')}", name=name, count=count, what=what)


def _wanted(gap: dict[str, Any]) -> Text:
    by = listed(gap["by"][:_MOST_NAMED]) if gap["by"] else Text("profile.blockers")
    return Text(f"profile.wants-{gap['want']}", by=by)


def _count(number: int) -> Text:
    return Text("terminal.rules", count=number)
