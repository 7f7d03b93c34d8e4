"""Rule versions: which rules a newer kit adds to a pipeline's verdict, and from when a new rule fails it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.openapi.rules.catalogue import Rule
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, joined

__all__ = ["RuleVersions", "rule_versions_at", "since_of"]

_OPTION = "--rules-as-of"
_VERSION = re.compile(r"v?(\d{1,6})\.(\d{1,6})(?:\.\d{1,6})?")

_Version = tuple[int, int]


@dataclass(frozen=True)
class RuleVersions:
    """How far a kit's catalogue counts; by default all of it does, as its levels say.

    Attributes:
        kit: The kit's major and minor version; None takes no rule for new.
        as_of: The version whose catalogue is judged; None for the newest.
    """

    kit: _Version | None = None
    as_of: _Version | None = None

    @property
    def words(self) -> str | None:
        """The version whose catalogue is judged, as it is written."""
        return None if self.as_of is None else _written(self.as_of)

    def left_out(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """Rules that came after the frozen version."""
        as_of = self.as_of
        return () if as_of is None else tuple(rule for rule in rules if since_of(rule.since) > as_of)

    def is_new(self, rule: Rule) -> bool:
        """Whether a minor version of the kit's major brought the rule, so that it may not fail a pipeline yet."""
        major, minor = since_of(rule.since)
        return self.kit is not None and major == self.kit[0] and minor > 0

    def apply_grace_period(self, result: RuleResult) -> None:
        """Makes a new MUST that is broken a warning, and says from when on it fails."""
        rule = result.rule
        if rule.level != "MUST" or result.verdict not in {Verdict.FAIL, Verdict.FLAKY} or not self.is_new(rule):
            return
        counts = Text(
            "reason.counts-later",
            verdict=Text(f"verdict.{result.verdict.name.lower()}"),
            version=f"{since_of(rule.since)[0] + 1}.0",
            since=rule.since,
        )
        result.verdict = Verdict.WARN
        result.reason = joined((result.reason, counts))


def rule_versions_at(text: str | None, kit_version: str, rules: Sequence[Rule]) -> RuleVersions:
    """Reads the version that a pipeline wants to be judged by.

    Args:
        text: As in 1.2 or 1.2.0; None for the newest catalogue.
        kit_version: The kit's own; where it tells nothing, the newest rule tells it.

    Raises:
        KitError: It is no version, or one that this kit does not know the rules of.
    """
    newest = max((since_of(rule.since) for rule in rules), default=(1, 0))
    found = _VERSION.match(kit_version)
    kit = max(newest, _parts(found)) if found else newest
    if text is None:
        return RuleVersions(kit)
    asked = _VERSION.fullmatch(text.strip())
    if asked is None:
        raise KitError(
            Text("error-report.not-a-version", text=text), where=_OPTION, remedy=Text("error-report.write-version")
        )
    as_of = _parts(asked)
    if as_of > kit:
        raise KitError(
            Text("error-report.version-to-come", kit=_written(kit), as_of=_written(as_of)),
            where=_OPTION,
            remedy=Text("error-report.install-version"),
        )
    if all(since_of(rule.since) > as_of for rule in rules):
        raise KitError(
            Text("error-report.all-came-after", as_of=_written(as_of)),
            where=_OPTION,
            remedy=Text("error-report.first-came-with", version=_written(min(since_of(rule.since) for rule in rules))),
        )
    return RuleVersions(kit, as_of)


def since_of(text: str) -> _Version:
    """The major and minor version of a text that starts with one; 0.0 where none does."""
    found = _VERSION.match(text)
    return _parts(found) if found else (0, 0)


def _parts(found: re.Match[str]) -> _Version:
    return int(found[1]), int(found[2])


def _written(version: _Version) -> str:
    return f"{version[0]}.{version[1]}"
