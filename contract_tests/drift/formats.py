"""Formats of a drift report: text for a terminal, and Markdown for a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callback_contract.contract_tests.drift.report import CallbackDrift, Drift, Report, moment
from callback_contract.contract_tests.drift.tally import Moments, Numbers
from callback_contract.contract_tests.drift.traffic import compact
from callback_contract.contract_tests.reporting.model.inert import in_markdown
from callback_contract.openapi.text.message import Text, in_detail, joined, listed
from callback_contract.openapi.text.printable import broken, printable
from callback_contract.openapi.text.spoken import spoken

__all__ = [
    "as_markdown",
    "as_text",
    "example_of",
    "facts_of",
    "left_to_a_person",
    "mark_of",
    "remarks_of",
    "timed",
]

_MOST_NAMED = 12
_LONGEST_EXAMPLE = 100


def as_text(report: Report) -> str:
    """Return the report for a terminal."""
    lines = [_headline(report)]
    for each in report.callbacks:
        lines.append("")
        lines.append(_of_callback(each))
        lines += [f"  {line}" for drift in each.drifts for line in _drift(drift)] or [f"  {spoken(Text('drift.none'))}"]
        lines += [f"  {spoken(told)}" for told in facts_of(each)]
    lines += ["", *map(spoken, (*remarks_of(report), _sum(report)))]
    return "\n".join(broken(printable(line)) for line in lines)


def as_markdown(report: Report) -> str:
    """Return the report as Markdown."""
    lines = [f"### {in_markdown(_headline(report))}"]
    for each in report.callbacks:
        lines += ["", f"#### {in_markdown(_of_callback(each))}", ""]
        if each.drifts:
            lines += [spoken(Text("drift.table-head")), "|---|---|---|---|---|---|"]
        for drift in each.drifts:
            times = [moment(at) or "" for at in (drift.moments.first, drift.moments.last)]
            cells = [spoken(mark_of(drift)), spoken(drift.text), spoken(drift.seen), *times, example_of(drift)]
            lines.append(f"| {' | '.join(map(in_markdown, cells))} |")
        lines += ["", *(f"- {in_markdown(spoken(told))}" for told in facts_of(each))]
    lines += ["", *(f"- {in_markdown(spoken(told))}" for told in (*remarks_of(report), _sum(report)))]
    return "\n".join(broken(line) for line in lines)


def _headline(report: Report) -> str:
    title, version = report.contract.title, report.contract.version
    counts = {"read": report.read, "recognised": report.recognised}
    return spoken(Text("drift.headline", title=title, version=version, **counts))


def _of_callback(each: CallbackDrift) -> str:
    traffic = each.traffic
    said = Text("drift.of-callback", callback=traffic.callback.name, deliveries=traffic.deliveries)
    return spoken(timed(said, traffic.moments))


def timed(what: Text, moments: Moments) -> Text:
    """Return a sentence with the first and the last time, where they were recorded."""
    first, last = moment(moments.first), moment(moments.last)
    return Text("drift.from-to", what=what, first=first, last=last) if first and last else what


def _drift(drift: Drift) -> Iterator[str]:
    yield f"{spoken(mark_of(drift))}  {spoken(in_detail(drift.text, timed(drift.seen, drift.moments)))}"
    if example := example_of(drift):
        yield f"     {spoken(Text('drift.example', example=example))}"


def mark_of(drift: Drift) -> Text:
    """Return whether the drift is new."""
    return Text("drift.new" if drift.is_new else "drift.known")


def example_of(drift: Drift) -> str:
    """Return the masked example; empty without one."""
    if drift.example is None:
        return ""
    told = compact(drift.example)
    return told if len(told) <= _LONGEST_EXAMPLE else told[:_LONGEST_EXAMPLE] + " …"


def facts_of(each: CallbackDrift) -> Iterator[Text]:
    """Yield what came beside the drifts, and what never came."""
    traffic, lives = each.traffic, each.traffic.lives
    if traffic.answers:
        yield Text("drift.answers", answers=_counted(traffic.answers.items()))
        yield from _spread("drift.answer-times", traffic.times, 1000)
    yield from _spread("drift.sizes", traffic.sizes)
    if lives.retried:
        yield Text("drift.retries", events=lives.retried, after=_counted(lives.after.items()))
        yield from _spread("drift.retry-waits", lives.waits)
    if lives.duplicates:
        yield Text("drift.duplicates", count=lives.duplicates)
    if lives.repeats:
        yield Text("drift.repeats", count=lives.repeats)
    for kind, names in each.never.items():
        if names:
            yield Text(f"drift.never-{kind}", names=_named(names))


def _counted(counts: object) -> Text:
    told = sorted(counts, key=lambda each: -each[1])  # type: ignore[call-overload]
    return listed(
        Text("drift.no-answer", count=count) if not status else f"{status} × {count}" for status, count in told
    )


def _spread(key: str, numbers: Numbers, times: int = 1) -> Iterator[Text]:
    if (spread := numbers.to_dict()) is not None:
        yield Text(key, **{name: f"{float(f'{number * times:.3g}'):g}" for name, number in spread.items()})


def _named(names: Sequence[str]) -> Text:
    shown, more = listed(names[:_MOST_NAMED]), len(names) - _MOST_NAMED
    return Text("drift.and-more", names=shown, count=more) if more > 0 else shown


def remarks_of(report: Report) -> Iterator[Text]:
    """Yield what concerns all callbacks."""
    if report.never_seen:
        yield Text("drift.never-callbacks", names=_named(report.never_seen))
    if report.unrecognised:
        yield Text("drift.unrecognised", count=report.unrecognised)
    for why, count in report.unreadable.items():
        yield Text("drift.unreadable", count=count, why=why)


def _sum(report: Report) -> Text:
    return Text("drift.sum", drifts=len(report.drifts), new=sum(drift.is_new for drift in report.drifts))


def left_to_a_person(drifts: Sequence[Drift]) -> Text:
    """Return what no overlay makes true."""
    return Text("drift.overlay-left", drifts=joined(drift.text for drift in drifts[:_MOST_NAMED]))
