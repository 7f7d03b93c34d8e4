"""`check-sender` command: is the receiver of a sender under test, judges it, writes the reports."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callback_contract.contract_tests.cli.older_reports import LeavesNoOlderReport, no_older_report
from callback_contract.contract_tests.cli.report_output import (
    kit_version,
    writable,
)
from callback_contract.contract_tests.cli.senders.announcing import announce, progress, show_urls
from callback_contract.contract_tests.cli.senders.reporter import Reporter
from callback_contract.contract_tests.policy.acceptance import acceptance_options, acceptance_policy_of
from callback_contract.mock_server.cli.target_options import with_providers_signature
from callback_contract.openapi.cli.contract_options import contract_of, contract_options, identity_option
from callback_contract.openapi.cli.help import rarely_used
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.cli.ranges import NumberRange
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import SPOKEN, language_of
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.contract_tests.model.tries import Recorded, Schedule
    from callback_contract.contract_tests.reporting.terminal.console import Terminal
    from callback_contract.contract_tests.runner.config import RunConfig
    from callback_contract.contract_tests.runner.senders.endpoints import Endpoints
    from callback_contract.contract_tests.runner.senders.listeners import Listening
    from callback_contract.contract_tests.runner.senders.triggers import Trigger

__all__ = ["check_sender"]

_WAIT_S, _PERSON_S = 15.0, 600.0
_AT_ONCE = 32
_LOOPBACK = "127.0.0.1:0"


@rarely_used(
    "allow_remote_refs",
    "refs_below",
    "strict_contract",
    "paths",
    "identity",
    "overlay",
    "trigger_body",
    "strict_waivers",
    "write_waivers",
    "rules_as_of",
    "require",
    "name",
    "language",
)
@click.command(name="check-sender", cls=LeavesNoOlderReport)
@click.option("--trigger", metavar="CMD", help="Makes the sender deliver to {url}, or to all {urls}.")
@click.option("--trigger-url", metavar="URL", help="The same by a POST to this URL.")
@click.option("--trigger-body", default="", metavar="JSON", help="Its body. [an object with url, urls, count, name]")
@click.option("--listen", default=_LOOPBACK, metavar="HOST:PORT", help="Where to listen. [127.0.0.1, a free port]")
@click.option("--tls", is_flag=True, help="By HTTPS, with right and wrong certificates. [extra `tls`]")
@click.option(
    "--speed",
    type=NumberRange(0.001, 1_000_000),
    default=1.0,
    metavar="N",
    help="The sender retries N times faster; fills {speed}.",
)
@click.option(
    "--wait",
    type=NumberRange(0.5, 86_400),
    default=None,
    metavar="S",
    help="For deliveries that do not come. [15; 600]",
)
@click.option("--callback", "-c", multiple=True, metavar="NAME", help="Which callbacks come. [the first]")
@click.option("--rules", "-r", default="", metavar="ID,…", help="Only these rules or chapters: RET-01,OUT.")
@click.option("--signature", metavar="SCHEME", help="Deliveries are signed by this preset or YAML file.")
@click.option("--at-once", type=click.IntRange(1, 10_000), default=_AT_ONCE, metavar="N", help="Bound of EVT-05. [32]")
@click.option("--rate", type=NumberRange(1, 100_000), default=None, metavar="N", help="Agreed deliveries a second.")
@click.option("--max-time", type=NumberRange(1, 604_800), default=None, metavar="S", help="Seconds for the whole run.")
@click.option("--dry-run", is_flag=True, help="Print the endpoints and the time; listen to nothing.")
@click.option("--strict", is_flag=True, help="Fail on a broken SHOULD, too.")
@click.option("--report-dir", type=click.Path(path_type=Path), metavar="DIR", help="Write the reports there.")
@click.option("--name", default="", metavar="TEXT", help="The sender's name in reports.")
@click.option("--verbose", "-v", is_flag=True, help="Show the table of all rules.")
@click.option("--all-findings", is_flag=True, help="Show each case and rule in full.")
@click.option("--quiet", "-q", is_flag=True, help="Show failures and the last lines.")
@click.option("--language", type=click.Choice(SPOKEN), metavar="en|zh", help="Language of what is printed.")
@contract_options
@identity_option
@acceptance_options
def check_sender(**options: Any) -> None:
    """Judge a sender: be its receiver, and answer right, wrong, late and not at all.

    \b
    callback-contract check-sender
    callback-contract check-sender --speed 60 --trigger 'callback-contract send {url} -n {count} --speed {speed}'

    Exit codes are those of check. A trigger may hold {url}, {urls}, {base}, {count}, {speed}, {name} and {ca}.
    """
    may_move, language = not options["dry_run"], language_of(options)
    with no_older_report(options["report_dir"], may_move=may_move, language=language) as ended:
        code = ended(_CheckSender(with_providers_signature(options)).judged())
    raise click.exceptions.Exit(code)


@dataclass
class _CheckSender:
    options: Mapping[str, Any]

    def judged(self) -> int:
        """Listens, judges and reports; gives the exit code."""
        with INTERRUPTION.heard(self.options["max_time"], leaves_a_report=True):
            return self._judged()

    def _judged(self) -> int:
        from callback_contract.contract_tests.reporting.terminal.terminal import console
        from callback_contract.contract_tests.runner.senders.listeners import listening
        from callback_contract.contract_tests.runner.state import RunContext

        o, started_at, begun_s = self.options, datetime.now(UTC), time.monotonic()
        host, port = address_of(o["listen"])
        report_dir = writable(o["report_dir"])
        trigger, is_each, by_url = trigger_of(o)
        policy = acceptance_policy_of(o, kit_version(), "sender")
        config, schedule, endpoints, flaws = self._configured(policy, is_each, by_url)
        out = console(language=language_of(o))
        if o["dry_run"]:
            base = f"http{'s' * o['tls']}://{f'[{host}]' if ':' in host else host}:{port}"
            announce(out, config, schedule, o, base, endpoints.only)
            show_urls(out, base, (*endpoints.only, *flaws), o)
            return 0
        stopped: BaseException | None = None
        with contextlib.ExitStack() as stack:
            served = stack.enter_context(listening(endpoints, host, port, tls=o["tls"], flaws=flaws))
            config = replace(config, sender=_shown_sender(served.base + "/", config))
            run = stack.enter_context(contextlib.closing(RunContext.of(config)))
            if not o["quiet"]:
                announce(out, config, schedule, o, served.base, endpoints.only)
                if o["tls"] and not by_url:
                    out.say(Text("sender.tls-needs-urls"))
                if served.ca:
                    out.say(Text("sender.authority", file=str(served.ca)))
                if trigger is None:
                    show_urls(out, served.base, endpoints.only, o, served.flawed)
            try:
                _listen(served, trigger, is_each, o, out)
            except (Exception, KeyboardInterrupt) as reason:
                stopped = reason
            INTERRUPTION.ends()
            stopped = INTERRUPTION.cause or stopped
            recorded = _recorded(endpoints, served, config, o)
        return Reporter(run, o, out, report_dir, started_at, begun_s).report(recorded, stopped)

    def _configured(
        self, policy: Any, is_each: bool, by_url: bool
    ) -> tuple[RunConfig, Schedule, Endpoints, tuple[str, ...]]:
        from callback_contract.contract_tests.chapters.senders import endpoints_of
        from callback_contract.contract_tests.generation.notes import contract_notes
        from callback_contract.contract_tests.model.tries import Schedule
        from callback_contract.contract_tests.runner.config import RunConfig
        from callback_contract.contract_tests.runner.senders.endpoints import Endpoints
        from callback_contract.contract_tests.runner.senders.scenarios import BY_MESSAGE, ENDPOINTS, FLAWS
        from callback_contract.mock_server.client.sender import Access, Pace, Sender
        from callback_contract.mock_server.signing import DeliverySigner, signature_from
        from callback_contract.openapi.contract.model import means_all
        from callback_contract.openapi.rules.catalogue import load_catalogue

        o = self.options
        whole = contract_of(o, () if means_all(o["callback"]) else o["callback"])
        chosen = whole.callbacks if whole.is_foreign else whole.chosen(o["callback"])
        contract = replace(whole, callbacks=chosen)
        catalogue = load_catalogue(side="sender")
        names = tuple(name.strip() for name in o["rules"].split(",") if name.strip())
        accepted, rules = policy(contract, catalogue.select(names))
        signature = signature_from(o["signature"], os.environ) if o["signature"] else None
        schedule = Schedule.of(chosen[0], o["speed"])
        wanted = {name for rule in rules for name in endpoints_of(rule.id)}
        wanted -= set() if o["rate"] else {"stream"}
        only = tuple(name for name in (ENDPOINTS if by_url else BY_MESSAGE) if name in wanted)
        flaws = tuple(name for name in FLAWS if name in wanted and o["tls"] and by_url)
        many = {"burst": 2 * o["at_once"], "stream": int(2 * (o["rate"] or 0))}
        endpoints = Endpoints(contract, chosen, schedule, only=only, wanted=many, signature=signature, is_alone=is_each)
        signer = DeliverySigner(*signature, named=o["signature"]) if signature else None
        sender = Sender(Access("http://127.0.0.1/"), Pace(), signer)
        config = RunConfig(contract, catalogue, rules, chosen, sender, policy=accepted, notes=contract_notes(contract))
        return config, schedule, endpoints, flaws


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of `--listen`.

    Raises:
        KitError: It is none.
    """
    host, colon, port = text.strip().rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise KitError(Text("sender.no-address", text=text), where="--listen", remedy=Text("sender.write-address"))
    return host.removeprefix("[").removesuffix("]"), int(port)


