"""Profiles: the parts of what a receiver does, each with a verdict of its own (README.md, "Exit codes")."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from callback_contract.contract_tests.model.verdicts import Means, Verdict
from callback_contract.openapi.rules.catalogue import PROFILES, SENDER_PROFILES, Rule

__all__ = ["Conformance", "Gap", "Profile", "Standing", "Want", "applicable", "judged_profiles", "standing_of"]

_ALWAYS = frozenset({"answers", "state", "load", "payload", "delivery"})
_SHOWN_BY_READ_BACK = frozenset({Means.READ_BACK.value, Means.SHOWN_LAST.value, Means.APPLIED.value})
_NOT_HELD = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.ERROR, Verdict.WAIVED, Verdict.WARN})
"""Verdicts of a MUST that break a profile; a warning is one of a rule that is too new to fail a run."""

_JUDGED = _NOT_HELD | {Verdict.PASS}


class Conformance(StrEnum):
    """What is said about a profile."""

    CONFORMANT = "conformant"
    BROKEN = "not conformant"
    UNJUDGED = "not judged"


class Want(StrEnum):
    """What else than a means of `Means` would have let a rule be judged."""

    BLOCKED = "blocked"
    SELECTION = "selection"
    FROZEN = "frozen"
    ENDED = "ended"
    DEPTH = "depth"
    CONTRACT = "contract"


@dataclass(frozen=True)
class Standing:
    """What a profile sees of one rule.

    Attributes:
        verdict: None where the run has none of it.
        wants: What would let it be judged, or judged of more callbacks; empty where nothing is left out.
        blocked_by: Rules whose breaking blocks it.
    """

    id: str
    level: str
    profile: str
    verdict: Verdict | None
    wants: frozenset[str] = frozenset()
    blocked_by: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Gap:
    """Rules that were not judged for one want; `by` names the rules that block them."""

    want: str
    rules: tuple[str, ...]
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """One profile of a run.

    Attributes:
        judged: How many of its rules have a verdict on the receiver.
        broken: Its MUSTs that did not hold.
        gaps: What was not judged, by what would judge it.
    """

    name: str
    verdict: Conformance
    judged: int
    broken: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def standing_of(
    rule: Rule,
    verdict: Verdict | None,
    *,
    lacks: Collection[str] = (),
    blocked_by: Collection[str] = (),
    blocked: bool = False,
    left: str = "",
) -> Standing:
    """What a profile sees of a rule.

    Args:
        lacks: Means that it lacks.
        blocked: Whether it is blocked for one callback or all.
        left: Why the run has no verdict of it at all.
    """
    wants = set(lacks) | ({Want.BLOCKED.value} if blocked else set()) | ({left} if left else set())
    if rule.profile != "state":  # what a forgery leaves is listed, and does not count without read-back
        wants -= _SHOWN_BY_READ_BACK
    return Standing(rule.id, rule.level, rule.profile, verdict, frozenset(wants), frozenset(blocked_by) - {""})


def applicable(*, signed: bool, by_tls: bool, recorded: bool, side: str = "receiver") -> tuple[str, ...]:
    """The profiles that apply to a run.

    Args:
        side: Who is judged.
        signed: Whether the contract or an option names a signature scheme.
        by_tls: Whether a URL is an https one, or not on this machine.
        recorded: Whether recordings were given.
    """
    more = {"signatures": signed, "transport": by_tls, "recordings": recorded}
    profiles = SENDER_PROFILES if side == "sender" else PROFILES
    return tuple(name for name in profiles if name in _ALWAYS or more.get(name))


def judged_profiles(standings: Iterable[Standing], applying: Iterable[str], *, quick: bool) -> tuple[Profile, ...]:
    """The verdict of each profile that applies.

    Args:
        quick: Whether too few cases were drawn to call anything conformant.
    """
    rows = list(standings)
    return tuple(_profile(name, [row for row in rows if row.profile == name], quick) for name in applying)


def _profile(name: str, rows: list[Standing], quick: bool) -> Profile:
    judged = [row for row in rows if row.verdict in _JUDGED]
    musts = [row for row in rows if row.level == "MUST"]
    broken = tuple(row.id for row in musts if row.verdict in _NOT_HELD)
    gaps: dict[str, list[Standing]] = {}
    for row in rows:
        for want in sorted(row.wants):
            gaps.setdefault(want, []).append(row)
    lacking = any(row.wants for row in musts)
    if not lacking and not any(row in judged for row in musts):
        gaps.setdefault(Want.CONTRACT, []).extend(row for row in rows if row not in judged)
        lacking = True
    if quick and judged:
        gaps.setdefault(Want.DEPTH, []).extend(judged)
        lacking = True
    verdict = Conformance.BROKEN if broken else Conformance.UNJUDGED if lacking else Conformance.CONFORMANT
    return Profile(name, verdict, len(judged), broken, tuple(_gap(want, left) for want, left in gaps.items()))


def _gap(want: str, rows: list[Standing]) -> Gap:
    by = {rule for row in rows for rule in row.blocked_by} if want == Want.BLOCKED else set()
    return Gap(str(want), tuple(row.id for row in rows), tuple(sorted(by)))
