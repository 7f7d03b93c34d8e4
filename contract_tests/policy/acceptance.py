"""Acceptance policy: applies frozen rules, new rules and waivers, and determines the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from callback_contract.contract_tests.model.profiles import Conformance, Profile
from callback_contract.contract_tests.model.verdicts import RuleResult
from callback_contract.contract_tests.policy.rule_versions import RuleVersions
from callback_contract.contract_tests.policy.waivers import (
    STALE,
    Waiver,
    accepting,
    state_of,
    unknown_callbacks,
    waive,
)
from callback_contract.mock_server.cli.target_options import with_options
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.rules.catalogue import PROFILES, Catalogue, Rule
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = [
    "AcceptancePolicy",
    "PolicyMaker",
    "acceptance_options",
    "acceptance_policy_of",
    "accepting_nothing",
    "waivers_to_dict",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def acceptance_options(command: _Command) -> _Command:
    """Options that say which broken rules a pipeline lives with."""
    return with_options(
        command,
        [
            click.option(
                "--waivers", type=click.Path(path_type=Path), metavar="FILE", help="Accept what stands there."
            ),
            click.option("--strict-waivers", is_flag=True, help="Fail on expired, unknown or needless waivers."),
            click.option(
                "--write-waivers", type=click.Path(path_type=Path), metavar="FILE", help="Draft one from what fails."
            ),
            click.option("--require", default="", metavar="PROFILE,…", help="Exit with 3 unless these are judged."),
            click.option("--rules-as-of", metavar="VERSION", help="Judge no rule that came later, as in 1.0."),
        ],
    )


class Judged(Protocol):
    """What the policy sees of a run's configuration."""

    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def callbacks(self) -> tuple[Callback, ...]: ...


@dataclass(frozen=True)
class AcceptancePolicy:
    """What a pipeline accepts; by default nothing, and every rule counts.

    Attributes:
        strict: Whether new rules fail at once.
        strict_waivers: Whether a waiver that is expired, unknown or not needed fails.
        require: Profiles that have to be judged.
        left_out: Rules that were asked for and came after the frozen version.
        unknown: Callbacks in waivers that the contract does not have.
    """

    freezing: RuleVersions = field(default_factory=RuleVersions)
    waivers: tuple[Waiver, ...] = ()
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    strict: bool = False
    strict_waivers: bool = False
    require: tuple[str, ...] = ()
    left_out: tuple[Rule, ...] = ()
    unknown: frozenset[str] = frozenset()

    def apply(self, result: RuleResult) -> None:
        """Changes the verdict of a rule to what it means for the pipeline."""
        if not self.strict:
            self.freezing.apply_grace_period(result)
        waive(result, self.waivers, self.today)

    def states(self, run: Judged, results: Mapping[str, RuleResult]) -> list[tuple[Waiver, str]]:
        """Each waiver with what has become of it, in the order of the file."""
        known = {rule.id for rule in run.catalogue.rules}
        callbacks = [callback.name for callback in run.callbacks]
        return [
            (
                waiver,
                state_of(
                    waiver,
                    results.get(waiver.rule),
                    today=self.today,
                    is_known=waiver.rule in known and waiver.callback not in self.unknown,
                    callbacks=callbacks,
                ),
            )
            for waiver in self.waivers
        ]

    def exit_code(
        self, code: int, run: Judged, results: Mapping[str, RuleResult], profiles: Iterable[Profile] = ()
    ) -> int:
        """The exit code of a run, required profiles and stale waivers considered."""
        judged = {profile.name for profile in profiles if profile.verdict is not Conformance.UNJUDGED}
        if code in {0, 1} and not judged.issuperset(self.require):
            return 3
        stale = self.strict_waivers and any(state in STALE for _, state in self.states(run, results))
        return 1 if stale and code == 0 else code

    def waiver_of(self, result: RuleResult) -> dict[str, str] | None:
        """The waiver of a waived rule for the report; several of one rule are told together."""
        holding = accepting(result, self.waivers, self.today) if result.verdict == "waived" else ()
        if not holding:
            return None
        return {
            "reason": "; ".join(dict.fromkeys(waiver.reason for waiver in holding)),
            "owner": ", ".join(dict.fromkeys(waiver.owner for waiver in holding)),
            "until": min(waiver.until for waiver in holding).isoformat(),
        }


PolicyMaker = Callable[[Contract, tuple[Rule, ...]], "tuple[AcceptancePolicy, tuple[Rule, ...]]"]
"""Makes the policy for a contract and the rules that were asked for; gives it with the rules that count."""


def accepting_nothing(_: Contract, rules: tuple[Rule, ...]) -> tuple[AcceptancePolicy, tuple[Rule, ...]]:
    """The policy of a run that is before no pipeline: every rule counts."""
    return AcceptancePolicy(), rules


def acceptance_policy_of(options: Mapping[str, Any], kit_version: str, side: str = "receiver") -> PolicyMaker:
    """Reads what the options name, before anything is started.

    Args:
        side: Whose rules they speak of.

    Raises:
        KitError: The waiver file or the version cannot be used, or the draft's file is there already.
    """
    from callback_contract.contract_tests.policy.rule_versions import rule_versions_at
    from callback_contract.contract_tests.policy.waiver_drafts import refuse_to_overwrite
    from callback_contract.contract_tests.policy.waivers import load_waivers
    from callback_contract.openapi.rules.catalogue import load_catalogue

    if options["write_waivers"] is not None:
        refuse_to_overwrite(options["write_waivers"])
    catalogue = load_catalogue(side=side)
    policy = AcceptancePolicy(
        waivers=load_waivers(options["waivers"], catalogue) if options["waivers"] is not None else (),
        strict=options["strict"],
        strict_waivers=options["strict_waivers"],
        require=required_profiles(options["require"], catalogue.profiles),
    )

    def make(contract: Contract, rules: tuple[Rule, ...]) -> tuple[AcceptancePolicy, tuple[Rule, ...]]:
        freezing = rule_versions_at(options["rules_as_of"], kit_version, rules)
        left_out = freezing.left_out(rules)
        unknown = unknown_callbacks(policy.waivers, [callback.name for callback in contract.callbacks])
        counting = tuple(rule for rule in rules if rule not in left_out)
        return replace(policy, freezing=freezing, left_out=left_out, unknown=unknown), counting

    return make


def required_profiles(text: str, profiles: tuple[str, ...] = PROFILES) -> tuple[str, ...]:
    """The profiles that `--require` names.

    Raises:
        KitError: There is no such profile.
    """
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if name not in profiles:
            remedy = did_you_mean(nearest(name, profiles), Text("error-report.profiles", names=profiles))
            raise KitError(Text("error-report.no-profile", name=name), where="--require", remedy=remedy)
    return names


def waivers_to_dict(states: Iterable[tuple[Waiver, str]], text: Callable[[str], str]) -> list[dict[str, Any]]:
    """Waivers as the report tells them; `text` takes secrets out."""
    return [
        {
            "rule": waiver.rule,
            "callback": waiver.callback or None,
            "reason": text(waiver.reason),
            "owner": text(waiver.owner),
            "until": waiver.until.isoformat(),
            "state": state,
        }
        for waiver, state in states
    ]
