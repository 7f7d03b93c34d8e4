"""Report comparison: finds the changes between two reports of one receiver, and which of them are worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from callback_contract.contract_tests.policy.rule_versions import since_of
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Comparison", "Found", "LatencyChange", "RuleChange", "compare_reports"]

_JUDGED = frozenset({"pass", "warn", "waived", "flaky", "fail"})
_NOT_THERE = "not judged"
_GONE = "not judged any more"
_NO_SUCH_RULE = Text("compare.no-such-rule")
_NOISE_S = 0.010  # what a busy machine or network adds and takes away
_ENOUGH = {"median": 20, "p95": 100}  # answers that each measure needs to say something

_Report = Mapping[str, Any]


@dataclass(frozen=True)
class RuleChange:
    """A rule whose verdict is another one now.

    Attributes:
        kind: worse (it passed and is broken now), better, changed, added (by a newer kit), judged now, or
            not judged any more.
        reason: Why it is as it is now.
        fails: Whether it makes the comparison fail.
    """

    rule: str
    level: str
    statement: str
    old: str
    new: str
    kind: str
    reason: str = ""
    fails: bool = False


@dataclass(frozen=True)
class Found:
    """A finding that only one of the reports has."""

    rule: str
    callback: str
    case: str
    actual: str


@dataclass(frozen=True)
class LatencyChange:
    """A measure of latency; `change` is slower, faster, same, or unknown where there are too few answers."""

    measure: str
    old_s: float | None
    new_s: float | None
    change: str


@dataclass(frozen=True)
class Comparison:
    """Everything that changed.

    Attributes:
        notes: Where the two runs were not alike.
        judged_nothing: Whether the new run has no verdict on the receiver at all.
    """

    rules: tuple[RuleChange, ...]
    new_findings: tuple[Found, ...]
    gone_findings: tuple[Found, ...]
    latency: tuple[LatencyChange, ...]
    notes: tuple[str, ...]
    judged_nothing: bool = False

    @property
    def unjudged(self) -> tuple[RuleChange, ...]:
        """MUSTs that passed and are not judged any more, where that counts."""
        return tuple(change for change in self.rules if change.kind == _GONE and change.fails)

    @property
    def fails(self) -> bool:
        """Whether something got worse that counts."""
        return any(change.fails for change in self.rules)


def compare_reports(
    old: _Report, new: _Report, *, strict: bool = False, tolerance: float = 0.5, allow_unjudged: bool = False
) -> Comparison:
    """Compares two reports.

    Args:
        strict: Whether a SHOULD that got worse fails, too.
        allow_unjudged: Whether a MUST that passed may be not judged any more.
        tolerance: The share by which latency may differ before that is news.

    Raises:
        KitError: They speak of different contracts, or have no callback in common.
    """
    _refuse_strangers(old, new)
    before, after = _by_id(old), _by_id(new)
    changes = [_change(old, new, before.get(id_), after.get(id_), strict) for id_ in dict.fromkeys([*after, *before])]
    rules = tuple(_accepted(change, allow_unjudged) for change in changes if change is not None)
    added = {change.rule for change in rules if change.kind == "added"}
    had, has = _findings(old), _findings(new)
    judged = {id_ for id_, rule in after.items() if rule["verdict"] in _JUDGED}
    return Comparison(
        rules,
        tuple(found for found in _only(has, had) if found.rule not in added),
        tuple(found for found in _only(had, has) if found.rule in judged),
        tuple(_latency(old, new, tolerance)),
        tuple(_notes(old, new)),
        judged_nothing=not judged,
    )


def _accepted(change: RuleChange, allow_unjudged: bool) -> RuleChange:
    return replace(change, fails=False) if allow_unjudged and change.kind == _GONE else change


def _refuse_strangers(old: _Report, new: _Report) -> None:
    titles = [report["contract"]["title"] for report in (old, new)]
    if titles[0] != titles[1]:
        raise KitError(
            Text("error-report.different-contracts", old=titles[0], new=titles[1]),
            where="compare",
            remedy=Text("error-report.compare-one-contract"),
        )
    if not set(old["contract"]["callbacks"]) & set(new["contract"]["callbacks"]):
        names = [", ".join(report["contract"]["callbacks"]) for report in (old, new)]
        raise KitError(
            Text("error-report.no-common-callback", old=names[0], new=names[1]),
            where="compare",
            remedy=Text("error-report.compare-one-callback"),
        )


def _by_id(report: _Report) -> dict[str, dict[str, Any]]:
    return {rule["id"]: rule for rule in report["rules"]}


def _change(
    old: _Report, new: _Report, before: dict[str, Any] | None, after: dict[str, Any] | None, strict: bool
) -> RuleChange | None:
    row = after or before
    assert row is not None
    was, is_ = _verdict(before), _verdict(after)
    kind, reason = "", row["reason"] if after else ""
    if after is not None and after["waiver"]:
        reason = "until {until} by {owner}: {reason}".format_map(after["waiver"])
    if before is None and after is not None and _is_added(row, old):
        kind = "added"
    elif was == is_ or {was, is_}.isdisjoint(_JUDGED):
        return None
    elif is_ not in _JUDGED:
        kind = _GONE
        reason = reason or _why_absent(row["id"], new)
    elif was not in _JUDGED or _is_of_new_callbacks(row, old):
        kind = "judged now"
    elif is_ == "pass":
        kind = "better"
    elif was == "pass" and is_ != "waived":
        kind = "worse"
    else:
        kind = "changed"
    must = row["level"] == "MUST"
    lost = kind == _GONE and was == "pass" and must and not _is_no_loss(after, row["id"], new)
    worse = kind == "worse" and (strict or (must and is_ in {"fail", "flaky"}))
    return RuleChange(row["id"], row["level"], row["statement"], was, is_, kind, reason, lost or worse)


def _is_no_loss(rule: dict[str, Any] | None, rule_id: str, report: _Report) -> bool:
    """Whether nothing is left to judge: the contract asks nothing of the kind any more, or the kit has no such rule."""
    if rule is not None:
        return bool(rule["verdict"] == "not applicable" and not rule["lacks"])
    return _why_absent(rule_id, report).key == _NO_SUCH_RULE.key


def _verdict(rule: dict[str, Any] | None) -> str:
    return _NOT_THERE if rule is None else str(rule["verdict"])


def _is_of_new_callbacks(rule: dict[str, Any], old: _Report) -> bool:
    """Whether only callbacks broke it that the old run did not judge."""
    broken = {finding["callback"] for finding in rule["findings"]}
    return bool(broken) and broken.isdisjoint(old["contract"]["callbacks"])


def _is_added(rule: dict[str, Any], old: _Report) -> bool:
    """Whether the kit of the old report did not have the rule, so that its verdict is no news of the receiver."""
    if rule["id"] in old["not_reached"]:
        return False
    all_asked = old["selection"]["rules"] == old["selection"]["of_rules"]
    return all_asked or since_of(rule["since"]) > since_of(old["kit"]["version"])


def _why_absent(rule_id: str, report: _Report) -> Text:
    if rule_id in report["not_reached"]:
        return Text("compare.not-reached")
    frozen = report.get("frozen", {"left_out": ()})
    if any(rule["id"] == rule_id for rule in frozen["left_out"]):
        return Text("compare.newer", version=frozen["rules_as_of"])
    selected = report["selection"]["rules"] < report["selection"]["of_rules"]
    return Text("compare.not-selected") if selected else _NO_SUCH_RULE


def _findings(report: _Report) -> Counter[tuple[str, str, str, str]]:
    """How often each case of a rule was found; numbers of findings are no names, since they move up."""
    return Counter(
        (rule["id"], finding["callback"], finding["case"], finding["actual"])
        for rule in report["rules"]
        for finding in rule["findings"]
    )


def _only(having: Counter[tuple[str, str, str, str]], other: Counter[tuple[str, str, str, str]]) -> list[Found]:
    """What only one side has; the same case with another answer is the same finding."""
    left = Counter(key[:3] for key in other.elements())
    found = []
    for key in having.elements():
        if left[key[:3]] > 0:
            left[key[:3]] -= 1
        else:
            found.append(Found(*key))
    return found


def _latency(old: _Report, new: _Report, tolerance: float) -> Iterator[LatencyChange]:
    before, after = old["run"]["latency"], new["run"]["latency"]
    for measure in ("median", "p95"):
        was, is_ = before[f"{measure}_s"], after[f"{measure}_s"]
        change = "unknown"
        if was is not None and is_ is not None and min(before["count"], after["count"]) >= _ENOUGH[measure]:
            is_news = abs(is_ - was) > max(tolerance * was, _NOISE_S)
            change = ("slower" if is_ > was else "faster") if is_news else "same"
        yield LatencyChange(measure, was, is_, change)


def _notes(old: _Report, new: _Report) -> Iterator[str]:
    for what, key, part in (
        ("compare.other-receivers", "receiver", "url"),
        ("compare.other-contracts", "contract", "version"),
        ("compare.other-kits", "kit", "version"),
        ("compare.other-depths", "run", "depth"),
        ("compare.other-seeds", "run", "seed"),
    ):
        if old[key][part] != new[key][part]:
            yield Text(what, old=old[key][part], new=new[key][part])
    if old["receiver"].get("urls") != new["receiver"].get("urls"):
        yield Text("compare.other-urls")
    if (
        old["contract"]["version"] == new["contract"]["version"]
        and old["contract"]["digest"] != new["contract"]["digest"]
    ):
        yield Text("compare.same-version")
    if set(old["contract"]["callbacks"]) != set(new["contract"]["callbacks"]):
        yield Text("compare.other-callbacks")
    for name, report in (("old", old), ("new", new)):
        if report["run"]["incomplete"]:
            yield Text(f"compare.{name}-ended-early", why=report["run"]["incomplete"])
    if old["run"]["started_at"] > new["run"]["started_at"]:
        yield Text("compare.swapped")
