"""`load` command: sends a campaign by Locust, from one process or from many, and says what the receiver made of it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from callback_contract.contract_tests.runner.setup import read_back_options
from callback_contract.mock_server.cli.target_options import Lines, lives_options, reach_options, with_options
from callback_contract.openapi.cli.contract_options import contract_options, identity_option
from callback_contract.openapi.cli.help import rarely_used
from callback_contract.openapi.cli.ranges import NumberRange
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import SPOKEN
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

__all__ = ["load"]

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_LAUNCHER = f"{__package__}.launcher"


def _print_locustfile(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(str(_LOCUSTFILE))
        ctx.exit()


def _pace_options(command: Any) -> Any:
    """Add the options that bound rate and number, as those of `send`; more may be under way."""
    return with_options(
        command,
        [
            click.option(
                "--rate",
                type=NumberRange(0.1, 1_000_000),
                metavar="N",
                help="Deliveries a second. [20; loopback: no limit]",
            ),
            click.option(
                "--at-once", type=click.IntRange(1, 20_000), metavar="N", help="Under way, in all. [4; loopback: 64]"
            ),
            click.option(
                "--max-deliveries",
                type=click.IntRange(1, 10_000_000_000),
                metavar="N",
                help="In all. [1000; loopback: no limit]",
            ),
            click.option("--max-time", type=NumberRange(1, 604_800), metavar="S", help="Seconds for the campaign."),
        ],
    )


@rarely_used(
    "allow_remote_refs",
    "refs_below",
    "strict_contract",
    "identity",
    "paths",
    "example",
    "concurrent",
    "burst",
    "start_rate",
    "speed",
    "wait_workers",
    "proxy",
    "key",
    "step_time",
    "deadline",
    "provider",
    "overlay",
    "cert",
    "ca",
    "insecure",
    "seed",
    "state_map",
    "state_patience",
    "plugin",
)
@click.command()
@click.argument("url", envvar="CALLBACK_CONTRACT_LOAD_URL")
@click.option(
    "--messages",
    "-n",
    type=click.IntRange(1, 100_000_000),
    default=None,
    metavar="N",
    help="Whole lives of N messages. [1000]",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Workers, each a process.",
)
@click.option("--callback", "-c", default=None, metavar="NAME", help="Which callback. [default: the first]")
@click.option(
    "--set", "assignments", multiple=True, type=Lines(), metavar="PATH=TEXT", help="Set a member; PATH:=JSON for JSON."
)
@click.option("--example", default=None, metavar="NAME", help="Send this named example of the contract.")
@click.option(
    "--speed", type=NumberRange(0.001, 1_000_000), default=60.0, show_default=True, help="Times faster than life."
)
@click.option(
    "--start-rate", type=NumberRange(0.001, 1_000_000), default=None, metavar="N", help="Messages begun a second."
)
@lives_options
@click.option(
    "--find-capacity",
    type=NumberRange(1, 1_000_000),
    default=None,
    metavar="N",
    help="Raise the rate in steps, to N a second at most.",
)
@click.option(
    "--step-time", type=NumberRange(2, 3600), default=10.0, show_default=True, metavar="S", help="Seconds of a step."
)
@click.option("--deadline", type=NumberRange(0.001, 600), default=None, metavar="S", help="For p95. [the contract's]")
@click.option("--audit", is_flag=True, help="Read back every message, and not a sample.")
@click.option("--report-dir", metavar="DIR", help="Write load.html, load.json and load.md.")
@click.option(
    "--wait-workers", type=NumberRange(1, 3600), default=60.0, metavar="S", help="A master alone ends after it. [60]"
)
@click.option("--dry-run", is_flag=True, help="Print the plan; send nothing.")
@click.option(
    "--locustfile",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_locustfile,
    allow_from_autoenv=False,
    help="Print the path of the file for `locust -f`.",
)
@click.option("--language", type=click.Choice(SPOKEN), help="Of the text. [that of the locale]")
@contract_options
@identity_option
@reach_options
@_pace_options
@read_back_options
@click.pass_context
def load(ctx: click.Context, /, **options: Any) -> None:
    """Send a campaign as `send --messages` does, by Locust: from one process, or from many.

    \b
    callback-contract load http://127.0.0.1:8080/ --messages 100000 --rate 2000 --processes 2
    locust -f "$(callback-contract load --locustfile)" --master    # or --worker; options by the environment

    Exit codes: 0 all was acknowledged, 1 not all was, 2 wrong use, 3 nobody answers or no worker came,
    130 interrupted.
    """
    from callback_contract.contract_tests.cli.load.setup import setup_of
    from callback_contract.contract_tests.cli.report_output import kit_version

    setup = setup_of(options, kit_version())
    click.echo(spoken(setup.plan()))
    if options["dry_run"]:
        return
    if importlib.util.find_spec("locust") is None:
        raise KitError(Text("error-load.no-locust"), remedy=Text("error-load.install-locust"))
    raise click.exceptions.Exit(_run_locust(list(_arguments(ctx)), options))


def _arguments(ctx: click.Context) -> Iterator[str]:
    """Yield the command line as it was given; Locust's process reads environment and file by itself."""
    for param in ctx.command.params:
        name = param.name or ""
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name not in ctx.params:
            continue
        value = ctx.params[name]
        if isinstance(param, click.Argument):
            yield from ("--", str(value))
        elif isinstance(param, click.Option) and param.is_flag:
            yield param.opts[-1]
        else:
            for each in value if param.multiple else [value]:
                yield from (param.opts[0], str(each))


def _run_locust(arguments: list[str], options: Mapping[str, Any]) -> int:
    """Run Locust in a process of its own: it changes how Python waits, and this one stays as it is."""
    # The URL stands last, behind `--`.
    at = arguments.index("--") if "--" in arguments else len(arguments)
    handed = [*arguments[:at], *arguments[at + 2 :], *arguments[at : at + 2]]
    command = [sys.executable, "-m", _LAUNCHER, "-f", str(_LOCUSTFILE), "--headless", "--skip-log-setup"]
    command += ["--only-summary", "--enable-rebalancing"]
    if options["processes"] > 1:
        port = _free_port()
        command += ["--processes", str(options["processes"]), "--master-bind-host", "127.0.0.1"]
        command += ["--master-bind-port", str(port), "--master-port", str(port)]
    own = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    environment = {**own, "CALLBACK_CONTRACT_CAMPAIGN": json.dumps(handed)}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603  # our own command
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
        else:
            return code if code >= 0 else 128 - code


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
