"""Board of partners: renders many receivers' reports as one self-contained page that loads nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from callback_contract.contract_tests.reporting.formats.self_contained import rendered, templates_in
from callback_contract.contract_tests.reporting.formats.words import inert, labelled, say, told
from callback_contract.contract_tests.reporting.model.inert import one_line
from callback_contract.contract_tests.reporting.partners.output import (
    headline,
    outcome_in_words,
    title,
    told_latency,
    told_when,
    warnings,
)
from callback_contract.contract_tests.reporting.partners.overview import COUNTED, BrokenRule, Partner, Partners
from callback_contract.openapi.pages.design import packed
from callback_contract.openapi.rules.catalogue import load_catalogue
from callback_contract.openapi.rules.translations import load_translation
from callback_contract.openapi.text.message import Argument, Text, joined, translated

__all__ = ["partners_html"]

_ASSETS = Path(__file__).with_name("assets")
_TONES = {"conformant": "good", "gate passes": "calm", "fails": "bad", "incomplete": "warn", "not judged": "warn"}
_PROFILES = {"conformant": ("good", "✓"), "not conformant": ("bad", "✗"), "not judged": ("not-applicable", "–")}
_WAYS = ("outcome", "name", "since", "changed", "breaks", "expires", "when")
_BROKEN = ("fail", "flaky", "warn", "waived")
_ID = re.compile(r"\b[A-Z]{2,8}-\d+\b")
_STEP, _HEIGHT = 11, 24  # of a trend's bars
_MOST_NAMED = 6  # rules of one kind in a cell
_NEVER = "9999-12-31"


def partners_html(partners: Partners) -> str:
    """Writes the page; all markup in the reports is shown as text."""
    head, named = headline(partners), title(partners)
    chinese = _chinese_statements(partners.side)
    most = max((rule.broken for rule in partners.rules), default=1)
    profiles = {name: None for partner in partners.receivers for name in partner.profiles}
    return rendered(
        _environment(),
        "board.html.j2",
        style=packed((_ASSETS / "board.css").read_text("utf-8")),
        script=(_ASSETS / "board.js").read_text("utf-8"),
        title_en=f"{named}: {one_line(head)}",
        title_zh=f"{translated(named, 'zh')}：{one_line(translated(head, 'zh'))}",
        name=named,
        side=partners.side,
        headline=head,
        warnings=warnings(partners),
        profiles=list(profiles),
        ways=_WAYS,
        outcomes=partners.outcomes,
        shown_count=Markup("<span data-count>{}</span>").format(len(partners.receivers)),
        rows=[_Row.of(partner) for partner in partners.receivers],
        trend_width=_STEP * max([6, *(len(partner.runs) for partner in partners.receivers)]),
        rules=[_RuleRow.of(rule, most, chinese) for rule in partners.rules],
    )


def _environment() -> Environment:
    environment = templates_in(_ASSETS, "partners")
    environment.globals |= {
        "t": _said,
        "say": say,
        "rules_in": _with_ids,
        "words": lambda key, language, **values: translated(Text(f"summary.{key}", **values), language),
        "in_words": outcome_in_words,
        "profile_name": lambda name: Text(f"profile.{name}"),
        "inert": inert,
        "both_labels": labelled,
    }
    return environment


def _chinese_statements(side: str) -> dict[str, str]:
    """What the rules say in Chinese, by the English of it; another kit's reports may say otherwise."""
    chinese = {rule.id: rule.statement for rule in load_translation("zh", side).rules}
    return {rule.statement: chinese[rule.id] for rule in load_catalogue(side=side).rules}


def _with_ids(text: str) -> Markup:
    """The same with each rule's id in one piece."""
    return Markup(_ID.sub(r'<span class="id">\g<0></span>', str(say(text))))  # noqa: S704  # escaped before


def _said(key: str, **values: Argument | Markup) -> Markup:
    """Words of the page in both languages; markup among their values stays."""
    marks = {name: value for name, value in values.items() if isinstance(value, Markup)}
    text = Text(f"summary.{key}", **{name: f"\0{name}\0" if name in marks else value for name, value in values.items()})
    shown = [str(text), translated(text, "zh")]
    for name, value in marks.items():
        shown = [each.replace(f"\0{name}\0", value) for each in shown]
    return told(*(Markup(each) if marks else inert(each) for each in shown))  # noqa: S704  # the kit's own words


