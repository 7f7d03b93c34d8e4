"""Decides what `callback-contract check` does with its options: set up, plan, judge, report, exit code."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from openapi.errors import KitError

__all__ = ["check", "receiver_at"]


class _Lines(click.types.StringParamType):
    """Text of which an environment variable holds one a line; click would split it at every space."""

    name = "text"
    envvar_list_splitter = "\n"


@click.command()
@click.argument("url", required=False, envvar="CALLBACK_CONTRACT_CHECK_URL")
@click.option("--rules", "-r", default="", metavar="ID,…", help="Only these rules or chapters, as in ACK-01,FWD.")
@click.option("--callback", "-c", multiple=True, metavar="NAME", help="Only this callback. [default: all]")
@click.option("--depth", type=click.Choice(["quick", "standard", "thorough"]), default="standard", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides what is drawn.")
@click.option("--strict", is_flag=True, help="Fail on a broken SHOULD, too.")
@click.option("--dry-run", is_flag=True, help="Print rules, deliveries and pace; send nothing.")
@click.option(
    "--report-dir", type=click.Path(path_type=Path), metavar="DIR", help="Write report.json and junit.xml there."
)
@click.option("--name", default="", metavar="TEXT", help="The receiver's name in reports.")
@click.option(
    "--header", "-H", multiple=True, type=_Lines(), metavar="'NAME: VALUE'", help="Send this header with everything."
)
@click.option("--auth", default=None, metavar="USER:PASSWORD", help="Basic authentication.")
@click.option("--cert", default=None, metavar="FILE", help="Client certificate (PEM).")
@click.option("--key", default=None, metavar="FILE", help="Its key, unless it stands in the same file.")
@click.option("--ca", default=None, metavar="FILE", help="Certificate authorities to trust (PEM).")
@click.option("--insecure", is_flag=True, help="Trust any certificate.")
@click.option("--signature", metavar="SCHEME", help="Sign deliveries: a preset or a YAML file; keys by environment.")
@click.option("--proxy", default=None, metavar="URL", help="HTTP proxy.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Seconds after which there is no answer.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.1),
    default=None,
    metavar="N",
    help="Deliveries a second. [20; loopback: no limit]",
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=None,
    metavar="N",
    help="Deliveries under way together. [4; loopback: 16]",
)
@click.option(
    "--max-deliveries",
    type=click.IntRange(1),
    default=None,
    metavar="N",
    help="Deliveries in all. [1000; loopback: no limit]",
)
@click.option("--max-time", type=click.FloatRange(1), default=None, metavar="S", help="Seconds for the whole run.")
@click.option("--state-url", metavar="URL", help="Read-back: GET this with {id}; see openapi/read-back.yaml.")
@click.option(
    "--state-header",
    multiple=True,
    type=_Lines(),
    metavar="'NAME: VALUE'",
    help="Send this header with read-back only.",
)
@click.option("--state-map", multiple=True, metavar="THEIRS=OURS", help="A state in the receiver's words and in ours.")
@click.option(
    "--state-patience",
    type=click.FloatRange(0, 120),
    default=5.0,
    show_default=True,
    metavar="S",
    help="Seconds that storing may take after the answer.",
)
@click.option("--plugin", metavar="FILE", help="Python file with read_back(message_id), instead of a URL.")
@click.option("--contract", default=None, metavar="FILE", help="Another contract than the built-in one.")
def check(url: str | None, **options: Any) -> None:
    """Judge the receiver at URL; without a URL, start the mock receiver and judge that.

    \b
    Exit codes: 0 nothing failed, 1 a MUST is broken, 2 wrong use, 3 nothing could be judged or the
    suite had an error, 130 interrupted. Each option is also read from CALLBACK_CONTRACT_CHECK_<OPTION>.
    """
    code = _Check(options).run(url)
    raise click.exceptions.Exit(code)


@dataclass
class _Check:
    options: dict[str, Any]

    def run(self, url: str | None) -> int:
        from contract_tests.corpus import DEPTHS
        from openapi.catalogue import load_catalogue
        from openapi.loading import CONTRACT_FILE, load_contract

        o = self.options
        catalogue = load_catalogue()
        rules = catalogue.select(tuple(name.strip() for name in o["rules"].split(",") if name.strip()))
        contract = load_contract(o["contract"] or CONTRACT_FILE)
        callbacks = tuple(contract.callback(name) for name in o["callback"]) or contract.callbacks
        report_dir = _writable(o["report_dir"])
        with receiver_at(url, contract) as target:
            sender = self._sender(target)

            from contract_tests.bench import Bench

            state = self._state(target, contract, sender.pace.at_once, own_mock=url is None)
            bench = Bench(contract, catalogue, rules, callbacks, sender, DEPTHS[o["depth"]], o["seed"], state=state)
            bench.patience_s = o["state_patience"]
            try:
                return self._dry_run(bench) if o["dry_run"] else self._judge(bench, report_dir, own_mock=url is None)
            finally:
                bench.close()

    def _signer(self) -> Any:
        if self.options["signature"] is None:
            return None
        from mock_server.signing import DeliverySigner, signature_from

        return DeliverySigner(*signature_from(self.options["signature"], os.environ))

    def _state(self, target: str, contract: Any, at_once: int, *, own_mock: bool) -> Any:
        from contract_tests.readback import HttpReadBack, known_states, own_read_back, plugged_in
        from mock_server.sending import Access

        o = self.options
        words = dict(_pair(text) for text in o["state_map"])
        if o["plugin"]:
            return plugged_in(Path(o["plugin"]), words)
        if o["state_url"] is None:
            return own_read_back(target.removesuffix("/callbacks"), contract) if own_mock else None
        access = Access(
            url=o["state_url"],
            headers=tuple(_header(text) for text in o["state_header"]),
            client_cert=o["cert"],
            client_key=o["key"],
            ca=o["ca"],
            insecure=o["insecure"],
            proxy=o["proxy"],
            timeout_s=o["timeout"],
        )
        return HttpReadBack(o["state_url"], access, at_once, known_states(contract), words)

    def _sender(self, url: str) -> Any:
        from mock_server.sending import Access, Pace, Sender

        o = self.options
        access = Access(
            url=url,
            headers=tuple(_header(text) for text in o["header"]),
            basic_auth=o["auth"],
            client_cert=o["cert"],
            client_key=o["key"],
            ca=o["ca"],
            insecure=o["insecure"],
            proxy=o["proxy"],
            timeout_s=o["timeout"],
        )
        pace = Pace.towards(
            url,
            per_second=o["rate"],
            at_once=o["at_once"],
            most=o["max_deliveries"],
            until=time.monotonic() + o["max_time"] if o["max_time"] else None,
        )
        return Sender(access, pace, self._signer())

    def _dry_run(self, bench: Any) -> int:
        from contract_tests.reporting.terminal import console, show_plan
        from contract_tests.running import collect_tests, plan_of

        show_plan(
            console(),
            plan_of(bench, collect_tests()),
            pace=_pace_in_words(bench.sender.pace),
            url=bench.sender.access.shown_url,
            catalogue=bench.catalogue,
        )
        return 0

    def _judge(self, bench: Any, report_dir: Path | None, *, own_mock: bool) -> int:
        from contract_tests.first_contact import make_first_contact
        from contract_tests.reporting.terminal import Bar, console, show_report
        from contract_tests.running import run_rules
        from contract_tests.verdicts import exit_code

        out = console()
        judged = "the mock receiver (no URL was given)" if own_mock else bench.sender.access.shown_url
        started_at, begun = datetime.now(UTC), time.monotonic()
        with Bar(console(stderr=True)) as bar:
            bench.listener = bar

            def ready(plan: dict[str, int]) -> None:
                total = sum(plan.values()) + len(bench.callbacks)
                out.print(
                    f"Judging {judged}: {len(bench.rules)} rules, {total} deliveries, "
                    f"{_pace_in_words(bench.sender.pace)}.",
                    soft_wrap=True,
                    markup=False,
                )
                if bench.sender.pace.most is not None and total > bench.sender.pace.most:
                    raise KitError(
                        f"the plan has {total} deliveries, and {bench.sender.pace.most} are allowed",
                        where="--max-deliveries",
                        remedy=f"Allow them with --max-deliveries {total + total // 10}, or choose fewer --rules or a"
                        " smaller --depth.",
                    )
                bar.total(total)
                make_first_contact(bench)

            try:
                stopped = run_rules(bench, ready)
            except KeyboardInterrupt as interrupt:
                stopped = interrupt
        if stopped is not None and not isinstance(stopped, KeyboardInterrupt) and not bench.results:
            raise _told(stopped, bench)  # there is nothing to report yet
        code = exit_code(bench.results.values(), strict=self.options["strict"])
        if isinstance(stopped, KeyboardInterrupt):
            code = 130
        elif stopped is not None:
            code = 3

        from contract_tests.reporting.report import build_report

        report = build_report(
            bench,
            kit_version=_kit_version(),
            receiver_name=self.options["name"] or bench.sender.access.shown_url.partition("://")[2].partition("?")[0],
            options=self._told_options(),
            started_at=started_at,
            duration_s=time.monotonic() - begun,
            code=code,
            incomplete=_why_incomplete(stopped),
        )
        show_report(out, report, bench.catalogue)
        if report_dir is not None:
            _write(report, bench.catalogue, report_dir)
            out.print(f"reports: {report_dir / 'report.json'}, {report_dir / 'junit.xml'}", soft_wrap=True)
        if isinstance(stopped, KitError):
            raise _told(stopped, bench)
        return code

    def _told_options(self) -> dict[str, Any]:
        """The options that a report may name: those that change a verdict, and no secret."""
        told = ("rules", "strict", "insecure", "timeout", "rate", "at_once", "max_deliveries", "max_time")
        return {name: self.options[name] for name in told}


def _told(stopped: BaseException, bench: Any) -> KitError:
    """Says what stopped a run without any secret of it."""
    from contract_tests.reporting.report import redaction_of

    text = redaction_of(bench).text
    if isinstance(stopped, KitError):
        return KitError(
            text(stopped.what), where=stopped.where, remedy=text(stopped.remedy), exit_code=stopped.exit_code
        )
    return KitError(
        text(f"{type(stopped).__name__}: {stopped}"), remedy="This is the kit's; please report it.", exit_code=3
    )


def _why_incomplete(stopped: BaseException | None) -> str:
    if stopped is None:
        return ""
    return "interrupted" if isinstance(stopped, KeyboardInterrupt) else str(stopped)


@contextlib.contextmanager
def receiver_at(url: str | None, contract: Any) -> Iterator[str]:
    """Gives the URL of the receiver under test; starts the mock when none is given."""
    if url is not None:
        yield url
        return
    from mock_server.receiver import Receiver
    from mock_server.serving import served

    with served(Receiver(contract)) as base:
        yield base + "/callbacks"


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        # It is not repeated here: a header may be a secret.
        raise KitError("a header without a colon", where="--header", remedy="Write 'Name: value'.")
    return name.strip(), value.strip()


def _pair(text: str) -> tuple[str, str]:
    theirs, equals, ours = text.partition("=")
    if not equals or not theirs or not ours:
        raise KitError(f"{text!r} is not a pair of states", where="--state-map", remedy="Write THEIRS=OURS.")
    return theirs, ours


def _writable(directory: Path | None) -> Path | None:
    """Makes the report directory before anything is sent: a run's result must not be lost for want of a folder."""
    if directory is not None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            probe = directory / ".callback-contract"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise KitError(
                f"cannot write reports to {directory}: {error.strerror}",
                where="--report-dir",
                remedy="Give a directory that can be written.",
            ) from None
    return directory


def _write(report: Any, catalogue: Any, directory: Path) -> None:
    from contract_tests.reporting.junit import write_junit
    from contract_tests.reporting.report import write_report

    try:
        write_report(report, directory)
        write_junit(report.value, catalogue.chapters, directory)
    except OSError as error:
        raise KitError(
            f"the report could not be written: {error.strerror}",
            where=str(directory),
            remedy="The verdicts stand above; make room and run again.",
            exit_code=3,
        ) from None


def _pace_in_words(pace: Any) -> str:
    rate = f"{pace.per_second:g} a second" if pace.per_second else "no limit to the rate"
    most = f", {pace.most} in all" if pace.most else ""
    return f"{rate}, {pace.at_once} at once{most}"


def _kit_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("callback-contract")
    except PackageNotFoundError:
        return "0+source"
