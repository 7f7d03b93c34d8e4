"""`check` command: sets up a run, plans it, judges the receiver, writes the reports and returns the exit code."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from callback_contract.contract_tests.cli.older_reports import LeavesNoOlderReport, no_older_report
from callback_contract.contract_tests.cli.report_output import (
    code_of,
    draft_waivers,
    kit_version,
    leave_word_interrupted,
    report_of,
    told_of,
    why_incomplete,
    writable,
    write,
    write_abort_report,
    write_unstarted_report,
)
from callback_contract.contract_tests.cli.sample_options import put_samples, refuse_nothing_to_mask, sample_options
from callback_contract.contract_tests.policy.acceptance import acceptance_options, acceptance_policy_of
from callback_contract.contract_tests.runner.setup import bench_at, choice_options, read_back_options
from callback_contract.contract_tests.target.subject import start_options, subject_of
from callback_contract.mock_server.cli.target_options import Lines, pace_in_words, pace_options, reach_options
from callback_contract.openapi.cli.help import rarely_used
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.documenting.published import docs_url_option, site_at
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.plural import counted

__all__ = ["check"]


@rarely_used(
    "wait_timeout",
    "allow_remote_refs",
    "strict_contract",
    "paths",
    "state_header",
    "state_patience",
    "strict_waivers",
    "require",
    "name",
    "all_findings",
    "quiet",
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
@click.option("--all-findings", is_flag=True, help="Tell each in full, also where one cause breaks many rules.")
@click.option("--quiet", is_flag=True, help="Leave out rules that passed or are not applicable.")
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
        with no_older_report(options["report_dir"], may_move=not options["dry_run"]) as ended:
            code = ended(_Check(options).run(url))
    finally:
        gc.unfreeze()
        (gc.enable if was_enabled else gc.disable)()
    raise click.exceptions.Exit(code)


@dataclass
class _Check:
    options: dict[str, Any]
    bench: Any = None

    def run(self, url: str | None) -> int:
        started_at = datetime.now(UTC)
        try:
            with INTERRUPTION.heard(self.options["max_time"], leaves_a_report=True):
                return self._run(url)
        except KeyboardInterrupt as stop:  # before the first rule, or between the last one and its report
            INTERRUPTION.ends()
            written = leave_word_interrupted(stop, self.bench, url, self.options, started_at)
            click.echo("\n".join([f"{why_incomplete(stop)}: nothing was judged", *written]), err=True)
            return code_of(stop)

    def _run(self, url: str | None) -> int:
        from callback_contract.contract_tests.reporting.model.redaction import checked_pointers
        from callback_contract.contract_tests.target.callback_urls import parted

        redact = checked_pointers(self.options["redact"])
        refuse_nothing_to_mask(self.options)
        report_dir = writable(self.options["report_dir"])
        url, self.options = parted(url, self.options)
        if self.options["docs_url"]:
            site_at(self.options["docs_url"])
        put_gate = acceptance_policy_of(self.options, kit_version())  # first: a typo starts no receiver
        with contextlib.ExitStack() as opened:
            try:
                subject = opened.enter_context(subject_of(url, self.options, report_dir))
            except KitError as error:
                write_unstarted_report(error, url, self.options)
                raise
            bench = self.bench = opened.enter_context(bench_at(subject.url, subject.options))
            subject.redact = _redact_for(bench)
            put_gate(bench)
            put_samples(bench, self.options)
            if self.options["dry_run"]:
                return self._dry_run(bench)
            return self._judge(bench, report_dir, redact, own_mock=subject.url is None)

    def _dry_run(self, bench: Any) -> int:
        from callback_contract.contract_tests.reporting.terminal.terminal import console, show_plan
        from callback_contract.contract_tests.runner.receiver_urls import judged_in_words
        from callback_contract.contract_tests.runner.run import collect_tests, plans_of

        tests = collect_tests()
        show_plan(
            console(),
            plans_of(bench, tests),
            connecting=frozenset(rule_id for rule_id, test in tests.items() if test.connects),
            pace=pace_in_words(bench.sender.pace, bench.company.most),
            url=judged_in_words(bench),
            contacts=len(bench.scopes),
            catalogue=bench.catalogue,
        )
        _say_selection(console(), bench)
        return 0

    def _judge(self, bench: Any, report_dir: Path | None, redact: tuple[str, ...], *, own_mock: bool) -> int:
        from callback_contract.contract_tests.model.verdicts import exit_code
        from callback_contract.contract_tests.reporting.model.profiles import profiles_of
        from callback_contract.contract_tests.reporting.terminal.terminal import Bar, console, show_report
        from callback_contract.contract_tests.runner.first_contact import make_first_contact
        from callback_contract.contract_tests.runner.receiver_urls import judged_in_words
        from callback_contract.contract_tests.runner.run import run_rules
        from callback_contract.mock_server.client.pacing import OutOfBudget

        out = console()
        judged = "the mock receiver (no URL was given)" if own_mock else judged_in_words(bench)
        started_at, begun = datetime.now(UTC), time.monotonic()
        with Bar(console(stderr=True)) as bar:
            bench.listener = bar

            def ready(plan: dict[str, int]) -> None:
                total = sum(plan.values()) + len(bench.scopes)
                for reason in bench.withheld.values():
                    out.print(f"{reason}; nothing of it is sent.", soft_wrap=True, markup=False)
                out.print(
                    f"Judging {judged}: {_named(bench)}{counted(len(bench.rules), 'rule')}, "
                    f"{counted(total, 'delivery', 'deliveries')}, "
                    f"{pace_in_words(bench.sender.pace, bench.company.most)}.",
                    soft_wrap=True,
                    markup=False,
                )
                _say_selection(out, bench)
                if bench.sender.pace.most is not None and total > bench.sender.pace.most:
                    raise KitError(
                        f"the plan has {total} deliveries, and {bench.sender.pace.most} are allowed",
                        where="--max-deliveries",
                        remedy=f"Allow them with --max-deliveries {total + total // 10}, or choose fewer --rules or a"
                        " smaller --depth.",
                    )
                bench.spare = None if bench.sender.pace.most is None else bench.sender.pace.most - total
                bar.total(total)
                make_first_contact(bench)

            gc.freeze()  # what is loaded by now stays: no collection has to walk it again
            gc.enable()
            try:
                stopped = run_rules(bench, ready)
            except (Exception, KeyboardInterrupt) as reason:  # whatever it is, what was judged is reported
                stopped = reason
            INTERRUPTION.ends()
            stopped = INTERRUPTION.cause or stopped  # what broke because of it is not told
        if stopped is not None and not isinstance(stopped, (KeyboardInterrupt, OutOfBudget)) and not bench.results:
            error = told_of(stopped, bench)
            write_abort_report(bench, error, self.options, started_at)
            raise error
        code = exit_code(bench.results.values(), strict=self.options["strict"])
        code = bench.gate.exit_code(code, bench, profiles_of(bench))
        if stopped is not None:
            code = code_of(stopped)

        report = report_of(
            bench,
            self.options,
            started_at=started_at,
            duration_s=time.monotonic() - begun,
            code=code,
            redact=redact,
            incomplete=why_incomplete(stopped),
        )
        told = {"at_length": self.options["all_findings"], "quiet": self.options["quiet"]}
        show_report(out, report, bench.catalogue, report_dir, **told)
        if report_dir is not None:
            written = write(report, report_dir)
            names = ", ".join([file.name for file in written] + ["findings/"] * (report_dir / "findings").is_dir())
            out.print(f"reports in {report_dir}: {names}", soft_wrap=True, markup=False)
        if self.options["write_waivers"] is not None:
            out.print(draft_waivers(self.options["write_waivers"], bench, stopped), soft_wrap=True, markup=False)
        stopped = stopped or bench.read_back_error
        if isinstance(stopped, KitError):
            raise told_of(stopped, bench)
        return code


def _redact_for(bench: Any) -> Callable[[str], str]:
    """Takes the run's secrets out of a text; what does so is loaded when there is a text."""

    def redact(text: str) -> str:
        from callback_contract.contract_tests.reporting.model.report import redaction_of

        return redaction_of(bench).text(text)

    return redact


def _say_selection(out: Any, bench: Any) -> None:
    for note in bench.notes:
        if note.about == "selection":
            out.print(f"{note.text}.", soft_wrap=True, markup=False)


def _named(bench: Any) -> str:
    """Which callbacks are judged, unless the URLs that they go to are listed with them."""
    if bench.elsewhere:
        return ""
    return ", ".join(callback.name for callback in bench.callbacks) + ", "
