"""`send` command: sends one callback, or the whole lives of many messages."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callback_contract.mock_server.cli.sent_delivery import say_what_breaks, show
from callback_contract.mock_server.cli.target_options import (
    lives_options,
    pace_in_words,
    pace_options,
    reach_options,
    sender_to,
    with_providers_signature,
)
from callback_contract.openapi.cli.contract_options import contract_of, contract_options, identity_option
from callback_contract.openapi.cli.help import rarely_used
from callback_contract.openapi.cli.interruption import INTERRUPTION, OutOfTime
from callback_contract.openapi.cli.ranges import NumberRange
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, reworded
from callback_contract.openapi.text.spoken import spoken
from callback_contract.openapi.text.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from callback_contract.mock_server.client.sender import Sender
    from callback_contract.mock_server.provider.composer import Composer
    from callback_contract.mock_server.provider.sender_faults import SenderFault
    from callback_contract.mock_server.wire.delivery import Delivery
    from callback_contract.mock_server.wire.identity import Run
    from callback_contract.openapi.contract.model import Callback

__all__ = ["refuse_unsigned", "say_what_lacks", "send"]

_LONGEST_ARGUMENT = 100_000  # Linux takes 131 072 bytes


@rarely_used(
    "allow_remote_refs",
    "refs_below",
    "strict_contract",
    "identity",
    "paths",
    "repeat_ids",
    "concurrent",
    "burst",
    "start_rate",
    "speed",
    "fault",
)
@click.command()
@click.argument("url", envvar="CALLBACK_CONTRACT_SEND_URL")
@click.option("--callback", "-c", default=None, metavar="NAME", help="Which callback. [default: the first]")
@click.option("--status", "state", default=None, metavar="STATE", help="Tell this state.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=TEXT", help="Set a member; PATH:=JSON for JSON.")
@click.option("--example", default=None, metavar="NAME", help="Send this named example of the contract.")
@click.option("--edit", is_flag=True, help="Edit the body in $EDITOR first.")
@click.option("--file", default=None, type=click.Path(allow_dash=True), metavar="FILE", help="Send these bytes as is.")
@click.option(
    "--messages", "-n", type=click.IntRange(1, 1_000_000), default=None, metavar="N", help="Whole lives of N messages."
)
@click.option(
    "--speed", type=NumberRange(0.001, 1_000_000), default=60.0, show_default=True, help="Times faster than life."
)
@click.option(
    "--start-rate", type=NumberRange(0.001, 100_000), default=None, metavar="N", help="Messages begun a second."
)
@lives_options
@click.option("--fault", default=None, metavar="ID", help="Be wrong as this rule on senders forbids; with --messages.")
@click.option("--repeat-ids", is_flag=True, help="Use the ids of the last run with this seed.")
@click.option("--dry-run", is_flag=True, help="Print curl lines; send nothing.")
@contract_options
@identity_option
@reach_options
@pace_options
def send(url: str, **options: Any) -> None:
    """Send what the provider would: one callback, or with --messages the whole lives of many.

    \b
    callback-contract send http://127.0.0.1:8080/ --status read --set variables.name=李雷
    callback-contract send http://127.0.0.1:8080/ --messages 500 --rate 50 --duplicates 0.1 --reordered 0.1

    Exit codes: 0 all was acknowledged, 1 not all was, 2 wrong use, 3 nobody answers, 130 interrupted.
    """
    with INTERRUPTION.heard(options["max_time"]):
        code = _Send(url, with_providers_signature(options)).run()
    raise click.exceptions.Exit(code)


@dataclass
class _Send:
    url: str
    options: Mapping[str, Any]

    def run(self) -> int:
        from callback_contract.mock_server.provider.composer import Composer

        o = self.options
        contract = contract_of(o, [o["callback"]] if o["callback"] else ())
        callback = contract.callback(o["callback"]) if o["callback"] else contract.default_callbacks[0]
        _refuse_unknown_state(callback, o["state"])
        composer = Composer(callback, example=o["example"], assignments=o["assignments"])
        sender = sender_to(self.url, o)
        say_what_lacks(callback, sender, o)
        if not o["dry_run"]:
            refuse_unsigned(callback, sender, o)
        if o["fault"] and not o["messages"]:
            raise KitError(Text("error-send.fault-of-lives"), where="--fault", remedy=Text("error-send.add-messages"))
        try:
            return self._many(composer, sender) if o["messages"] else self._one(contract, composer, sender)
        finally:
            sender.close()

    def _run(self) -> Run:
        from callback_contract.mock_server.wire.identity import Run

        fresh = Run.fresh()
        if not self.options["repeat_ids"]:
            return fresh
        import hashlib

        return Run(hashlib.sha256(f"seed {self.options['seed']}".encode()).hexdigest()[:8], fresh.started_at)

    def _one(self, contract: Any, composer: Composer, sender: Any) -> int:
        import random

        from callback_contract.mock_server.client.pacing import OutOfBudget
        from callback_contract.mock_server.provider.composer import what_was_cut
        from callback_contract.mock_server.wire.identity import Identity

        o = self.options
        identity = Identity(self._run(), 1)
        if o["file"] is not None:
            delivery = composer.exactly(_bytes_of(o["file"]))
        else:
            content = composer.content(random.Random(o["seed"]), o["state"])
            delivery = composer.delivery(content, identity)
            if not composer.callback.delivered_examples and (cut := what_was_cut(composer.callback, content)):
                click.echo(spoken(Text("terminal.note", said=cut)), err=True)
        if o["edit"]:
            delivery = replace(delivery, body=_edited(delivery.body))
        if o["dry_run"]:
            self._print_curl([delivery], sender, identity.run)
            return 0
        say_what_breaks(contract, composer.callback, delivery.body, told_of_state=o["state"] is not None)
        try:
            exchange = sender.send(delivery)
        except (OutOfBudget, OutOfTime) as reason:
            raise KitError(Text("error-send.not-acknowledged", reason=str(reason)), exit_code=1) from None
        show(exchange, sender.access)
        if exchange.failure in {"refused", "name", "tls", "proxy"}:
            return 3
        return 0 if exchange.acknowledged else 1

    def _many(self, composer: Composer, sender: Any) -> int:
        from callback_contract.mock_server.provider.campaign import Campaign
        from callback_contract.mock_server.provider.lifecycles import Mix

        o = self.options
        for option in ("edit", "file", "state"):
            if o[option]:
                raise KitError(
                    Text("error-send.for-one-delivery", option="status" if option == "state" else option),
                    where="--messages",
                    remedy=Text("error-send.leave-one-out"),
                )
        fault = _fault_of(o["fault"])
        sender = _at_pace(sender, fault)
        campaign = Campaign(
            composer,
            sender,
            self._run(),
            o["seed"],
            o["messages"],
            Mix(o["failing"], o["duplicates"], o["concurrent"], o["reordered"]),
            speed=o["speed"],
            burst=o["burst"],
            per_second=o["start_rate"],
            fault=fault,
        )
        planned = campaign.planned()
        if o["dry_run"]:
            self._print_curl(campaign.deliveries(), sender, campaign.run)
            return 0
        pace = sender.pace
        click.echo(
            spoken(
                Text(
                    "send.announced",
                    events=Text("send.events", count=planned),
                    messages=Text("send.messages", count=o["messages"]),
                    url=sender.access.shown_url,
                    speed=o["speed"],
                    pace=pace_in_words(pace),
                )
            )
        )
        if pace.most is not None and planned > pace.most:
            raise KitError(
                Text("error-send.too-many-deliveries", planned=planned, most=pace.most),
                where="--max-deliveries",
                remedy=Text("error-send.allow-deliveries", enough=2 * planned),
            )
        return _gone(campaign, planned)

    def _print_curl(self, deliveries: Iterable[Delivery], sender: Any, run: Run) -> None:
        in_words, fresh_run, word = _shell()
        url = word(sender.access.url) if sender.access.shown_url == sender.access.url else '"$URL"'
        names = tuple(name for name, _ in sender.access.secret_headers)
        is_life, is_fresh = self.options["messages"] is not None, not self.options["repeat_ids"]
        if is_life and is_fresh:
            click.echo(fresh_run)  # once: all states are of one message
        for delivery in deliveries:
            # Each delivery gets a fresh identity on each run, unless its ids have to repeat.
            run_id = run.id if is_fresh else ""
            told = {"extra_headers": names, "run": run_id, "afresh": not is_life, "longest": _LONGEST_ARGUMENT}
            line = in_words(delivery, url, **told)
            click.echo(line or spoken(Text("send.no-command-line", bytes=len(delivery.body))))


def _shell() -> tuple[Callable[..., str | None], str, Callable[[str], str]]:
    """What writes a delivery for the shell of this system, a fresh run, and a word: PowerShell's on Windows."""
    if os.name == "nt":
        from callback_contract.mock_server.wire import powershell

        return powershell.powershell, powershell.FRESH_RUN, powershell.powershell_word
    from callback_contract.mock_server.wire import curl
    from callback_contract.openapi.text.printable import shell_word

    return curl.curl, curl.FRESH_RUN, shell_word


