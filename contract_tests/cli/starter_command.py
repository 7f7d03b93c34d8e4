"""`starter` command: writes the file of a correct receiver, exactly as the suite judges it."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from pathlib import Path

import click

from callback_contract.contract_tests.receivers import (
    BASE,
    CALLBACK_PATH,
    JUDGED,
    READ_BACK_PATH,
    RECEIVERS,
    Receiver,
)
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import chosen_language
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import shell_word
from callback_contract.openapi.text.spoken import spoken

__all__ = ["starter"]

_STARTERS = {receiver.name: receiver for receiver in RECEIVERS if receiver.starter}

_READ_BACK = re.compile(r"def read_back\(|function read_back\(|\) readBack\(|Message readBack\(|app\.get\('/callbacks")
_COUNTED = (
    "Read-back, for your own receiver: read state and last from your own tables; what you do not store, leave out.",
    "Let applied count every effect of the message, over all rows of its id; a constant hides a second effect:",
    "  SELECT count(*) FROM event WHERE message_id = :id",
    "  db.event.countDocuments({message_id: id})",
    "A call to another system is an effect, too: write a row for each, and count it.",
)


@click.command()
@click.argument("framework", type=click.Choice(list(_STARTERS), case_sensitive=False), metavar="FRAMEWORK")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; the standard output without it."
)
@click.option("--read-back", is_flag=True, help="Only the endpoint that shows what is stored of a message.")
def starter(framework: str, out: Path | None, read_back: bool) -> None:
    """Print a correct receiver to start from: flask, fastapi, django, aiohttp, express, go, spring or php.

    It acknowledges what it stored, takes each status of a message once, and never lets a message go back. Its
    comments say how to start it and why it is as it is; `check` judges it, and what becomes of it.
    """
    receiver = _STARTERS[framework]
    text = Path(__file__).parents[1].joinpath("receivers").joinpath(receiver.file).read_text("utf-8")
    if read_back:
        text = _read_back_alone(receiver, text)
    if receiver.untested:
        why = receiver.untested_zh if chosen_language(sys.argv[1:], os.environ) == "zh" else receiver.untested
        click.echo(spoken(Text("starter.untested", framework=receiver.framework, why=why)), err=True)
    if out is None:
        click.echo(text, nl=False)
        return
    if re.fullmatch(r"\w[\w.-]*", out.name, re.ASCII):  # what needs quotes could end the comment that it stands in
        text = text.replace(receiver.file, out.name)
    try:
        with out.open("x", encoding="utf-8") as file:  # never over somebody's work
            file.write(text)
    except FileExistsError:
        raise KitError(
            Text("error-options.file-exists"), where=str(out), remedy=Text("error-options.other-out")
        ) from None
    except OSError as error:
        raise KitError(
            Text("error-options.file-unwritable", why=str(error.strerror)),
            where=str(out),
            remedy=Text("error-options.other-out"),
        ) from None
    if not read_back:
        click.echo(spoken(_next_steps(receiver, out)))


def _read_back_alone(receiver: Receiver, text: str) -> str:
    """Return the paragraph of a receiver that is its read-back, below how effects are counted."""
    sign = "#" if receiver.language == "Python" else "//"
    part = next(part for part in re.split(r"\n\n+", text) if _READ_BACK.search(part))
    return "\n".join([*(f"{sign} {line}" for line in _COUNTED), "", textwrap.dedent(part.strip("\n")), ""])


def _next_steps(receiver: Receiver, out: Path) -> Text:
    """What the file's head comment says, with the file's name and place as they are now."""
    install = {"Python": "pip install", "JavaScript": "npm install"}.get(receiver.language, "")
    needs = f"{install} {' '.join(receiver.packages)}" if install else ", ".join(receiver.packages)
    return Text(
        "starter.next-steps",
        file=str(out),
        needs=needs or Text("starter.needs-nothing"),
        start=receiver.started(shell_word(str(out))),
        callbacks=f"POST {BASE}{CALLBACK_PATH}",
        read_back=f"GET {BASE}{READ_BACK_PATH}",
        judge=JUDGED,
    )
