"""Environment check: warns of a variable that resembles an option of the command and is not one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["warn_of_no_options"]

_OTHERS = {"CALLBACK_CONTRACT_DOCS_URL"}  # read by several commands, and begins as an option of `docs` would


def warn_of_no_options(ctx: click.Context) -> None:
    """Says on standard error which variables with the command's prefix nothing reads; their values may be secrets."""
    prefix = f"{ctx.auto_envvar_prefix}_"
    known = set(_known(ctx.command, prefix))
    for name, value in sorted(os.environ.items()):
        if name.startswith(prefix) and value and name not in known | _OTHERS:
            near = nearest(name.removeprefix(prefix), [k.removeprefix(prefix) for k in known])
            hint = Text("error-options.hint", hint=did_you_mean([f"{prefix}{one}" for one in near])) if near else ""
            said = Text("error-options.variable", name=printable(name), command=str(ctx.info_name), hint=hint)
            click.echo(spoken(said), err=True)


def _known(command: click.Command, prefix: str) -> Iterator[str]:
    for param in command.params:
        given = param.envvar or ()
        yield from (given,) if isinstance(given, str) else given
        if isinstance(param, click.Option) and param.allow_from_autoenv:
            yield f"{prefix}{(param.name or '').upper()}"
