"""Usage errors in the user's language: says what is wrong with a command line, as the type of click's error has it."""

from __future__ import annotations

import sys

import click

from callback_contract.openapi.text.message import ENGLISH, Text, beside, listed
from callback_contract.openapi.text.printable import printable
from callback_contract.openapi.text.suggest import did_you_mean

__all__ = ["show_usage_error"]


def show_usage_error(error: click.ClickException, language: str) -> None:
    """Print an error of the command line; in English as click does."""
    if language == ENGLISH:
        error.show()
        return
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    said = _said(error, ctx)
    told = Text("error.error", said=said or printable(error.format_message()))
    lines = [told.in_language(language)]
    if ctx is not None:
        usage = " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])
        about = Text("usage.usage", usage=usage, command=f"{ctx.command_path} --help")
        lines.insert(0, about.in_language(language))
    click.echo("\n".join(lines), err=True)


def _said(error: click.ClickException, ctx: click.Context | None) -> Text | None:
    """What is wrong, or None where somebody else has said it."""
    if isinstance(error, click.NoSuchOption):
        near = did_you_mean(sorted(error.possibilities or ())[:3])
        return beside([Text("usage.no-such-option", name=printable(error.option_name)), near])
    if isinstance(error, click.BadOptionUsage):
        has_one = any(word.startswith(f"{error.option_name}=") for word in sys.argv)
        return Text(f"usage.option-{'wants-none' if has_one else 'wants-value'}", name=error.option_name)
    if isinstance(error, click.BadParameter) and error.param is not None:
        name = _name(error.param)
        if isinstance(error, click.MissingParameter):
            return Text("usage.missing", name=name)
        if isinstance(error.param.type, click.Choice):
            return Text("usage.no-choice", name=name, choices=listed(map(str, error.param.type.choices)))
        if isinstance(error.param.type, (click.types.IntParamType, click.types.FloatParamType)):
            return _no_number(name, error.param.type)
        return None
    extra = _left_over(ctx) if type(error) is click.UsageError and ctx is not None else []
    return Text("usage.left-over", words=listed(map(printable, extra))) if extra else None


def _name(param: click.Parameter) -> str:
    return param.opts[-1] if isinstance(param, click.Option) else param.metavar or str(param.name).upper()


def _no_number(name: str, kind: click.types.IntParamType | click.types.FloatParamType) -> Text:
    number = "whole" if isinstance(kind, click.types.IntParamType) else "number"
    least, most = getattr(kind, "min", None), getattr(kind, "max", None)
    if least is None or most is None:
        return Text(f"usage.no-{number}{'' if least is None else '-from'}", name=name, least=f"{least}")
    return Text(f"usage.no-{number}-between", name=name, least=f"{least}", most=f"{most}")


def _left_over(ctx: click.Context) -> list[str]:
    """The words of the command line that no parameter of the command takes."""
    if isinstance(ctx.command, click.Group):
        return []
    depth, above = 1, ctx.parent  # the program's own name may have several words, as `python -m` has
    while above is not None:
        depth, above = depth + 1, above.parent
    words = sys.argv[depth:]
    try:
        return ctx.command.make_parser(ctx).parse_args(args=list(words))[1]
    except click.UsageError:
        return []
