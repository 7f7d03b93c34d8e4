"""Command group of the program: lists the sub-commands, and loads each one only when it is called."""

from __future__ import annotations

import importlib
import sys

import click

from callback_contract.contract_tests.cli.configuration import configurable
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.text.message import Text, beside
from callback_contract.openapi.text.spoken import spoken
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["cli"]

_COMMANDS = {
    # name: module (below `callback_contract`) and attribute; nothing of them is imported for help
    "check": ("contract_tests.cli.check_command", "check", "Judge a receiver: one URL in, a verdict per rule out."),
    "check-sender": (
        "contract_tests.cli.senders.command",
        "check_sender",
        "Judge a sender: be its receiver.",
    ),
    "reproduce": ("contract_tests.cli.reproduce_command", "reproduce", "Play a report's finding again."),
    "rules": ("contract_tests.cli.rules_command", "rules", "List the rules, or explain one."),
    "starter": ("contract_tests.cli.starter_command", "starter", "Print a correct receiver to start from."),
    "mock": ("mock_server.cli.mock_command", "mock", "Run a receiver made from the contract, right or wrong."),
    "send": ("mock_server.cli.send_command", "send", "Send what the provider would: a callback, or lives of messages."),
    "load": ("contract_tests.cli.load.load_command", "load", "Send a campaign by Locust, from one process or many."),
    "proxy": ("mock_server.cli.proxy_command", "proxy", "Stand before a real receiver, and record what passes."),
    "drift": ("contract_tests.drift.command", "drift", "Show recorded traffic beside the contract."),
    "docs": ("contract_tests.cli.docs_command", "docs", "Write the documentation as a site, in English and Chinese."),
    "export": ("contract_tests.cli.export_command", "export", "Write the contract in a form that other tools read."),
    "diff": ("openapi.cli.diff_command", "diff", "Say what changed between two contracts and whom it hurts."),
    "providers": ("openapi.cli.providers_command", "providers_command", "List what is known of providers' deliveries."),
    "lint": ("openapi.cli.lint_command", "lint", "Say whether a contract is a good one."),
    "compare": ("contract_tests.cli.compare_command", "compare", "Say what changed between two reports of a receiver."),
    "fleet": ("contract_tests.cli.fleet.fleet_command", "fleet", "Judge many receivers, and write the board of all."),
    "summary": ("contract_tests.cli.summary_command", "summary", "Merge many receivers' reports into one table."),
    "matrix": ("contract_tests.cli.matrix_command", "matrix", "Show that every rule can fail: rule by fault."),
}

_LEAVING_A_REPORT = {"check", "check-sender"}

_COMPLETION = """\b
Completion of words, for zsh and fish, too:
  eval "$(_CALLBACK_CONTRACT_COMPLETE=bash_source callback-contract)"
"""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called (click's documentation, "Lazily Loading")."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name not in _LEAVING_A_REPORT:
            INTERRUPTION.release()
        module, attribute, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"callback_contract.{module}"), attribute)
        assert isinstance(command, click.Command)
        return configurable(command, cmd_name, tuple(_COMMANDS))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = did_you_mean(nearest(args[0], _COMMANDS))
            said = Text("error-options.no-such-command", name=printable(args[0]))
            raise click.UsageError(spoken(beside([said, near])), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "CALLBACK_CONTRACT",
        "max_content_width": 110,
    },
    invoke_without_command=True,
    epilog=_COMPLETION,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, value: _say_versions(ctx) if value else None,
    help="Show the versions of the kit, its contract and Python.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Judges receivers of callbacks before they lose messages.

    \b
    callback-contract check https://staging.example.com/callbacks
    callback-contract rules ACK-01
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _say_versions(ctx: click.Context) -> None:
    from callback_contract.contract_tests.cli.report_output import kit_version
    from callback_contract.openapi.contract.loading import load_contract

    python = ".".join(map(str, sys.version_info[:3]))
    click.echo(f"callback-contract {kit_version()}, contract {load_contract().version}, Python {python}")
    ctx.exit()
