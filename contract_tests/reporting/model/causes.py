"""Common causes: group broken rules with one evident cause, so that people see it once.

A crash on whatever is not expected breaks fifteen rules by one and the same answer. Rules share a cause when they stand
for the same harm and all that was found of them is the same: what was expected, and an answer of the same status, media
type and body to the same method; stack traces of the same exception count as one, since they differ in their lines.
Where several exchanges or read-back decided, where a rule held once or is waived, it is told by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from callback_contract.contract_tests.chapters.checks.information_disclosure import exception_in, holds_trace
from callback_contract.contract_tests.reporting.model.outcome import broken_rules

__all__ = ["Cause", "beginning", "by_cause", "command_of_any", "explained"]

_Evidence: TypeAlias = tuple[str, frozenset[tuple[str, ...]]]

# What differs between two answers of one cause: ids of the run, of a request, the time, and so the length.
_OF_ONE_ANSWER = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Za-z]*+\{run\}[0-9a-f]*"
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
)
_ANSWER = {"actual.answer", "actual.answer-without-type"}

_MOST_FINDINGS = 3  # of one rule, see judging: its further cases are not sent


@dataclass(frozen=True)
class Cause:
    """A broken rule that is told at length.

    Attributes:
        more: Rules that the same answer broke, the gravest first; each has its own finding in every report.
    """

    rule: dict[str, Any]
    more: tuple[dict[str, Any], ...] = ()


def by_cause(report: Mapping[str, Any]) -> tuple[Cause, ...]:
    """Every broken rule and error of a report once: told at length, or beside one that is.

    The one to begin with comes first, then the gravest.
    """
    found: list[list[dict[str, Any]]] = []
    leading: dict[_Evidence, list[dict[str, Any]]] = {}
    for rule in broken_rules(dict(report)):
        evidence = _evidence(rule)
        if evidence is not None and evidence in leading:
            leading[evidence].append(rule)
            continue
        found.append([rule])
        if evidence is not None:
            leading[evidence] = found[-1]
    causes = tuple(Cause(first, tuple(more)) for first, *more in map(_most_telling_first, found))
    first = beginning(report, causes)
    return causes if first is None else (first, *(cause for cause in causes if cause is not first))


def beginning(report: Mapping[str, Any], causes: Sequence[Cause]) -> Cause | None:
    """The cause to begin with: of the gravest level the one that explains most; None where there is no choice."""
    own = [cause for cause in causes if cause.rule["verdict"] not in {"error", "waived"}]  # the receiver's matter
    if len(own) < 2:
        return None
    gravest = [cause for cause in own if cause.rule["level"] == own[0].rule["level"]]
    return max(gravest, key=lambda cause: len(explained(report, cause)))


def explained(report: Mapping[str, Any], cause: Cause) -> list[str]:
    """The other rules that a cause explains: those that it broke, too, and those that it blocks."""
    broken = [rule["id"] for rule in cause.more]
    blocked = [rule["id"] for rule in report["rules"] if {cause.rule["id"], *broken} & set(rule["blocked_by"])]
    return [*broken, *blocked]


def _most_telling_first(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the gravest, a rule that most of its cases broke: a receiver that breaks on one odd body in seven misleads."""
    leader = max((rule for rule in rules if rule["verdict"] == rules[0]["verdict"]), key=_share)
    return [leader, *(rule for rule in rules if rule is not leader)]


def _share(rule: Mapping[str, Any]) -> float:
    found, cases = len(rule["findings"]), int(rule["cases"])
    return found / max(1, min(cases, _MOST_FINDINGS))


def command_of_any(cause: Cause) -> str:
    """The command that plays any of the rules again, with `ID` in the place of its id; empty where there is none."""
    made = {_with_any_id(rule) for rule in (cause.rule, *cause.more)}
    return made.pop() if len(made) == 1 else ""


def _with_any_id(rule: Mapping[str, Any]) -> str:
    command: str = rule["findings"][0]["reproduce"]
    return re.sub(rf"(?<=\s){re.escape(rule['id'])}(?:-1)?(?=\s|$)", "ID", command)


def _evidence(rule: Mapping[str, Any]) -> _Evidence | None:
    """What was found of a rule; None where it may be of more than one cause, or is to be told by itself."""
    if rule["verdict"] not in {"fail", "warn"} or not rule["findings"]:
        return None
    found = [_sight(finding) for finding in rule["findings"]]
    if None in found:
        return None
    return rule.get("harm", ""), frozenset(sight for sight in found if sight is not None)


def _sight(finding: Mapping[str, Any]) -> tuple[str, ...] | None:
    if not finding["repeated"] or "timeline" in finding or len(finding["exchanges"]) != 1:
        return None
    (exchange,) = finding["exchanges"]
    seen = [finding["expected"], _actual(finding), exchange["method"], exchange["url"]]
    answer = exchange.get("answer")
    if answer is None:
        return (*seen, exchange["no_answer"]["kind"])
    labels = [value.lower() for name, value in answer["headers"] if name.lower() == "content-type"]
    if answer["status"] >= 500 and holds_trace(answer["body"]):
        return (*seen, str(answer["status"]), *labels, "a stack trace", exception_in(answer["body"]).partition(":")[0])
    return (*seen, str(answer["status"]), *labels, _same(answer["body"]))


def _actual(finding: Mapping[str, Any]) -> str:
    """What came instead; nothing where it only describes the answer, which is itself compared."""
    made = finding.get("texts", {}).get("actual", {})
    return "" if made.get("key") in _ANSWER else _same(finding["actual"])


def _same(text: str) -> str:
    return _OF_ONE_ANSWER.sub("#", text)