def trigger_of(options: Mapping[str, Any]) -> tuple[Trigger | None, bool, bool]:
    """Return what makes the sender deliver, whether it does so for each endpoint, and whether it knows their URLs.

    Raises:
        KitError: There are two, or the URL is none.
    """
    from callback_contract.contract_tests.runner.senders.triggers import CommandTrigger, UrlTrigger, is_each, knows_urls
    from callback_contract.mock_server.client.sender import Access

    command, url, body = options["trigger"], options["trigger_url"], options["trigger_body"]
    if command and url:
        raise KitError(Text("sender.one-trigger"), where="--trigger-url", remedy=Text("sender.give-one-trigger"))
    if not command and not url:
        return None, False, True
    if command:
        return CommandTrigger(command), is_each(command), knows_urls(command)
    try:
        Access(url)
    except KitError as error:
        raise KitError(error.what, where="--trigger-url", remedy=error.remedy) from None
    is_told = not body  # the object that is sent without a body of the user's own names the URL
    return UrlTrigger(url, body), is_told or is_each(url + body), is_told or knows_urls(url + body)


def _shown_sender(url: str, config: RunConfig) -> Any:
    from callback_contract.mock_server.client.sender import Access, Pace, Sender

    return Sender(Access(url), Pace(), config.sender.signer)


def _listen(
    served: Listening, trigger: Trigger | None, is_each: bool, options: Mapping[str, Any], out: Terminal
) -> None:
    from callback_contract.contract_tests.runner.senders.running import listen

    wait_s = options["wait"] or (_PERSON_S if trigger is None else _WAIT_S)
    values = {"speed": f"{options['speed']:g}"}
    with progress(out, quiet=options["quiet"]) as tell:
        listen(served, trigger, each=is_each, wait_s=wait_s, values=values, tell=tell)


def _recorded(endpoints: Endpoints, served: Listening, config: RunConfig, options: Mapping[str, Any]) -> Recorded:
    scheme = config.scheme
    return endpoints.recorded(
        handshakes=served.handshakes,
        at_once=options["at_once"],
        per_second=options["rate"],
        is_signed=scheme is not None,
        is_timed=scheme is not None and scheme.timed,
        by_tls=options["tls"],
    )
