"""`--help-all` option: hides rarely used options from `--help`, so that it fits one screen."""

from __future__ import annotations

from collections.abc import Callable

import click

__all__ = ["rarely_used"]


def rarely_used(*names: str) -> Callable[[click.Command], click.Command]:
    """Hide options from a command's `--help` and add `--help-all`, which shows them.

    Args:
        names: Parameter names; each has to be an option of the command.
    """

    def decorate(command: click.Command) -> click.Command:
        options = {param.name: param for param in command.params if isinstance(param, click.Option)}
        rare = [options[name] for name in names]

        def show_all(ctx: click.Context, param: click.Parameter, value: bool) -> None:
            if not value or ctx.resilient_parsing:
                return
            _hide(rare, hidden=False)
            click.echo(ctx.get_help(), color=ctx.color)
            _hide(rare, hidden=True)
            ctx.exit()

        _hide(rare, hidden=True)
        command.params.append(
            click.Option(
                ["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=show_all,
                help=f"Show {len(rare)} rarer options, too.",
            )
        )
        return command

    return decorate


def _hide(options: list[click.Option], *, hidden: bool) -> None:
    for option in options:
        option.hidden = hidden
