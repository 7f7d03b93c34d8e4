"""Profiles of a run as its report holds them: which apply, and the verdict of each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from callback_contract.contract_tests.model.profiles import (
    Conformance,
    Profile,
    Standing,
    Want,
    applicable,
    judged_profiles,
    standing_of,
)
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.tls_probe import may_be_asked
from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["is_conformant", "profile_to_dict", "profiles_of"]


def profiles_of(run: RunContext) -> tuple[Profile, ...]:
    """The verdict of each profile that applies to a run."""
    config = run.config
    applying = applicable(
        signed=config.scheme is not None
        or any(header.required and header.signature for callback in config.callbacks for header in callback.headers),
        by_tls=any(may_be_asked(sender.access) for sender in config.senders),
        recorded=config.samples is not None,
        side=config.catalogue.side,
    )
    standings = (_standing(run, rule) for rule in config.catalogue.rules if not rule.untestable)
    return judged_profiles(standings, applying, quick=config.depth.name == "quick")


def _standing(run: RunContext, rule: Rule) -> Standing:
    result = run.state.results.get(rule.id)
    if result is None:
        frozen = rule in run.config.policy.left_out
        left = Want.FROZEN if frozen else Want.ENDED if rule in run.config.rules else Want.SELECTION
        return standing_of(rule, None, left=left)
    return standing_of(
        rule,
        result.verdict,
        lacks={means.value for means in result.lacks},
        blocked=bool(result.blocked_for),
        blocked_by={block.by for block in result.blocked_for.values()},
    )


def profile_to_dict(profile: Profile) -> dict[str, Any]:
    """A profile as it stands in report.json."""
    gaps = [{key: list(value) if key != "want" else value for key, value in asdict(g).items()} for g in profile.gaps]
    return {
        "name": profile.name,
        "verdict": profile.verdict.value,
        "judged": profile.judged,
        "broken": list(profile.broken),
        "gaps": gaps,
    }


def is_conformant(profiles: tuple[Profile, ...]) -> bool:
    """Whether the bare word may be said: every profile that applies is conformant."""
    return bool(profiles) and all(profile.verdict is Conformance.CONFORMANT for profile in profiles)
