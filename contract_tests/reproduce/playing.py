"""Player of findings: sends a report's findings again, prints each try, and returns the exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from rich.console import Console
from rich.text import Text as Styled

from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.reporting.model.report import redaction_of
from callback_contract.contract_tests.reporting.terminal.terminal import console
from callback_contract.contract_tests.reproduce.recorded_findings import ReportFile
from callback_contract.contract_tests.reproduce.recordings import recorded_scene
from callback_contract.contract_tests.reproduce.reproducing import Look, Played, Scene, scene_of
from callback_contract.contract_tests.reproduce.steps import steps_in_words
from callback_contract.contract_tests.runner.collection import collect_tests
from callback_contract.contract_tests.runner.config import urls_in_words
from callback_contract.contract_tests.runner.first_contact import make_first_contact
from callback_contract.contract_tests.runner.setup import run_at
from callback_contract.contract_tests.runner.state import RunContext
from callback_contract.contract_tests.target.read_back import HttpReadBack
from callback_contract.mock_server.cli.target_options import pace_in_words
from callback_contract.mock_server.client.sender import OutOfBudget
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, printable, status_line
from callback_contract.openapi.cli.contract_options import contract_of
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, reworded
from callback_contract.openapi.text.spoken import spoken

__all__ = ["play_findings"]

_HOLDS, _FAILS, _NOT_JUDGED = 0, 1, 3
_MOST_SHOWN = 20  # tries that get their own line
_Chosen = list[tuple[dict[str, Any], dict[str, Any]]]


def play_findings(recorded: ReportFile, chosen: _Chosen, options: Mapping[str, Any]) -> int:
    """Play findings again and print the results; return the exit code.

    Args:
        chosen: Rules of the report, each with one of its findings.
        options: The options of `reproduce`, restored from the report where they were not given.

    Raises:
        KitError: The report or an option cannot be used, or the receiver cannot be reached.
    """
    url, urls = _urls(recorded, chosen, options)
    known = {callback.name for callback in contract_of(options).callbacks}
    callbacks = tuple(dict.fromkeys(finding["callback"] for _, finding in chosen))
    # The first contact needs an existing callback, also where that of the finding is gone.
    there = known.issuperset(callbacks)
    given = dict(options) | {"callback": callbacks if there else (), "callback_urls": urls if there else {}}
    tests = collect_tests()
    with _run_at(url, given) as run, _without_secrets(run):
        scenes = [
            scene_of(run, tests, rule["id"], finding) or recorded_scene(run, tests, recorded, rule["id"], finding)
            for rule, finding in chosen
        ]
        play = _Play(recorded, run, url, urls, options, console())
        play.announce(chosen, scenes)
        if not options["dry_run"]:
            make_first_contact(run)
        codes = {play.finding(rule, finding, scene) for (rule, finding), scene in zip(chosen, scenes, strict=True)}
    return next(code for code in (_FAILS, _NOT_JUDGED, _HOLDS) if code in codes)


def _urls(recorded: ReportFile, chosen: _Chosen, options: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the URL of the findings, and the callbacks with another URL."""
    receiver = recorded.value["receiver"]
    names = dict.fromkeys(finding["callback"] for _, finding in chosen)
    urls = {name: receiver.get("urls", {}).get(name, receiver["url"]) for name in names}
    if options["url"]:
        if len(set(urls.values())) > 1:
            raise KitError(
                Text("error-report.several-urls"),
                where="--url",
                remedy=Text("error-report.one-finding"),
            )
        return options["url"], {}
    for url in urls.values():
        _refuse_secret(url)
    first = next(iter(urls.values()))
    return first, {name: url for name, url in urls.items() if url != first}


def _refuse_secret(url: str) -> None:
    if "…" in url:
        raise KitError(
            Text("error-report.secret-url", url=printable(url)),
            where="--url",
            remedy=Text("error-report.whole-url"),
        )


def _run_at(url: str, options: Mapping[str, Any]) -> contextlib.AbstractContextManager[RunContext]:
    if not options["dry_run"]:
        return run_at(url, options)
    # The mock gets what a correct receiver would get, and no other host gets it.
    options = dict(options) | {"callback_urls": {}}
    return run_at(None, options | {"proxy": None, "state_url": None, "plugin": None, "state_map": ()})


@contextlib.contextmanager
def _without_secrets(run: RunContext) -> Iterator[None]:
    redact = redaction_of(run).text
    try:
        yield
    except KitError as error:
        raise error.with_words(redact) from None
    except OutOfBudget as reason:
        raise KitError(
            Text("error-report.playing-ended", reason=str(reason)).with_words(redact), exit_code=_NOT_JUDGED
        ) from None


