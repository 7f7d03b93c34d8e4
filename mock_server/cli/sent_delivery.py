"""Words of `send` about one delivery: what of it breaks the contract, and the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken
from callback_contract.openapi.text.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from callback_contract.mock_server.client.access import Access
    from callback_contract.openapi.contract.model import Callback

__all__ = ["printable_body", "say_what_breaks", "show"]

_MOST_NOTES = 5


def say_what_breaks(contract: Any, callback: Any, body: bytes, *, told_of_state: bool) -> None:
    """Report what breaks the contract, and what it does not know.

    A typing mistake can look like either.
    """
    from callback_contract.mock_server.validation.validator import Validator
    from callback_contract.mock_server.wire.bodies import content_type
    from callback_contract.mock_server.wire.delivery import printable

    assessor = Validator(contract)
    if callback.by_query:
        assessment = assessor.assess_query(body, callback.method)
    elif callback.is_json:
        assessment = assessor.assess(body)
    else:
        assessment = assessor.assess_fields(body, callback.media_type, content_type(callback))
    for violation in assessment.violations:
        place = printable(violation.pointer) or Text("send.the-body")
        click.echo(spoken(Text("send.breaks", place=place, flaw=printable(violation.message))), err=True)
    novelties = [
        novelty
        for novelty in dict.fromkeys(assessment.novelties)
        if not (told_of_state and novelty.pointer == callback.delivery.state)
    ]
    for novelty in novelties[:_MOST_NOTES]:
        hint = _near(callback, novelty.pointer) if novelty.kind == "member" else ""
        new = Text(f"send.new-{novelty.kind}")
        click.echo(spoken(Text("send.new", place=printable(novelty.pointer), new=new, hint=hint)), err=True)
    if len(novelties) > _MOST_NOTES:
        click.echo(spoken(Text("send.more-new", count=len(novelties) - _MOST_NOTES)), err=True)


def _near(callback: Callback, pointer: str) -> str:
    """Return the question for the member that was probably meant."""
    *parent, name = jp.tokens(pointer)
    ways = [jp.tokens(member.pointer) for member in callback.members if member.pointer]
    near = nearest(name, [way[-1] for way in ways if list(way[:-1]) == parent])
    return Text("send.hint", hint=did_you_mean(near)) if near else ""


def show(exchange: Any, access: Access) -> None:
    """Print what was sent and what came back, without the user's secrets."""
    from callback_contract.mock_server.wire.delivery import printable

    delivery = exchange.delivery
    click.echo(f"> {delivery.method} {delivery.target_from(access.shown_url)}")
    given = {name.lower() for name, _ in access.secret_headers}  # sent in the place of the contract's, and not shown
    for name, value in delivery.headers:
        if name.lower() not in given:
            click.echo(f"> {printable(name)}: {printable(value)}")
    click.echo(f"\n{printable_body(delivery.content)}\n" if not delivery.by_query else "")
    if exchange.answer is None:
        why = exchange.described().with_words(printable)
        click.echo(spoken(Text("send.no-answer", why=why, ms=exchange.elapsed_s * 1000)))
        return
    answer = exchange.answer
    click.echo(f"< {answer.status} {printable(answer.reason)} ({exchange.elapsed_s * 1000:.0f} ms)")
    for name, value in answer.headers:
        click.echo(f"< {printable(name)}: {printable(value)}")
    click.echo(f"\n{printable_body(answer.body)}")


def printable_body(body: bytes, most: int = 4000) -> str:
    """Return a body as lines without control characters."""
    from callback_contract.mock_server.wire.delivery import printable

    text = body.decode("utf-8", "backslashreplace")
    shown = "\n".join(printable(line) for line in text[:most].splitlines())
    return shown if len(text) <= most else spoken(Text("send.cut", shown=shown, bytes=len(body)))
