"""Words that say each profile of a run, from a report alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from callback_contract.contract_tests.reporting.model.outcome import not_judged
from callback_contract.openapi.text.message import (
    ENGLISH,
    Text,
    Unknown,
    details_of,
    joined,
    listed,
    text_of,
    translated,
)

__all__ = [
    "Unjudged",
    "judged_names",
    "profiles_in_order",
    "profiles_line",
    "profiles_said",
    "unjudged",
    "unjudged_names",
]

_ORDER = ("conformant", "not conformant", "not judged")
_MOST_NAMED = 3


def profiles_line(report: dict[str, Any], language: str = ENGLISH) -> str:
    """One line that says all profiles."""
    return " · ".join(profiles_said(report, language))


def profiles_said(report: dict[str, Any], language: str = ENGLISH) -> list[str]:
    """Each profile that applies with its verdict: what is conformant first, what nobody judged last."""
    profiles = profiles_in_order(report)
    erred = {rule["id"] for rule in report["rules"] if rule["verdict"] == "error"}
    said = [_said(profile, erred, is_first=number == 0) for number, profile in enumerate(profiles)]
    return [translated(each, language) for each in said]


def profiles_in_order(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The profiles as they are told: what is conformant first, what nobody judged last."""
    return sorted(report["profiles"], key=lambda profile: _ORDER.index(profile["verdict"]))


@dataclass(frozen=True)
class Unjudged:
    """Rules that were not judged, or not all of them, for one reason.

    Attributes:
        wanted: What would judge them; empty where nothing would.
    """

    rules: tuple[str, ...]
    reason: str
    wanted: str


def unjudged(report: dict[str, Any]) -> list[Unjudged]:
    """All that was not judged, by its reason: rules with such a verdict, rules without one, and less than all cases."""
    groups = [_unjudged(reason, rules) for reason, rules in not_judged(report).items()]
    if report["not_reached"]:
        groups.append(Unjudged(tuple(report["not_reached"]), Text("page.not_reached"), Text("profile.judge-ended")))
    told = {rule for group in groups for rule in group.rules}
    return groups + [gap for gap in _gaps(report) if not told & set(gap.rules)]


def _unjudged(reason: str, rules: list[dict[str, Any]]) -> Unjudged:
    with contextlib.suppress(Unknown):  # a newer kit said it
        said = rules[0].get("texts", {}).get("reason")
        reason = text_of(said) if said else reason
    parts = reason.arguments["parts"] if isinstance(reason, Text) and reason.key == "joined.joined" else (reason,)
    details = [details_of(part) if isinstance(part, Text) else (str(part), "") for part in parts]  # type: ignore[union-attr]
    what, wanted = joined(what for what, _ in details), joined(wanted for _, wanted in details)
    lacks = [Text(f"profile.wants-{means}") for means in rules[0]["lacks"]]
    blocked = [_wanted({"want": "blocked", "by": rules[0]["blocked_by"]})] if rules[0]["verdict"] == "blocked" else []
    return Unjudged(tuple(rule["id"] for rule in rules), what, wanted or joined([*lacks, *blocked]))


def _gaps(report: dict[str, Any]) -> Iterator[Unjudged]:
    for want in ("depth", "selection", "frozen", "contract"):
        gaps = [gap for profile in report["profiles"] for gap in profile["gaps"] if gap["want"] == want]
        rules = tuple(dict.fromkeys(rule for gap in gaps for rule in gap["rules"]))
        if rules:
            yield Unjudged(rules, Text(f"profile.gap-{want}"), Text(f"profile.judge-{want}"))


def judged_names(report: dict[str, Any]) -> list[str]:
    """The names of the profiles that have a verdict on the receiver."""
    return [profile["name"] for profile in report["profiles"] if profile["verdict"] != "not judged"]


def unjudged_names(report: dict[str, Any]) -> list[str]:
    """The names of the profiles that nobody judged."""
    return [profile["name"] for profile in report["profiles"] if profile["verdict"] == "not judged"]


def _said(profile: dict[str, Any], erred: set[str], *, is_first: bool) -> Text:
    verdict = profile["verdict"]
    what: str = ""
    number = profile["judged"]
    if verdict == "not conformant":
        broken = [rule for rule in profile["broken"] if rule not in erred]
        number = len(profile["broken"]) - len(broken)
        told = listed(broken) if len(broken) <= _MOST_NAMED else _count(len(broken))
        what = joined([told if broken else "", Text("profile.erred", count=number) if number else ""])
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
