"""Waivers: read the waiver file, apply it to results, and report expired or idle waivers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.rules.catalogue import Catalogue
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, joined
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["STALE", "Waiver", "accepting", "load_waivers", "state_of", "unknown_callbacks", "waive"]

STALE = ("expired", "unknown", "not needed")
"""States of a waiver that somebody has to look at; `--strict-waivers` fails on them."""

_REQUIRED = ("rule", "reason", "owner", "until")
_KNOWN = (*_REQUIRED, "callback")
_LONGEST = 2000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Waiver:
    """The acceptance of one broken rule for a while.

    Attributes:
        until: The last day on which it holds, in UTC.
        callback: The only callback that it speaks of; empty for all of them.
        place: File, line and pointer.
    """

    rule: str
    reason: str
    owner: str
    until: date
    callback: str = ""
    place: str = ""

    def covers(self, callback: str) -> bool:
        """Whether it speaks of a callback."""
        return self.callback in {"", callback}


def load_waivers(path: Path, catalogue: Catalogue) -> tuple[Waiver, ...]:
    """Reads a waiver file strictly: a list of `rule`, `reason`, `owner`, `until` and, if wanted, `callback`.

    A rule that has the form of an id and is not in the catalogue is kept: a newer or an older kit may have it.

    Raises:
        KitError: Something in it is missing, misspelt, empty, no date, or told twice; says the line.
    """
    file = read_yaml(path, error=KitError)
    for pointer, what, remedy in _flaws(file, catalogue):
        raise KitError(what, where=file.place(pointer), remedy=remedy)
    return tuple(
        Waiver(
            row["rule"],
            row["reason"].strip(),
            row["owner"].strip(),
            date.fromisoformat(row["until"]),
            row.get("callback", ""),
            file.place(f"/{index}"),
        )
        for index, row in enumerate(file.value)
    )


def _flaws(file: YamlFile, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    if not isinstance(file.value, list):
        yield "", Text("error-waiver.no-list"), Text("error-waiver.write-list", names=_REQUIRED)
        return
    seen: list[tuple[str, str]] = []
    for index, row in enumerate(file.value):
        if not isinstance(row, Mapping):
            yield f"/{index}", Text("error-waiver.no-waiver"), Text("error-waiver.write-members", names=_REQUIRED)
            continue
        for pointer, what, remedy in _flaws_of(row, catalogue):
            yield f"/{index}{pointer}", what, remedy
        rule, callback = row.get("rule"), row.get("callback", "")
        if any(rule == other and (callback == named or "" in (callback, named)) for other, named in seen):
            yield f"/{index}", Text("error-waiver.twice", rule=str(rule)), Text("error-waiver.keep-one")
        if isinstance(rule, str) and isinstance(callback, str):
            seen.append((rule, callback))


def _flaws_of(row: Mapping[str, jp.Json], catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    for key in row:
        if key not in _KNOWN:
            remedy = did_you_mean(nearest(key, _KNOWN)) or Text("error-waiver.use", names=_KNOWN)
            yield jp.join([key]), Text("error-waiver.no-part", key=key), remedy
    for key in _REQUIRED:
        if key not in row:
            yield "", Text("error-waiver.missing", key=key), Text("error-waiver.needs", names=_REQUIRED)
    for key in _KNOWN:
        value = row.get(key, "…")
        if not isinstance(value, str):
            yield f"/{key}", Text("error-waiver.no-text", key=key), Text("error-waiver.put-in-quotes")
        elif not value.strip():
            yield f"/{key}", Text("error-waiver.empty", key=key), Text("error-waiver.fill-in")
        elif len(value) > _LONGEST:
            yield f"/{key}", Text("error-waiver.too-long", key=key, most=_LONGEST), Text("error-waiver.link")
    if isinstance(row.get("until"), str) and not _is_date(row["until"]):
        yield "/until", Text("error-waiver.no-date", text=row["until"]), Text("error-waiver.write-date")
    if isinstance(row.get("rule"), str) and _is_misspelt(row["rule"], catalogue):
        near = nearest(row["rule"], [known.id for known in catalogue.rules], most=3)
        remedy = did_you_mean(near, Text("error-catalogue.rules-lists"))
        yield "/rule", Text("error-waiver.no-rule", name=row["rule"]), remedy


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text)) and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_misspelt(rule: str, catalogue: Catalogue) -> bool:
    """Whether no kit can ever have had a rule of that name, or it nearly names a chapter."""
    if any(rule == known.id for known in catalogue.rules):
        return False
    chapter, _, _ = rule.partition("-")
    if not re.fullmatch(r"[A-Z]{3,4}-\d{2}", rule):
        return True
    return chapter not in catalogue.chapters and bool(nearest(chapter, catalogue.chapters))


def unknown_callbacks(waivers: Iterable[Waiver], names: Sequence[str]) -> frozenset[str]:
    """Callbacks in waivers that the contract does not have, as after a change of the contract.

    Raises:
        KitError: One is nearly the name of a callback, which is a slip.
    """
    unknown = set()
    for waiver in waivers:
        if waiver.callback and waiver.callback not in names:
            if near := nearest(waiver.callback, names):
                what = Text("error-report.no-waived-callback", callback=waiver.callback)
                raise KitError(what, where=waiver.place, remedy=did_you_mean(near))
            unknown.add(waiver.callback)
    return frozenset(unknown)


def accepting(result: RuleResult, waivers: Iterable[Waiver], today: date) -> tuple[Waiver, ...]:
    """The waivers that hold today and speak of something that the receiver broke."""
    if not result.broken:
        return ()
    broken = {finding.callback for finding in result.findings}
    return tuple(
        waiver
        for waiver in waivers
        if waiver.rule == result.rule.id
        and waiver.until >= today
        and (not waiver.callback or any(waiver.covers(callback) for callback in broken))
    )


def waive(result: RuleResult, waivers: Iterable[Waiver], today: date) -> None:
    """Makes a broken rule a waived one where waivers accept all that broke it."""
    holding = accepting(result, waivers, today)
    if not holding:
        return
    rest = {f.callback for f in result.findings if not any(waiver.covers(f.callback) for waiver in holding)}
    if rest:
        accepted = tuple(sorted(waiver.callback for waiver in holding))
        result.reason = joined((result.reason, Text("reason.waived-only", accepted=accepted)))
    else:
        result.verdict = Verdict.WAIVED


def state_of(
    waiver: Waiver, result: RuleResult | None, *, today: date, is_known: bool, callbacks: Iterable[str]
) -> str:
    """What has become of a waiver: applied, not judged, or one of `STALE`.

    Args:
        result: What the run found out about its rule; None where the run had none.
        is_known: Whether the kit has its rule, and the contract its callback.
        callbacks: Those that were judged.
    """
    if not is_known:
        return "unknown"
    if waiver.until < today:
        return "expired"
    if result is None or not result.judged:
        return "not judged"
    if waiver.callback and waiver.callback not in callbacks:
        return "not judged"
    return "applied" if accepting(result, (waiver,), today) else "not needed"
