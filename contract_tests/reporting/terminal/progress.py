"""Progress of a run in a terminal: a line for each chapter that was judged, and a bar where somebody looks on."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeElapsedColumn
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
    WaitEnded,
    Waiting,
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
_LONG_S = 2.0  # what takes less is not told
_TELLING = ("asked", "answer", "read-back")  # what is told first where several are waited for


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
            _Doing(self),
            expand=True,
            console=self._target,
            transient=True,
            disable=not self._target.is_terminal,
        )
        self._rule = ""
        self._waits: dict[Waiting, float] = {}
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
            self._rule = rule.id
            self._progress.update(self._task, description=f"{rule.id}  {escape(rule.statement)}")
        elif isinstance(event, Waiting):
            self._waits[event] = time.monotonic()
        elif isinstance(event, WaitEnded):
            self._waits.pop(event.wait, None)
        elif isinstance(event, PaceLearned):
            with contextlib.suppress(OSError):
                self._target.say(pace_in_words(event))

    def waits_for(self, now_s: float) -> str:
        """What has been waited for a while by now, on the monotonic clock; empty where nothing has."""
        long = [(wait, now_s - begun_s) for wait, begun_s in list(self._waits.items()) if now_s - begun_s >= _LONG_S]
        if not long:
            return ""
        wait, since_s = min(long, key=lambda each: (_TELLING.index(each[0].what), -each[1]))
        key = "read-back-of-one" if wait.what == "read-back" and not wait.message else wait.what
        said = {"seconds": round(wait.most_s), "since": int(since_s), "number": wait.message}
        waits = self._target.words(Text(f"terminal.waits-{key}", **said))
        return f"{self._rule}  {waits}" if self._rule else waits

    def _total(self, deliveries: int) -> None:
        with contextlib.suppress(OSError):
            self._progress.start()
            self._progress.update(self._task, total=deliveries)


class _Doing(TextColumn):
    """The rule in hand, or what it waits for. In a narrow terminal its words give way, and nothing else."""

    def __init__(self, bar: Bar) -> None:
        super().__init__("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
        self._bar = bar

    def render(self, task: Task) -> Styled:
        waits = self._bar.waits_for(time.monotonic())
        return Styled(waits) if waits else super().render(task)


def pace_in_words(event: PaceLearned) -> Text:
    """How long a receiver takes that says that it is too much."""
    seconds, per_second = math.ceil(event.left_s), f"{event.per_second:.2g}"
    if seconds < _MINUTES_FROM_S:
        return Text("terminal.pace-in-seconds", per_second=per_second, left=event.left, seconds=seconds)
    minutes = math.ceil(seconds / 60)
    return Text("terminal.pace-in-minutes", per_second=per_second, left=event.left, minutes=minutes)


class ChapterLines:
    """Prints what came of a chapter once its last rule is judged; some are judged when all others are.

    Args:
        is_whole: Whether all rules were asked for: what could not be judged of them is told by profile at the end.
    """

    def __init__(self, out: Terminal, catalogue: Catalogue, *, is_whole: bool = False) -> None:
        self._is_whole = is_whole
        self._out, self._titles = out, catalogue.in_language(out.language).chapters
        self._left: dict[str, set[str]] = {}
        self._judged: dict[str, dict[str, RuleResult]] = {}
        self._untold: set[str] = set()
        self._told: set[str] = set()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            for rule in event.rules:
                self._left.setdefault(rule.chapter, set()).add(rule.id)
        elif isinstance(event, RuleJudged):
            rule = event.result.rule
            left = self._left.get(rule.chapter, set())
            is_last = left == {rule.id}
            left.discard(rule.id)
            self._judged.setdefault(rule.chapter, {})[rule.id] = event.result
            self._untold.add(rule.chapter)
            if is_last:
                self._tell(rule.chapter)
        elif isinstance(event, RunFinished):
            for chapter in [chapter for chapter in self._titles if chapter in self._untold]:
                self._tell(chapter)

    def _tell(self, chapter: str) -> None:
        self._untold.discard(chapter)
        results = list(self._judged[chapter].values())
        if self._is_whole and all(result.verdict is Verdict.NOT_APPLICABLE for result in results):
            return
        reasons = [] if any(map(_is_told, results)) else self._reasons(results)
        said: Text = _tallied(results)
        line = f"{chapter:6}{self._out.words(in_detail(self._titles[chapter], said))}"
        with contextlib.suppress(OSError):
            if any(map(_is_told, results)):
                self._out.paragraph(_styled(line, results), hanging=6)
            elif set(reasons) <= self._told:
                self._out.put(Styled(cut(line, self._out.width), style="dim"))
            else:  # it may say what to do
                why = self._out.words(in_detail(line, joined(reasons)))
                self._out.paragraph(Styled(why, style="dim"), hanging=6)
        self._told.update(reasons)

    def _reasons(self, results: Sequence[RuleResult]) -> list[str]:
        """Why none was judged, but for what the sum tells: the rules that block, and in a whole run the means."""
        idle = Verdict.NOT_APPLICABLE
        return [
            result.reason
            for result in results
            if not (_blocking(result) or (self._is_whole and result.verdict is idle))
        ]


def _styled(line: str, results: Sequence[RuleResult]) -> Styled:
    """A chapter's line: its id in bold, the rest in the colour of its gravest verdict, unless all is well."""
    style = STYLES[max((result.verdict for result in results), key=list(STYLES).index)]
    is_quiet = all(result.verdict in _HARMLESS for result in results)
    return Styled.assemble((line[:6], "bold"), (line[6:], "" if is_quiet else style))


def _tallied(results: Sequence[RuleResult]) -> Text:
    """How many rules have each verdict, which ones broke, and which ones block others."""
    by_verdict: dict[Verdict, list[RuleResult]] = {}
    for result in results:
        by_verdict.setdefault(result.verdict, []).append(result)
    return listed(_tally(verdict, of_it) for verdict, of_it in by_verdict.items())


def _tally(verdict: Verdict, results: Sequence[RuleResult]) -> Text:
    blocking = sorted({name for result in results for name in _blocking(result)})
    if blocking and verdict is Verdict.BLOCKED:
        return Text("terminal.blocked-by", count=len(results), rules=_few(blocking))
    tallied = Text("terminal.tallied", count=len(results), verdict=verdict_text(verdict.value))
    ids = [result.rule.id for result in results]
    return tallied if verdict in _HARMLESS else Text("terminal.in-brackets", what=tallied, more=_few(ids))


def _blocking(result: RuleResult) -> set[str]:
    return {block.by for block in result.blocked_for.values()} - {""}


def _is_told(result: RuleResult) -> bool:
    """Whether something was found out of the receiver, or went wrong."""
    return result.judged or result.verdict is Verdict.ERROR


def _few(ids: Sequence[str]) -> Text:
    first, more = listed(ids[:_MOST_NAMED]), len(ids) - _MOST_NAMED
    return Text("terminal.places", first=first, more=more) if more > 0 else first
