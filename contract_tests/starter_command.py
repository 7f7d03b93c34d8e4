"""Decides how a correct receiver is handed out: the very file that the suite judges."""

from __future__ import annotations

from pathlib import Path

import click

from contract_tests.receivers import RECEIVERS
from openapi.errors import KitError

__all__ = ["starter"]

_STARTERS = {receiver.name: receiver for receiver in RECEIVERS if receiver.starter}


@click.command()
@click.argument("framework", type=click.Choice(list(_STARTERS), case_sensitive=False), metavar="FRAMEWORK")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; the standard output without it."
)
def starter(framework: str, out: Path | None) -> None:
    """Print a correct receiver to start from: flask, fastapi, django, aiohttp, express, go, spring or php.

    It acknowledges what it stored, takes each status of a message once, and never lets a message go back. Its
    comments say how to start it and why it is as it is; `check` judges it, and what becomes of it.
    """
    receiver = _STARTERS[framework]
    text = Path(__file__).with_name("receivers").joinpath(receiver.file).read_text("utf-8")
    if receiver.untested:
        click.echo(
            f"note: {receiver.framework}: no test of the kit's gate runs it, since {receiver.untested}", err=True
        )
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:  # never over somebody's work
            file.write(text)
    except FileExistsError:
        raise KitError("the file exists", where=str(out), remedy="Give another --out.") from None
    except OSError as error:
        raise KitError(f"cannot be written: {error.strerror}", where=str(out), remedy="Give another --out.") from None
