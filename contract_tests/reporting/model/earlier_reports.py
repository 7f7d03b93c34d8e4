"""Reports of schema 1.1 and 1.2, read as those of 2.0: they are converted, and what they lack is empty."""

from __future__ import annotations

from typing import Any

from callback_contract.contract_tests.model.profiles import (
    Profile,
    Standing,
    Want,
    applicable,
    judged_profiles,
    standing_of,
)
from callback_contract.contract_tests.model.verdicts import Means, Verdict
from callback_contract.contract_tests.reporting.model.profiles import is_conformant, profile_to_dict
from callback_contract.mock_server.client.sender import is_loopback
from callback_contract.openapi.rules.catalogue import Rule, load_catalogue

__all__ = ["EARLIER", "as_of_today"]

EARLIER = ("1.1", "1.2")

# Those reports told a lack of means in words alone; the words are theirs and change no more.
_LACKED = {
    "needs read-back": Means.READ_BACK,
    "needs a read-back that shows": Means.SHOWN_LAST,
    "needs signed deliveries": Means.SCHEME,
    "needs a secret": Means.SECRET,
    "needs recorded deliveries": Means.RECORDINGS,
    "needs several deliveries": Means.AT_ONCE,
    "plain http:// has no TLS": Means.TLS,
    "TLS is judged without --proxy": Means.TLS,
    "the host was not reached for a look at its TLS": Means.TLS,
}


def as_of_today(report: dict[str, Any]) -> dict[str, Any]:
    """Converts a valid report of an earlier schema, as far as it goes; a flaw that is left is found by the schema."""
    known = {rule.id: rule for rule in load_catalogue().rules}
    rules = [_converted(row, known) for row in report["rules"]]
    profiles = _profiles(report | {"rules": rules}, known)
    return report | {
        "schema_version": "2.0",
        "rules": rules,
        "profiles": [profile_to_dict(profile) for profile in profiles],
        "conformant": is_conformant(profiles),
    }


def _converted(row: dict[str, Any], known: dict[str, Rule]) -> dict[str, Any]:
    kept = {key: value for key, value in row.items() if key != "blocked"}
    unjudged = row["verdict"] == "not applicable"
    lacks = sorted({means for words, means in _LACKED.items() if unjudged and row["reason"].startswith(words)})
    return kept | {
        "profile": known[row["id"]].profile if row["id"] in known else "answers",
        "verdict": "blocked" if row["blocked"] else row["verdict"],
        "lacks": [] if row["blocked"] else lacks,
        "blocked_by": [],
    }


def _profiles(report: dict[str, Any], known: dict[str, Rule]) -> tuple[Profile, ...]:
    rows = {row["id"]: row for row in report["rules"]}
    urls = [report["receiver"]["url"], *report["receiver"].get("urls", {}).values()]
    applying = applicable(
        signed=bool(report["run"]["options"].get("signature")),
        by_tls=any(url.startswith("https:") or not is_loopback(url) for url in urls),
        recorded="samples" in report,
    )
    standings = [_standing(report, rule, rows.get(rule_id)) for rule_id, rule in known.items()]
    return judged_profiles((s for s in standings if s), applying, quick=report["run"]["depth"] == "quick")


def _standing(report: dict[str, Any], rule: Rule, row: dict[str, Any] | None) -> Standing | None:
    if row is not None:
        blocked = row["verdict"] == "blocked"
        return standing_of(rule, Verdict(row["verdict"]), lacks=row["lacks"], blocked=blocked)
    if rule.id in report["not_reached"]:
        return standing_of(rule, None, left=Want.ENDED)
    if any(left["id"] == rule.id for left in report.get("frozen", {"left_out": ()})["left_out"]):
        return standing_of(rule, None, left=Want.FROZEN)
    if report["selection"]["rules"] < report["selection"]["of_rules"]:
        return standing_of(rule, None, left=Want.SELECTION)
    return None  # the kit of that report did not have it