@dataclass(frozen=True)
class _Row:
    """What the page shows of a partner, and what it is sorted and filtered by."""

    partner: Partner
    tone: str
    sort_name: str
    changes: int
    breaks: int
    expires: str
    lacks: str
    profiles: list[tuple[str, str, str, str, str]]
    changed: list[tuple[str, Text]]
    broken: list[Text]
    others: Text
    trend: Text
    bars: list[tuple[int, int, int, str]]
    when: str
    versions: Text

    @classmethod
    def of(cls, partner: Partner) -> _Row:
        change, counts = partner.change, partner.counts
        tones = {"worse": "bad", "better": "good", "otherwise": "calm"}
        lacking = {name: verdict for name, verdict in partner.profiles.items() if verdict != "conformant"}
        return cls(
            partner,
            _TONES[partner.outcome],
            one_line(partner.name).casefold(),
            1000 * len(change.worse) + len(change.better) + len(change.otherwise),
            sum(counts[verdict] * 1000 ** (3 - at) for at, verdict in enumerate(_BROKEN)),
            partner.expires[0].until if partner.expires else _NEVER,
            " ".join(lacking),
            [
                (name, verdict, *_PROFILES[verdict], partner.profile_since.get(name, "") if name in lacking else "")
                for name, verdict in partner.profiles.items()
            ],
            [
                (tone, _some(Text(f"summary.{kind}"), getattr(change, kind)))
                for kind, tone in tones.items()
                if getattr(change, kind)
            ],
            [_broken(partner, verdict) for verdict in _BROKEN if counts[verdict]],
            joined(_counted(verdict, counts[verdict]) for verdict in COUNTED[len(_BROKEN) :] if counts[verdict]),
            _trend(partner),
            _bars(partner),
            told_when(partner),
            Text(
                "summary.of-versions",
                contract=partner.contract_version,
                kit=partner.kit_version,
                p95=told_latency(partner),
            ),
        )


def _counted(verdict: str, count: int) -> Text:
    return Text("summary.verdicts-of", count=count, verdict=Text(f"verdict.{verdict.replace(' ', '_')}"))


def _broken(partner: Partner, verdict: str) -> Text:
    rules = [rule for rule, was in partner.broken.items() if was == verdict]
    return _some(_counted(verdict, len(rules)), rules)


def _some(what: Text, rules: Iterable[str]) -> Text:
    """Rules by their ids, and how many more there are."""
    named = list(rules)
    more = len(named) - _MOST_NAMED
    if more > 1:
        named = [*named[:_MOST_NAMED], Text("summary.and-more", count=more)]
    return Text("summary.rules-of", what=what, rules=tuple(named))


def _trend(partner: Partner) -> Text:
    each = tuple(Text("summary.trend-run", day=run.day, outcome=outcome_in_words(run.outcome)) for run in partner.runs)
    return Text("summary.trend-of", count=len(partner.runs), each=each)


def _bars(partner: Partner) -> list[tuple[int, int, int, str]]:
    """A bar for each run: the more rules it broke, the higher; its colour is the outcome's."""
    most = max((run.broken for run in partner.runs), default=0) or 1
    bars = []
    for at, run in enumerate(partner.runs):
        height = 5 + round((_HEIGHT - 5) * run.broken / most)
        bars.append((at * _STEP, _HEIGHT - height, height, _TONES[run.outcome]))
    return bars


@dataclass(frozen=True)
class _RuleRow:
    rule: BrokenRule
    width: int
    verdicts: Text
    statement: Markup

    @classmethod
    def of(cls, rule: BrokenRule, most: int, chinese: Mapping[str, str]) -> _RuleRow:
        verdicts = joined(_counted(verdict, count) for verdict, count in rule.counts.items() if count)
        statement = told(inert(rule.statement), inert(chinese.get(rule.statement, "")))
        return cls(rule, max(1, round(100 * rule.broken / most)), verdicts, statement)
