"""Progress of a run in a terminal: a line for each chapter that was judged, and a bar where somebody looks on."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Sequence

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text as Styled

from callback_contract.contract_tests.model.verdicts import RuleResult, Verdict
from callback_contract.contract_tests.reporting.terminal.console import Terminal, console, cut, verdict_text
from callback_contract.contract_tests.runner.events import (
    DeliverySent,
    Event,
    PaceLearned,
    RuleJudged,
    RuleStarted,
    RunFinished,
    RunStarted,
)
from callback_contract.openapi.rules.catalogue import Catalogue
from callback_contract.openapi.text.message import Text, in_detail, joined, listed

__all__ = ["STYLES", "Bar", "ChapterLines"]

STYLES = {
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "flaky": "magenta",
    "not applicable": "dim",
    "blocked": "dim",
    "waived": "cyan",
    "error": "bold red",
}
_HARMLESS = {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.BLOCKED}
_MOST_NAMED = 4
_MINUTES_FROM_S = 120


class Bar:
    """A progress bar with the rule in hand, shown in a terminal only. A terminal that went away ends no run.

    Args:
        out: Where lines are printed meanwhile; the bar goes there, too, unless it is no terminal.
    """

    def __init__(self, out: Terminal) -> None:
        self._target = out if out.is_terminal else console(stderr=True, language=out.language)
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            # In a narrow terminal the rule's words give way, and nothing else.
            TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
            expand=True,
            console=self._target,
            transient=True,
            disable=not self._target.is_terminal,
        )
        self._task = self._progress.add_task(self._target.words(Text("terminal.first-contact")), total=None)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._progress.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, DeliverySent):
            self._progress.advance(self._task)
        elif isinstance(event, RunStarted):
            self._total(event.deliveries)
        elif isinstance(event, RuleStarted):
            rule = event.rule.in_language(self._target.language)
            self._progress.update(self._task, description=f"{rule.id}  {escape(rule.statement)}")
        elif isinstance(event, PaceLearned):
            with contextlib.suppress(OSError):
                self._target.say(pace_in_words(event))

    def _total(self, deliveries: int) -> None:
        with contextlib.suppress(OSError):
            self._progress.start()
            self._progress.update(self._task, total=deliveries)


def pace_in_words(event: PaceLearned) -> Text:
    """How long a receiver takes that says that it is too much."""
    seconds, per_second = math.ceil(event.left_s), f"{event.per_second:.2g}"
    if seconds < _MINUTES_FROM_S:
        return Text("terminal.pace-in-seconds", per_second=per_second, left=event.left, seconds=seconds)
    minutes = math.ceil(seconds / 60)
    return Text("terminal.pace-in-minutes", per_second=per_second, left=event.left, minutes=minutes)


class ChapterLines:
    """Prints what came of a chapter once its last rule is judged.

    Args:
        is_whole: Whether all rules were asked for: what could not be judged of them is told by profile at the end.
    """

    def __init__(self, out: Terminal, catalogue: Catalogue, *, is_whole: bool = False) -> None:
        self._is_whole = is_whole
        self._out, self._titles = out, catalogue.in_language(out.language).chapters
        self._judged: list[RuleResult] = []
        self._told: set[str] = set()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RuleStarted) and self._judged and self._judged[0].rule.chapter != event.rule.chapter:
            self._tell()
        elif isinstance(event, RuleJudged):
            self._judged.append(event.result)
        elif isinstance(event, RunFinished) and self._judged:
            self._tell()

    def _tell(self) -> None:
        results, self._judged = self._judged, []
        chapter = results[0].rule.chapter
        said = in_detail(self._titles[chapter], _tallied(results))
        style = STYLES[max((result.verdict for result in results), key=list(STYLES).index)]
        is_quiet = all(result.verdict in _HARMLESS for result in results)
        if not any(map(_is_told, results)):
            if self._is_whole and all(result.verdict is Verdict.NOT_APPLICABLE for result in results):
                return
            line, reasons = f"{chapter:6}{self._out.words(said)}", {result.reason for result in results}
            is_news, self._told = not reasons <= self._told, self._told | reasons
            with contextlib.suppress(OSError):
                if is_news:  # it may say what to do
                    self._out.paragraph(Styled(line, style="dim"), hanging=6)
                else:
                    self._out.put(Styled(cut(line, self._out.width), style="dim"))
            return
        with contextlib.suppress(OSError):
            self._out.paragraph(
                Styled.assemble((f"{chapter:6}", "bold"), (self._out.words(said), "" if is_quiet else style)), hanging=6
            )


def _tallied(results: Sequence[RuleResult]) -> Text:
    """How many rules have each verdict, which ones broke, and why none was judged."""
    counts = Counter(result.verdict for result in results)
    said: list[Text] = []
    for verdict, count in counts.items():
        tallied = Text("terminal.tallied", count=count, verdict=verdict_text(verdict.value))
        ids = [result.rule.id for result in results if result.verdict is verdict]
        if verdict not in _HARMLESS:
            tallied = Text("terminal.in-brackets", what=tallied, more=_few(ids))
        said.append(tallied)
    if not any(map(_is_told, results)):
        return in_detail(listed(said), joined(dict.fromkeys(result.reason for result in results)))
    return listed(said)


def _is_told(result: RuleResult) -> bool:
    """Whether something was found out of the receiver, or went wrong."""
    return result.judged or result.verdict is Verdict.ERROR


def _few(ids: Sequence[str]) -> Text:
    first, more = listed(ids[:_MOST_NAMED]), len(ids) - _MOST_NAMED
    return Text("terminal.places", first=first, more=more) if more > 0 else first