def _fault_of(name: str | None) -> SenderFault:
    """Return the fault that `--fault` names.

    Raises:
        KitError: There is none.
    """
    from callback_contract.mock_server.provider.sender_faults import RIGHT, SENDER_FAULTS, sender_fault

    if name is None:
        return RIGHT
    if name.upper() not in SENDER_FAULTS:
        remedy = did_you_mean(nearest(name.upper(), SENDER_FAULTS), Text("error-send.list-sender-rules"))
        raise KitError(Text("error-send.no-sender-fault", fault=name), where="--fault", remedy=remedy)
    return sender_fault(name.upper())


def _at_pace(sender: Sender, fault: SenderFault) -> Sender:
    """Return a sender at the pace that a fault has."""
    from callback_contract.mock_server.client.sender import Sender

    pace = fault.pace(sender.pace)
    return sender if pace == sender.pace else Sender(sender.access, pace, sender.signer)


def _gone(campaign: Any, planned: int) -> int:
    """Run a campaign with a progress bar; an interrupt still prints the summary."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    target = Console(stderr=True)
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    interrupted = False
    with Progress(*columns, console=target, transient=True, disable=not target.is_terminal) as progress:
        task = progress.add_task("", total=planned)

        def heard(tally: Any) -> None:
            told = Text("send.progress", retried=tally.retried, given_up=tally.given_up)
            progress.update(task, completed=tally.delivered + tally.given_up, description=spoken(told))

        campaign.heard = heard
        try:
            campaign.go()
        except KeyboardInterrupt as reason:
            interrupted = not isinstance(reason, OutOfTime)
    _summarise(campaign.tally, planned)
    if interrupted:
        return 130
    return 0 if campaign.tally.delivered == planned else 1


def _summarise(tally: Any, planned: int) -> None:
    from callback_contract.mock_server.wire.delivery import printable

    open_events = planned - tally.delivered - tally.given_up
    parts = [Text("send.acknowledged", delivered=tally.delivered, events=Text("send.events", count=planned))]
    parts += [Text("send.retried", number=tally.retried)] if tally.retried else []
    parts += [Text("send.repeated", number=tally.repeated)] if tally.repeated else []
    parts += [Text("send.waited", count=tally.waits)] if tally.waits else []
    parts += [Text("send.given-up", number=tally.given_up)] if tally.given_up else []
    parts += [Text("send.not-sent", number=open_events)] if open_events else []
    click.echo(spoken(Text("send.summary", parts=tuple(parts))))
    if tally.latencies:
        shares = ((Text("send.median"), 0.5), ("p95", 0.95), ("p99", 0.99), (Text("send.max"), 1.0))
        times = tuple(Text("send.time", name=name, ms=tally.percentile(share) * 1000) for name, share in shares)
        click.echo(spoken(Text("send.latency", times=times)))
    if set(tally.answers) - {"200"}:
        answers = tally.answers.most_common(8)
        kinds = tuple(Text("send.answer", what=reworded(what, printable), number=n) for what, n in answers)
        click.echo(spoken(Text("send.answers", kinds=kinds)))


def say_what_lacks(callback: Callback, sender: Sender, options: Mapping[str, Any]) -> None:
    """Report an example that breaks its schema, and required headers that have no value."""
    from callback_contract.mock_server.provider.composer import default_headers

    for example in callback.examples:
        if example.name == options["example"] and example.flaw:
            click.echo(spoken(Text("send.example-broken", name=example.name, flaw=example.flaw)), err=True)
    given = {text.partition(":")[0].strip().lower() for text in options["header"]}
    given |= {name.lower() for name, _ in (*default_headers(callback), *sender.access.secret_headers)}
    given |= {name.lower() for name in getattr(getattr(sender.signer, "scheme", None), "headers", ())}
    for header in callback.headers:
        if header.required and not header.signature and header.name.lower() not in given:
            click.echo(spoken(Text("send.header-lacks", name=header.name)), err=True)


def refuse_unsigned(callback: Callback, sender: Sender, options: Mapping[str, Any]) -> None:
    """Reject a callback without the signature that the contract requires.

    A signature that is given by --header counts.
    """
    from callback_contract.mock_server.signing import lacking_signature
    from callback_contract.openapi.text.message import details_of

    given = {text.partition(":")[0].strip().lower() for text in options["header"]}
    scheme = getattr(sender.signer, "scheme", None)
    if lacking := lacking_signature(callback, scheme, given):
        what, _ = details_of(lacking)
        raise KitError(
            Text("error-send.nothing-sent", what=what),
            where="--signature",
            remedy=Text("error-send.give-signature" if scheme is None else "error-send.give-other-signature"),
        )


def _refuse_unknown_state(callback: Any, state: str | None) -> None:
    if state is None:
        return
    if callback.delivery.state is None:
        raise KitError(
            Text("error-send.no-state", name=callback.name),
            where="--status",
            remedy=Text("error-send.use-set"),
        )
    known = callback.member(callback.delivery.state).enum
    if known and state not in known:
        # A future state may be sent on purpose; a typing mistake is likely, too.
        click.echo(spoken(Text("send.unknown-state", state=state, known=tuple(map(str, known)))), err=True)


def _bytes_of(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise KitError(
            Text("error-send.file-unreadable", file=file, why=str(error.strerror)),
            where="--file",
            remedy=Text("error-send.give-file"),
        ) from None


def _edited(body: bytes) -> bytes:
    import json

    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False) + "\n"
    except ValueError:
        text = body.decode("utf-8", "replace")
    edited = click.edit(text, extension=".json")
    if edited is None:
        raise KitError(Text("error-send.body-not-saved"), where="--edit", remedy=Text("error-send.save-body"))
    return edited.encode()
