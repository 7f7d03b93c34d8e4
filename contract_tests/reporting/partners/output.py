"""Partner overview output: renders many receivers' reports for a terminal, as Markdown, or for a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from callback_contract.contract_tests.reporting.model.inert import in_markdown, one_line
from callback_contract.contract_tests.reporting.partners.overview import COUNTED, Partner, Partners
from callback_contract.openapi.text.message import ENGLISH, Text, joined, translated
from callback_contract.openapi.text.printable import exact_json

__all__ = [
    "aligned",
    "cells",
    "headline",
    "outcome_in_words",
    "partners_json",
    "partners_markdown",
    "partners_text",
    "title",
    "told_broken",
    "told_latency",
    "told_when",
    "warnings",
]

_HEAD = tuple(
    Text(f"summary.{column}")
    for column in (
        *("outcome", "fail", "flaky", "warn", "waived", "not-applicable", "blocked", "error", "contract"),
        *("kit", "when", "p95", "profiles"),
    )
)
_RULES_HEAD = tuple(
    Text(f"summary.{column}")
    for column in ("rule", "level", "broken-by", "fail", "flaky", "warn", "waived", "what-it-says")
)
_WIDEST_NAME = 40


def headline(partners: Partners) -> Text:
    """How many receivers came to what."""
    each = tuple(
        Text("summary.counted", number=count, what=outcome_in_words(outcome))
        for outcome, count in partners.outcomes.items()
    )
    reports = Text("summary.reports", count=len(partners.receivers), each=each)
    return joined([reports, Text("summary.left-out", count=partners.left_out)]) if partners.left_out else reports


def outcome_in_words(outcome: str) -> Text:
    """What a receiver came to."""
    return Text(f"summary.{outcome.replace(' ', '-')}")


def warnings(partners: Partners) -> list[Text]:
    """Where the newest report says less than an older one did, and where the last run left none."""
    narrower = tuple(cells(partner, partners)[0] for partner in partners.receivers if partner.narrower)
    said = [Text("summary.narrower", receivers=narrower)] if narrower else []
    said += [Text("summary.unreported", names=partners.unreported)] if partners.unreported else []
    other = "sender" if partners.side == "receiver" else "receiver"
    return said + ([Text(f"summary.also-{other}", count=partners.other_side)] if partners.other_side else [])


def _head(partners: Partners) -> tuple[Text, ...]:
    return (Text(f"summary.{partners.side}"), *_HEAD)


def title(partners: Partners) -> Text:
    """Whose reports these are."""
    return Text("summary.title" if partners.side == "receiver" else "summary.title-of-senders")


def cells(partner: Partner, partners: Partners) -> tuple[str, ...]:
    """A receiver's row; the URL is told where the name alone says not who it is."""
    same = {other.url for other in partners.receivers if other.name == partner.name}
    titles = {other.contract for other in partners.receivers}
    return (
        partner.name if len(same) == 1 else f"{partner.name} ({partner.url})",
        outcome_in_words(partner.outcome),
        *(str(partner.counts[verdict]) for verdict in COUNTED),
        partner.contract_version if len(titles) == 1 else f"{partner.contract} {partner.contract_version}",
        partner.kit_version,
        told_when(partner),
        told_latency(partner),
        told_profiles(partner),
    )


def told_when(partner: Partner) -> str:
    """When the newest run was, and how many older reports are left out."""
    moment = partner.started_at[:16].replace("T", " ")
    return Text("summary.older", moment=moment, number=partner.older) if partner.older else moment


def told_latency(partner: Partner) -> str:
    """The time within which 95 of 100 answers came."""
    return "–" if partner.p95_s is None else f"{partner.p95_s * 1000:.0f} ms"


def told_profiles(partner: Partner) -> Text:
    """The profiles by their verdict."""
    by_verdict: dict[str, list[str]] = {}
    for name, verdict in partner.profiles.items():
        by_verdict.setdefault(verdict, []).append(Text(f"profile.{name}"))
    return joined(
        Text("summary.lot", what=outcome_in_words(verdict), names=tuple(names)) for verdict, names in by_verdict.items()
    )


def told_broken(partner: Partner) -> Text:
    """The rules that a receiver breaks, by verdict."""
    by_verdict: dict[str, list[str]] = {}
    for rule, verdict in partner.broken.items():
        by_verdict.setdefault(verdict, []).append(rule)
    return joined(
        Text("summary.broken", verdict=Text(f"verdict.{verdict}"), rules=tuple(rules))
        for verdict, rules in by_verdict.items()
    )


def _rule_cells(partners: Partners) -> list[tuple[str, ...]]:
    return [
        (
            rule.rule,
            rule.level,
            Text("summary.of", broken=rule.broken, judged=rule.judged),
            *(str(count) for count in rule.counts.values()),
            rule.statement,
        )
        for rule in partners.rules
    ]


def partners_text(partners: Partners, language: str = ENGLISH) -> str:
    """For a terminal."""

    def said(row: Sequence[str]) -> tuple[str, ...]:
        return tuple(translated(cell, language) for cell in row)

    lines = aligned(said(_head(partners)), [_short(said(cells(partner, partners))) for partner in partners.receivers])
    broken = [partner for partner in partners.receivers if partner.broken]
    if broken:
        lines += ["", *said([Text("summary.each-breaks")])]
        for partner in broken:
            name, rules = said([cells(partner, partners)[0], told_broken(partner)])
            lines.append(f"  {one_line(name)[:_WIDEST_NAME]}: {one_line(rules)}")
        lines += ["", *said([Text("summary.break-most")])]
        lines += aligned(said(_RULES_HEAD), [said(row) for row in _rule_cells(partners)])
    return "\n".join([*lines, "", *map(one_line, said([*warnings(partners), headline(partners)]))])


def _short(row: Sequence[str]) -> tuple[str, ...]:
    name = one_line(row[0])
    return (name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…", *row[1:])


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table's lines for a terminal, each column as wide as its widest cell."""
    from rich.cells import cell_len, set_cell_size

    told = [tuple(head), *(tuple(one_line(cell) for cell in row) for row in rows)]
    widths = [max(cell_len(row[column]) for row in told) for column in range(len(head))]
    return ["  ".join(map(set_cell_size, row, widths)).rstrip() for row in told]


def partners_markdown(partners: Partners) -> str:
    """For a wiki, a pull request or a step summary."""
    lines = [f"## {title(partners)}", "", f"**{in_markdown(headline(partners))}**", ""]
    lines += [line for told in warnings(partners) for line in (in_markdown(told), "")]
    rows = [(*cells(partner, partners), told_broken(partner)) for partner in partners.receivers]
    lines += _table((*_head(partners), Text("summary.broken-rules")), rows)
    if partners.rules:
        lines += ["", f"### {Text('summary.break-most')}", "", *_table(_RULES_HEAD, _rule_cells(partners))]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    told = [f"| {' | '.join(in_markdown(cell) for cell in row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *told]


def partners_json(partners: Partners) -> str:
    """For programs."""
    rules = [asdict(rule) | {"broken": rule.broken} for rule in partners.rules]
    value = {
        "schema": 1,
        "outcomes": partners.outcomes,
        "left_out": partners.left_out,
        "side": partners.side,
        "other_side": partners.other_side,
        "receivers": [asdict(partner) for partner in partners.receivers],
        "rules": rules,
    }
    return exact_json(value, indent=2, in_ascii=True)
