"""Report output: writes the reports of a run at its end, also of one that was interrupted or could not begin."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from callback_contract.contract_tests.reproduce.options import options_to_dict
from callback_contract.contract_tests.runner.setup import run_at
from callback_contract.mock_server.client.pacing import OutOfBudget
from callback_contract.openapi.cli.interruption import OutOfTime
from callback_contract.openapi.documenting.published import site_of
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.streams import write_command

if TYPE_CHECKING:
    from callback_contract.contract_tests.reporting.model.report import Report
    from callback_contract.contract_tests.runner.state import RunContext

__all__ = [
    "annotate",
    "ci_runner",
    "code_of",
    "draft_waivers",
    "event_stream",
    "kit_version",
    "report_of",
    "reportable_error",
    "why_incomplete",
    "writable",
    "write",
    "write_abort_report",
    "write_interrupted_report",
    "write_unstarted_report",
    "writes_to_stdout",
]

_NO_APP_YET = "http://app.invalid"  # an app's URL is shown by its name, and this one was never served


def report_of(
    run: RunContext,
    options: Mapping[str, Any],
    *,
    started_at: datetime,
    duration_s: float,
    code: int,
    incomplete: str,
    redact: tuple[str, ...] = (),
) -> Report:
    """Everything that a run found out, as its options say."""
    from callback_contract.contract_tests.reporting.model.report import build_report
    from callback_contract.contract_tests.runner.config import short_names

    return build_report(
        run,
        kit_version=kit_version(),
        receiver_name=options["name"] or short_names(run.config),
        options=options_to_dict(options, run),
        started_at=started_at,
        duration_s=duration_s,
        code=code,
        redact=redact,
        site=site_of(options["docs_url"], run.config.contract.document),
        incomplete=incomplete,
        is_written=options["report_dir"] is not None,
    )


def write_abort_report(run: RunContext, error: KitError, options: Mapping[str, Any], started_at: datetime) -> None:
    """Writes reports that say why nothing could be judged: whoever archives them sees no earlier run's in their place.

    Wrong use writes none, since it says nothing of a receiver; nor does anything where no directory was named.
    """
    if error.exit_code != 3 or options["report_dir"] is None:
        return
    report = report_of(
        run,
        options,
        started_at=started_at,
        duration_s=max(0.0, (datetime.now(UTC) - started_at).total_seconds()),
        code=error.exit_code,
        incomplete=error.reported,
    )
    with contextlib.suppress(KitError):  # what stopped the run is told, and matters more
        write(report, options["report_dir"], language_of(options))


def write_unstarted_report(error: KitError, url: str | None, options: Mapping[str, Any]) -> None:
    """The same where what `--start` or `--app` names did not come up, so that there is no run yet."""
    if error.exit_code != 3 or options["report_dir"] is None or options["dry_run"]:
        return
    if options["app"]:
        own = {name: _NO_APP_YET + path for name, path in options["callback_urls"].items()}
        url, options = _NO_APP_YET + (url or "/"), {**options, "callback_urls": own}
    without_read_back = {**options, "state_url": None, "plugin": None, "samples": None}
    with contextlib.suppress(KitError), run_at(url, without_read_back) as run:
        write_abort_report(run, error, options, datetime.now(UTC))


def write_interrupted_report(
    stop: BaseException, run: RunContext | None, url: str | None, options: Mapping[str, Any], started_at: datetime
) -> list[str]:
    """Writes the reports of a run that was interrupted before it judged anything; gives the lines that say so.

    Args:
        run: None where the contract was not read yet: it is not read now, since it may be what took too long.
    """
    directory = options["report_dir"]
    if directory is None or options["dry_run"]:
        return []
    try:
        writable(directory)
        report = report_of(
            run or _empty_run(url, options),
            {**options, "state_url": options["state_url"] if run else None},
            started_at=started_at,
            duration_s=max(0.0, (datetime.now(UTC) - started_at).total_seconds()),
            code=code_of(stop),
            incomplete=why_incomplete(stop),
        )
        files = tuple(file.name for file in write(report, directory, language_of(options)))
        return [Text("terminal.reports-in", directory=str(directory), files=files)]
    except KitError as error:  # wrong use that nobody came to, or a full disk
        return [str(error)]


def _empty_run(url: str | None, options: Mapping[str, Any]) -> RunContext:
    """A run without a contract, for a report of no rule."""
    from callback_contract.contract_tests.generation.corpus import DEPTHS
    from callback_contract.contract_tests.runner.config import RunConfig
    from callback_contract.contract_tests.runner.state import RunContext
    from callback_contract.mock_server.client.sender import Access, Pace, Sender
    from callback_contract.openapi.contract.model import Contract
    from callback_contract.openapi.rules.catalogue import load_catalogue

    if options["app"]:
        url = _NO_APP_YET + (url or "/")
    contract = Contract(Path(options["contract"] or "-"), "", "", "0" * 64, {}, {}, ())
    sender = Sender(Access(url or "http://127.0.0.1/callbacks"), Pace())
    catalogue = load_catalogue()
    depth, seed = DEPTHS[options["depth"]], options["seed"]
    return RunContext.of(RunConfig(contract, catalogue, catalogue.rules, (), sender, depth, seed))


def reportable_error(stopped: BaseException, run: RunContext) -> KitError:
    """Says what stopped a run without any secret of it."""
    from callback_contract.contract_tests.reporting.model.report import redaction_of

    text = redaction_of(run).text
    if isinstance(stopped, KitError):
        return stopped.with_words(text)
    what = text(f"{type(stopped).__name__}: {stopped}")
    return KitError(what, remedy=Text("error-report.report-the-kit"), exit_code=3)


def why_incomplete(stopped: BaseException | None) -> str:
    """Why a run ended early, as its report says it; empty when it did not."""
    if stopped is None:
        return ""
    if code_of(stopped) == 130:
        return Text("ended.interrupted")
    if isinstance(stopped, (OutOfBudget, OutOfTime)):
        return stopped.text
    return stopped.reported if isinstance(stopped, KitError) else str(stopped)


def code_of(stopped: BaseException) -> int:
    """The exit code of a run that ended early: 130 if it was interrupted, 3 if it could not go on."""
    return 130 if isinstance(stopped, KeyboardInterrupt) and not isinstance(stopped, OutOfTime) else 3


def writable(directory: Path | None) -> Path | None:
    """Makes the report directory before anything is sent: a run's result must not be lost for want of a folder."""
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=directory).close()
        except OSError as error:
            raise KitError(
                Text("error-report.reports-unwritable", directory=str(directory), why=str(error.strerror)),
                where="--report-dir",
                remedy=Text("error-report.writable-directory"),
            ) from None
    return directory


