"""Page of a drift report: one self-contained file in both languages that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment

from callback_contract.contract_tests.drift.formats import (
    example_of,
    facts_of,
    mark_of,
    remarks_of,
    timed,
)
from callback_contract.contract_tests.drift.report import CallbackDrift, Drift, Report, moment
from callback_contract.contract_tests.reporting.formats.self_contained import rendered, templates_in
from callback_contract.contract_tests.reporting.formats.words import inert, labelled, say
from callback_contract.contract_tests.reporting.model.inert import one_line
from callback_contract.openapi.pages.design import packed
from callback_contract.openapi.text.message import Text, translated

__all__ = ["drift_html"]

_ASSETS = Path(__file__).with_name("assets")
_MOST_ROWS, _MOST_SECTIONS = 200, 60  # a page to forward; the JSON report has all
_LONGEST_PLACE = 120


def drift_html(report: Report) -> str:
    """Return the page; markup in what was recorded is shown as text."""
    title = Text("drift.title", title=report.contract.title, version=report.contract.version)
    new = sum(drift.is_new for drift in report.drifts)
    counts = {"read": report.read, "recognised": report.recognised, "drifts": len(report.drifts), "new": new}
    return rendered(
        _environment(),
        "drift.html.j2",
        style=packed((_ASSETS / "drift.css").read_text("utf-8")),
        script=(_ASSETS / "drift.js").read_text("utf-8"),
        title=title,
        title_en=one_line(title),
        title_zh=one_line(translated(title, "zh")),
        lead=Text("drift.lead", **counts),
        remarks=list(remarks_of(report)),
        both_kinds=0 < new < len(report.drifts),
        sections=list(_sections(report)),
        sections_left_out=max(0, len(report.callbacks) - _MOST_SECTIONS),
    )


def _environment() -> Environment:
    environment = templates_in(_ASSETS, "drift")
    environment.globals |= {
        "t": lambda key, **values: say(Text(f"drift.{key}", **values)),
        "named": lambda key: labelled(Text(f"drift.{key}")),
        "say": say,
        "inert": inert,
    }
    return environment


@dataclass(frozen=True)
class _Section:
    """What the page shows of a callback."""

    name: str
    came: Text
    rows: list[_Row]
    left_out: int
    facts: list[Text]


@dataclass(frozen=True)
class _Row:
    tone: str
    is_new: bool
    mark: Text
    what: Text
    seen: Text
    width: int
    first: str
    last: str
    example: str

    @classmethod
    def of(cls, drift: Drift) -> _Row:
        if len(drift.place) > _LONGEST_PLACE:
            drift = replace(drift, place=f"{drift.place[:_LONGEST_PLACE]}…")
        return cls(
            "warn" if drift.is_new else "not-applicable",
            drift.is_new,
            mark_of(drift),
            drift.text,
            drift.seen,
            max(1, round(100 * min(1, drift.count / drift.of))) if drift.of else 100,
            moment(drift.moments.first) or "",
            moment(drift.moments.last) or "",
            example_of(drift),
        )


def _sections(report: Report) -> Iterator[_Section]:
    left = _MOST_ROWS
    for each in report.callbacks[:_MOST_SECTIONS]:
        shown = each.drifts[:left]
        left -= len(shown)
        yield _section(each, shown)


def _section(each: CallbackDrift, shown: tuple[Drift, ...]) -> _Section:
    traffic = each.traffic
    came = timed(Text("drift.deliveries", count=traffic.deliveries), traffic.moments)
    rows = [_Row.of(drift) for drift in shown]
    return _Section(traffic.callback.name, came, rows, len(each.drifts) - len(rows), list(facts_of(each)))
