"""`check` command: sets up a run, plans it, judges the receiver, writes the reports and returns the exit code."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from callback_contract.contract_tests.cli.older_reports import LeavesNoOlderReport, no_older_report
from callback_contract.contract_tests.cli.report_output import (
    annotate,
    ci_runner,
    code_of,
    draft_waivers,
    event_stream,
    kit_version,
    report_of,
    reportable_error,
    why_incomplete,
    writable,
    write,
    write_abort_report,
    write_interrupted_report,
    write_unstarted_report,
    writes_to_stdout,
)
from callback_contract.contract_tests.cli.sample_options import refuse_nothing_to_mask, sample_options, samples_of
from callback_contract.contract_tests.policy.acceptance import acceptance_options, acceptance_policy_of
from callback_contract.contract_tests.receivers.regions import FRAMEWORKS
from callback_contract.contract_tests.runner.setup import choice_options, configured, read_back_options
from callback_contract.contract_tests.target.subject import start_options, subject_of
from callback_contract.mock_server.cli.target_options import (
    Lines,
    duration_in_words,
    pace_in_words,
    pace_options,
    reach_options,
    with_providers_signature,
)
from callback_contract.openapi.cli.help import rarely_used
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.documenting.published import docs_url_option, site_at
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import SPOKEN, language_of
from callback_contract.openapi.text.message import Text, in_detail, listed, translated

if TYPE_CHECKING:
    from callback_contract.contract_tests.reporting.terminal.console import Terminal
    from callback_contract.contract_tests.runner.config import RunConfig
    from callback_contract.contract_tests.runner.planning import Plan
    from callback_contract.contract_tests.runner.state import RunContext
    from callback_contract.openapi.rules.catalogue import Rule

__all__ = ["check"]


@rarely_used(
    "wait_timeout",
    "allow_remote_refs",
    "refs_below",
    "strict_contract",
    "identity",
    "acknowledges_unread",
    "paths",
    "state_header",
    "state_patience",
    "strict_waivers",
    "require",
    "name",
    "language",
    "jsonl",
    "seed",
    "annotations",
    "app_python",
    "overlay",
    "docs_url",
    "rules_as_of",
    "write_waivers",
)
@click.command(cls=LeavesNoOlderReport)
@click.argument("url", required=False, envvar="CALLBACK_CONTRACT_CHECK_URL")
@start_options
@choice_options
@sample_options
@click.option("--strict", is_flag=True, help="Fail on a broken SHOULD, too.")
@click.option("--dry-run", is_flag=True, help="Print the plan; send nothing.")
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write report.html, .json and others there.",
)
@click.option(
    "--redact",
    multiple=True,
    type=Lines(),
    metavar="POINTER",
    help="Hide this part of bodies, as in /user/name.",
)
@click.option("--name", default="", metavar="TEXT", help="The receiver's name in reports.")
@click.option(
    "--framework",
    type=click.Choice(list(FRAMEWORKS), case_sensitive=False),
    metavar="NAME",
    help="Remedies in it. [by the answers' headers]",
)
@click.option("--verbose", "-v", is_flag=True, help="Show the table of all rules.")
@click.option("--all-findings", is_flag=True, help="Show each case and rule in full.")
@click.option("--quiet", "-q", is_flag=True, help="Show failures and the last lines.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first MUST that fails.")
@click.option(
    "--language",
    type=click.Choice(SPOKEN),
    metavar="en|zh",
    help="Language of what is printed. [the locale's]",
)
@click.option(
    "--jsonl",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE|-",
    help="Write a JSON line for each event, while it happens.",
)
@click.option(
    "--annotations",
    type=click.Choice(["github", "gitlab", "azure", "none"]),
    metavar="RUNNER",
    help="github, gitlab, azure or none: show causes beside the pipeline. [by the runner's environment]",
)
@docs_url_option
@acceptance_options
@reach_options
@pace_options
@read_back_options
def check(url: str | None, **options: Any) -> None:
    """Judge a receiver, or the mock, by the first callback; by all of --contract.

    \b
    Exit codes: 0 nothing failed, 1 a MUST is broken, 2 wrong use, 3 nothing could be judged or the
    suite had an error, 130 interrupted. Each option is also read from CALLBACK_CONTRACT_CHECK_<OPTION>.
    """
    was_enabled = gc.isenabled()
    gc.disable()  # until the first rule: little of what loads is garbage, and looking for it is a tenth of a start
    try:
        may_move, language = not options["dry_run"], language_of(options)
        with no_older_report(options["report_dir"], may_move=may_move, language=language) as ended:
            code = ended(_Check(options).judged(url))
    finally:
        gc.unfreeze()
        (gc.enable if was_enabled else gc.disable)()
    raise click.exceptions.Exit(code)


@dataclass
class _Check:
    options: dict[str, Any]
    run: RunContext | None = None

    def judged(self, url: str | None) -> int:
        """Judges the receiver at a URL, or what the options start; gives the exit code."""
        started_at = datetime.now(UTC)
        try:
            with INTERRUPTION.heard(self.options["max_time"], leaves_a_report=True):
                return self._judged(url)
        except KeyboardInterrupt as stop:  # before the first rule, or between the last one and its report
            INTERRUPTION.ends()
            written = write_interrupted_report(stop, self.run, url, self.options, started_at)
            nothing = Text("terminal.nothing-was-judged", why=why_incomplete(stop))
            language = language_of(self.options)
            click.echo("\n".join(translated(line, language) for line in (nothing, *written)), err=True)
            return code_of(stop)

    def _judged(self, url: str | None) -> int:
        with contextlib.ExitStack() as opened:
            run, reporter = self._configure(url, opened)
            if self.options["dry_run"]:
                return _show_plan(run, language_of(self.options))
            from callback_contract.contract_tests.runner.collection import apart, collect_tests
            from callback_contract.contract_tests.runner.first_contact import make_first_contact
            from callback_contract.contract_tests.runner.judge import judge_rules
            from callback_contract.contract_tests.runner.planning import plans_of

            gc.freeze()  # what is loaded by now stays: no collection has to walk it again
            gc.enable()
            stopped: BaseException | None = None
            failed: Rule | None = None
            with reporter.listening(), apart():
                try:
                    tests = collect_tests()
                    reporter.announce(plans_of(run, tests))
                    make_first_contact(run)
                    failed = judge_rules(run, tests, fail_fast=self.options["fail_fast"])
                except (Exception, KeyboardInterrupt) as reason:  # every exception leaves a report of the judged rules
                    stopped = reason
                INTERRUPTION.ends()
                stopped = INTERRUPTION.cause or stopped  # what broke because of it is not told
                ended = Text("ended.first-failed", rule=failed.id) if failed else why_incomplete(stopped)
                run.state.run_finished(ended)
            return reporter.report(stopped, ended)

    def _configure(self, url: str | None, opened: contextlib.ExitStack) -> tuple[RunContext, _Reporter]:
        """Opens the run that the options describe, and what tells of it."""
        from callback_contract.contract_tests.reporting.model.redaction import checked_pointers
        from callback_contract.contract_tests.target.callback_urls import parted

        redact = checked_pointers(self.options["redact"])
        refuse_nothing_to_mask(self.options)
        ci_runner(self.options)
        self.options = with_providers_signature(self.options)
        report_dir = writable(self.options["report_dir"])
        url, self.options = parted(url, self.options)
        if self.options["docs_url"]:
            site_at(self.options["docs_url"])
        policy = acceptance_policy_of(self.options, kit_version())  # first: a typo starts no receiver
        events = None if self.options["dry_run"] else opened.enter_context(event_stream(self.options["jsonl"]))
        try:
            subject = opened.enter_context(subject_of(url, self.options, report_dir))
        except KitError as error:
            write_unstarted_report(error, url, self.options)
            raise
        config = opened.enter_context(
            configured(
                subject.url, subject.options, policy=policy, samples=lambda config: samples_of(config, self.options)
            )
        )

        from callback_contract.contract_tests.runner.state import RunContext

        config = replace(config, process=subject.process)
        run = self.run = opened.enter_context(contextlib.closing(RunContext.of(config)))
        subject.redact = _redact_for(run)
        return run, _Reporter(run, self.options, report_dir, redact, events, is_own_mock=subject.url is None)


class _Reporter:
    """What a run's user sees: the announcement, the progress, and the report."""

    def __init__(
        self,
        run: RunContext,
        options: Mapping[str, Any],
        report_dir: Path | None,
        redact: tuple[str, ...],
        events: IO[bytes] | None,
        *,
        is_own_mock: bool,
    ) -> None:
        from callback_contract.contract_tests.reporting.terminal.terminal import console

        self._run, self._options, self._redact, self._events = run, options, redact, events
        self._report_dir, self._is_own_mock = report_dir, is_own_mock
        self._language, self._runner = language_of(options), ci_runner(options)
        self._out = console(stderr=writes_to_stdout(options["jsonl"]), language=self._language)
        self._started_at, self._begun = datetime.now(UTC), time.monotonic()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Shows the progress, and writes the events, while the block judges."""
        from callback_contract.contract_tests.reporting.terminal.terminal import Bar, ChapterLines

        with Bar(self._out) as bar:
            self._run.state.subscribe(bar)
            if not self._options["quiet"]:
                catalogue = self._run.config.catalogue
                is_whole = len(self._run.config.rules) == len(catalogue.rules)
                self._run.state.subscribe(ChapterLines(self._out, catalogue, is_whole=is_whole))
            if self._events is None:
                yield
                return
            from callback_contract.contract_tests.reporting.formats.event_lines import EventLines
            from callback_contract.contract_tests.reporting.model.report import redaction_of

            lines = EventLines(self._events, redaction_of(self._run, self._redact))
            self._run.state.subscribe(lines)
            yield
        if lines.error is not None:
            lost = Text("terminal.events-lost", why=str(lines.error.strerror))
            click.echo(lost.in_language(self._language), err=True)

    def announce(self, plan: Mapping[str, Plan]) -> None:
        """Says what is going to be sent, before anything is.

        Raises:
            KitError: It is more than may be sent.
        """
        from callback_contract.contract_tests.runner.config import judged_in_words, proxy_in_words

        run, config = self._run, self._run.config
        total = sum(each.deliveries for each in plan.values()) + len(config.scopes)
        if not self._options["quiet"]:
            for reason in config.withheld.values():
                self._out.say(Text("terminal.withheld", why=reason))
            self._out.say(
                Text(
                    "terminal.judging",
                    what=Text("terminal.own-mock") if self._is_own_mock else judged_in_words(config),
                    callbacks=_named(config),
                    rules=Text("terminal.rules", count=len(config.rules)),
                    deliveries=Text("terminal.deliveries", count=total),
                    proxy=proxy_in_words(config),
                    pace=pace_in_words(config.sender.pace, run.dispatcher.concurrency.most),
                    takes=duration_in_words(config.sender.pace, total),
                )
            )
            _say_selection(self._out, config)
        most = config.sender.pace.most
        for reason in dict.fromkeys(run.state.left_out.values()):
            rules = listed(rule for rule, why in run.state.left_out.items() if why == reason)
            self._out.say(in_detail(rules, reason))
        if most is not None and total > most:
            raise KitError(
                Text("error-options.too-many-deliveries", total=total, most=most),
                where="--max-deliveries",
                remedy=Text("error-options.allow-deliveries", enough=total + total // 10),
            )
        run.dispatcher.plan(total)
        run.state.run_started(config, total)

    def report(self, stopped: BaseException | None, incomplete: str) -> int:
        """Shows and writes the report; gives the exit code.

        Args:
            incomplete: Why the run ended early; empty when it did not.

        Raises:
            KitError: What stopped the run, without a secret of it.
        """
        from callback_contract.contract_tests.model.verdicts import exit_code
        from callback_contract.contract_tests.reporting.model.profiles import profiles_of
        from callback_contract.contract_tests.reporting.terminal.terminal import show_report
        from callback_contract.mock_server.client.pacing import OutOfBudget

        run, options, results = self._run, self._options, self._run.state.results
        if stopped is not None and not isinstance(stopped, (KeyboardInterrupt, OutOfBudget)) and not results:
            error = reportable_error(stopped, run)
            write_abort_report(run, error, options, self._started_at)
            raise error
        code = exit_code(results.values(), strict=options["strict"])
        code = run.config.policy.exit_code(code, run.config, results, profiles_of(run))
        if stopped is not None:
            code = code_of(stopped)

        report = report_of(
            run,
            options,
            started_at=self._started_at,
            duration_s=time.monotonic() - self._begun,
            code=code,
            redact=self._redact,
            incomplete=incomplete,
        )
        told = {"at_length": options["all_findings"], "verbose": options["verbose"]}
        show_report(self._out, report, run.config.catalogue, self._report_dir, **told)
        if self._report_dir is not None:
            written = write(report, self._report_dir, self._language, self._runner)
            names = [file.name for file in written] + ["findings/"] * (self._report_dir / "findings").is_dir()
            self._out.say(Text("terminal.reports-in", directory=str(self._report_dir), files=tuple(names)))
        if options["write_waivers"] is not None:
            self._out.say(draft_waivers(options["write_waivers"], run, stopped))
        annotate(self._runner, report, stderr=writes_to_stdout(options["jsonl"]))
        stopped = stopped or run.state.read_back_error
        if isinstance(stopped, KitError):
            raise reportable_error(stopped, run)
        return code


def _show_plan(run: RunContext, language: str) -> int:
    from callback_contract.contract_tests.reporting.terminal.terminal import console, show_plan
    from callback_contract.contract_tests.runner.collection import collect_tests
    from callback_contract.contract_tests.runner.config import judged_in_words, proxy_in_words
    from callback_contract.contract_tests.runner.planning import plans_of

    tests, config, out = collect_tests(), run.config, console(language=language)
    show_plan(
        out,
        plans_of(run, tests),
        connecting=frozenset(rule_id for rule_id, test in tests.items() if test.connects),
        pace=config.sender.pace,
        most_at_once=run.dispatcher.concurrency.most,
        url=judged_in_words(config),
        proxy=proxy_in_words(config),
        contacts=len(config.scopes),
        catalogue=config.catalogue,
    )
    _say_selection(out, config)
    return 0


def _redact_for(run: RunContext) -> Callable[[str], str]:
    """Takes the run's secrets out of a text; what does so is loaded when there is a text."""

    def redact(text: str) -> str:
        from callback_contract.contract_tests.reporting.model.report import redaction_of

        return redaction_of(run).text(text)

    return redact


def _say_selection(out: Terminal, config: RunConfig) -> None:
    for note in config.notes:
        if note.about in {"selection", "identity"}:
            out.say(Text("terminal.sentence", said=note.text))


def _named(config: RunConfig) -> Text | str:
    """Which callbacks are judged, unless the URLs that they go to are listed with them."""
    if config.elsewhere:
        return ""
    return Text("terminal.callbacks", names=tuple(callback.name for callback in config.callbacks))