def writes_to_stdout(jsonl: Path | None) -> bool:
    """Whether events go where the report is shown otherwise."""
    return jsonl is not None and str(jsonl) == "-"


@contextlib.contextmanager
def event_stream(jsonl: Path | None) -> Iterator[IO[bytes] | None]:
    """Opens what `--jsonl` names, before anything is sent; gives None for nothing.

    Raises:
        KitError: It cannot be written.
    """
    if jsonl is None:
        yield None
    elif writes_to_stdout(jsonl):
        yield sys.stdout.buffer if sys.stdout else io.BytesIO()  # closed by whoever started us
    else:
        try:
            stream = jsonl.open("wb", buffering=0)
        except OSError as error:
            raise KitError(
                Text("error-report.events-unwritable", jsonl=str(jsonl), why=str(error.strerror)),
                where="--jsonl",
                remedy=Text("error-report.writable-file-or-stdout"),
            ) from None
        with stream:
            yield stream


def write(report: Report, directory: Path, language: str, runner: str = "") -> tuple[Path, ...]:
    """Writes every report, and gives their files.

    Raises:
        KitError: The directory cannot be written any more.
    """
    from callback_contract.contract_tests.reporting.formats.html import Texts
    from callback_contract.contract_tests.reporting.formats.writing import write_reports
    from callback_contract.openapi.rules.translations import load_translation

    chinese = Texts.of(load_translation("zh", report.value.get("side", "receiver")))
    try:
        return write_reports(report, directory, chinese=chinese, for_gitlab=runner == "gitlab", language=language)
    except OSError as error:
        raise KitError(
            Text("error-report.report-unwritten", why=str(error.strerror)),
            where=str(directory),
            remedy=Text("error-report.verdicts-above"),
            exit_code=3,
        ) from None


def ci_runner(options: Mapping[str, Any]) -> str:
    """The CI runner that is to show annotations; empty for none.

    Raises:
        KitError: What it reads is a file, and no directory was named.
    """
    from callback_contract.contract_tests.reporting.formats.annotations import CODE_QUALITY, runner_of

    if options["annotations"] == "gitlab" and options["report_dir"] is None:
        what = Text("error-options.gitlab-reads", file=CODE_QUALITY)
        raise KitError(what, where="--annotations", remedy=Text("error-options.add-report-dir"))
    asked: str | None = options["annotations"]
    return runner_of(os.environ) if asked is None else asked.replace("none", "")


def annotate(runner: str, report: Report, *, stderr: bool) -> None:
    """Prints what a CI runner shows beside the pipeline's result."""
    from callback_contract.contract_tests.reporting.formats.annotations import annotation_lines

    for line in annotation_lines(runner, report.value):
        write_command(line, stderr=stderr)


def draft_waivers(file: Path, run: RunContext, stopped: BaseException | None) -> Text:
    """Writes a draft of waivers, and says so."""
    from callback_contract.contract_tests.policy.waiver_drafts import drafted, write_draft

    if stopped is not None:
        return Text("terminal.no-waivers-ended-early", file=str(file))
    text = drafted(run.state.results.values(), run.config.policy.today, strict=run.config.policy.strict)
    if not text:
        return Text("terminal.nothing-to-waive", file=str(file))
    write_draft(file, text)
    return Text("terminal.waivers-drafted", file=str(file))


def kit_version() -> str:
    """The version of the kit that is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("callback-contract")
    except PackageNotFoundError:
        return "0+source"