@dataclass(frozen=True)
class _Play:
    recorded: ReportFile
    run: RunContext
    url: str
    urls: Mapping[str, str]
    options: Mapping[str, Any]
    out: Console

    def announce(self, chosen: _Chosen, scenes: list[Scene | None]) -> None:
        """Print the number of deliveries before any is sent."""
        costs = [
            len(finding["exchanges"]) if scene is None else self._tries(scene, finding) * scene.deliveries(self.run)
            for (_, finding), scene in zip(chosen, scenes, strict=True)
        ]
        total, pace = sum(costs) + len(self.run.config.callbacks), self.run.config.sender.pace
        if self.options["dry_run"]:
            self._say(Text("reproduce.nothing-is-sent"))
            return
        self._say(
            Text(
                "reproduce.playing",
                findings=Text("reproduce.findings", count=len(chosen)),
                file=str(self.recorded.file),
                urls=urls_in_words(self.run.config),
                deliveries=Text("reproduce.deliveries", count=total),
                pace=pace_in_words(pace),
            )
        )
        if isinstance(self.run.config.read_back, HttpReadBack):
            self._say(Text("reproduce.read-back", url=unquote(self.run.config.read_back.access.shown_url)))
        if pace.most is not None and total > pace.most:
            raise KitError(
                Text("error-report.takes-deliveries", total=total, most=pace.most),
                where="--max-deliveries",
                remedy=Text("error-report.allow-or-fewer-tries", total=total),
            )
        theirs, ours = self.recorded.value["contract"], self.run.config.contract
        if theirs["digest"] != ours.digest:
            self._say(Text("reproduce.other-contract", theirs=theirs["version"], ours=ours.version))

    def finding(self, rule: dict[str, Any], finding: dict[str, Any], scene: Scene | None) -> int:
        """Play one finding; return its exit code."""
        run_id = self.recorded.value["run"]["id"]
        self._say("")
        self._say(f"{finding['id']} {rule['level']}: {rule['statement']}", style="bold")
        self._say(
            Text(
                "reproduce.finding",
                callback=finding["callback"],
                case=finding["case"],
                broke=finding["broke"],
                tries=finding["tries"],
                run=run_id,
            )
        )
        if scene is None:
            return self._recorded_bytes(finding)
        tries = self._tries(scene, finding)
        try:
            played = [self._try(scene, number, tries) for number in range(1, tries + 1)]
        except (NotApplicable, OutOfBudget, RuntimeError) as reason:
            self._say(Text("reproduce.not-judged", reason=getattr(reason, "text", str(reason))), style="bold")
            return _NOT_JUDGED
        failed = [one for one in played if one.broken is not None]
        self._steps(finding["callback"], played[-1] if not failed else failed[0], tries, played)
        if self.options["dry_run"]:
            return _HOLDS
        often = Text("reproduce.failed-tries", failed=len(failed), tries=tries) if tries > 1 else ""
        if not failed:
            self._say(Text("reproduce.holds", often=often), style="bold green")
            return _HOLDS
        broken = failed[0].broken
        assert broken is not None
        self._say(Text("reproduce.expected", expected=broken.expected))
        self._say(Text("reproduce.actual", actual=broken.actual))
        self._say(Text("reproduce.fails", often=often), style="bold red")
        return _FAILS

    def _tries(self, scene: Scene, finding: dict[str, Any]) -> int:
        if self.options["dry_run"]:
            return 1
        return int(self.options["tries"] or scene.tries(flaky=finding["broke"] < finding["tries"]))

    def _try(self, scene: Scene, number: int, tries: int) -> Played:
        played = scene.play(self.run)
        if tries > 1 and number <= _MOST_SHOWN:
            broken = played.broken
            held = Text("reproduce.held")
            result = held if broken is None else Text("reproduce.failed", actual=broken.actual)
            self._say(Text("reproduce.try", number=number, run=played.run.id, result=result))
        return played

    def _steps(self, callback: str, played: Played, tries: int, all_played: list[Played]) -> None:
        if tries > _MOST_SHOWN:
            self._say(Text("reproduce.more-tries", count=tries - _MOST_SHOWN))
        if tries > 1:
            self._say(Text("reproduce.step-by-step", number=all_played.index(played) + 1))
        for line in self._told(callback, played.steps):
            self._say(line)

    def _recorded_bytes(self, finding: dict[str, Any]) -> int:
        """Send the recorded bytes and compare the statuses: no rule of this kit applies."""
        self._say(Text("reproduce.no-case"))
        run = self.run.state.started_again()
        differing = 0
        for delivery, before in zip(self.recorded.deliveries(finding, run), finding["exchanges"], strict=True):
            exchange = self._exchange(delivery)
            dry = bool(self.options["dry_run"])
            for line in self._told(finding["callback"], [exchange]):
                self._say(line)
            recorded = before["answer"]["status"] if "answer" in before else 0
            differing += exchange.status != recorded
            if not dry:
                before_it = status_line(recorded) if recorded else Text("reproduce.no-answer")
                self._say(Text("reproduce.recorded", answer=before_it))
        if not self.options["dry_run"]:
            count = len(finding["exchanges"])
            other = Text("reproduce.answers-differ", differing=differing, whole=count)
            self._say(other if differing else Text("reproduce.answers-as-recorded"), style="bold")
        return _HOLDS if self.options["dry_run"] else _NOT_JUDGED

    def _exchange(self, delivery: Delivery) -> Exchange:
        if self.options["dry_run"]:
            return Exchange(delivery, None, "", "", 0.0)
        return self.run.dispatcher.send(delivery)

    @property
    def _redact(self) -> Callable[[str], str]:
        # The run's id stays readable: it finds the messages in the receiver's log.
        return replace(redaction_of(self.run), run_id="{run}").text

    def _told(self, callback: str, steps: list[Exchange | Look]) -> Iterator[str]:
        sender = self.run.config.sender_of(callback)
        url = replace(sender.access, url=self.urls.get(callback, self.url)).shown_url
        answers = not self.options["dry_run"]
        return steps_in_words(steps, sender, self._redact, url=url, answers=answers)

    def _say(self, line: str, style: str = "") -> None:
        said = spoken(reworded(line, self._redact))
        for each in said.splitlines() or [""]:
            self.out.print(Styled(printable(each), style=style), soft_wrap=True)
