"""Configuration of commands: reads the options of every command from a file, too, and reports their origin.

Precedence is click's: command line, environment, file (click's `default_map`), default.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
from click.core import ParameterSource

from callback_contract.contract_tests.cli.config_file import OWN_FILE, Settings, keys_of, settings_for, value_of
from callback_contract.mock_server.cli.target_options import Lines
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["configurable"]

_KEPT = "callback_contract.config"
_PRINT = "callback_contract.print_config"
_DEBUG = "callback_contract.debug"
_OTHERS = {"CALLBACK_CONTRACT_DOCS_URL"}  # read by several commands, and begins as an option of `docs` would


def configurable(command: click.Command, name: str, names: Iterable[str]) -> click.Command:
    """Gives a command `--config` and `--print-config`, and its options a place in the file.

    Args:
        name: The command's name, which is that of its section.
        names: All commands that there are.
    """
    if any(param.name == "config" for param in command.params):
        return command

    def load(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        _warn_of_no_options(ctx)
        settings = _partner_settings(command, value) or settings_for(command, name, tuple(names), value)
        ctx.meta[_KEPT] = settings
        params = {param.name: param for param in command.params}
        # Called only where neither the command line nor the environment has a value.
        ctx.default_map = {
            key: functools.partial(value_of, ctx, params[key], setting, settings.file)
            for key, setting in settings.found.items()
        }

    def keep(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        ctx.meta[_PRINT] = value

    def trace(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        ctx.meta[_DEBUG] = value

    command.params += [
        click.Option(
            ["--config"],
            metavar="FILE",
            is_eager=True,  # before every option that it may give a value
            expose_value=False,
            callback=load,
            help=f"Options in TOML. [{OWN_FILE}]",
        ),
        click.Option(
            ["--print-config"],
            is_flag=True,
            expose_value=False,
            callback=keep,
            allow_from_autoenv=False,
            help="Say where each option's value is from.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=trace,
            hidden=True,  # the message of an unexpected error names it
            allow_from_autoenv=False,
            help="Show where an unexpected error came from.",
        ),
    ]
    command.callback = _printing_instead(command.callback)
    return command


def _partner_settings(command: click.Command, asked: str | None) -> Settings | None:
    """The settings of one partner of a fleet, where `check` is asked for them by `FILE#NAME`."""
    if command.name != "check" or asked is None or "#" not in asked:
        return None
    from callback_contract.contract_tests.cli.fleet.partners_file import partner_settings

    return partner_settings(command, asked)


def _printing_instead(run: Callable[..., Any] | None) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        ctx = click.get_current_context()
        if ctx.meta.get(_PRINT):
            return click.echo(_printed(ctx))
        assert run is not None  # every command does something
        try:
            return run(*args, **kwargs)
        except Exception as error:
            if ctx.meta.get(_DEBUG) and not isinstance(error, (KitError, click.ClickException, click.exceptions.Exit)):
                import traceback

                click.echo("\n".join(map(printable, traceback.format_exc().splitlines())), err=True)
            raise

    return called


def _printed(ctx: click.Context) -> str:
    settings: Settings = ctx.meta[_KEPT]
    rows = [("option", "value", "from")]
    for key, param in keys_of(ctx.command).items():
        name = param.name or ""
        source = ctx.get_parameter_source(name)
        setting = settings.found.get(name)
        if source is ParameterSource.DEFAULT_MAP and setting is not None:
            # As it stands there, so that what the environment puts into it is not told.
            rows.append((key, _joined(setting.raw), setting.place))
            continue
        origin = "command line"
        if source is ParameterSource.ENVIRONMENT:
            known = param.envvar or f"{ctx.auto_envvar_prefix}_{name.upper()}"
            origin = f"environment {known if isinstance(known, str) else ' '.join(known)}"
        elif source is ParameterSource.DEFAULT:
            origin = "default"
        rows.append((key, _shown(param, ctx.params.get(name)), origin))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{key:{widths[0]}}  {value:{widths[1]}}  {origin}" for key, value, origin in rows)


def _shown(param: click.Parameter, value: Any) -> str:
    """A value without secrets."""
    if value is None or value in ((), ""):
        return "-"
    if param.name == "auth":
        return "***"
    if isinstance(param.type, Lines):
        return ", ".join(f"{item.partition(':')[0]}: ***" for item in ([value] if isinstance(value, str) else value))
    text = _joined(value)
    if "://" in text:
        text = re.sub(r"//[^/@\s]*@", "//***@", text)
        text = re.sub(r"([?&][^=&#\s]*=)[^&#\s]*", r"\1***", text)
    return text


def _joined(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return printable(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def _warn_of_no_options(ctx: click.Context) -> None:
    """Says on standard error which variables with the command's prefix nothing reads; their values may be secrets."""
    prefix = f"{ctx.auto_envvar_prefix}_"
    known = set(_known_variables(ctx.command, prefix))
    for name, value in sorted(os.environ.items()):
        if name.startswith(prefix) and value and name not in known | _OTHERS:
            near = nearest(name.removeprefix(prefix), [k.removeprefix(prefix) for k in known])
            hint = Text("error-options.hint", hint=did_you_mean([f"{prefix}{one}" for one in near])) if near else ""
            said = Text("error-options.variable", name=printable(name), command=str(ctx.info_name), hint=hint)
            click.echo(spoken(said), err=True)


def _known_variables(command: click.Command, prefix: str) -> Iterator[str]:
    for param in command.params:
        given = param.envvar or ()
        yield from (given,) if isinstance(given, str) else given
        if isinstance(param, click.Option) and param.allow_from_autoenv:
            yield f"{prefix}{(param.name or '').upper()}"
