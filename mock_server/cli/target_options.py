"""Decides how a command line says whom to deliver to, as whom, and how fast."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.cli.ranges import NumberRange
from callback_contract.openapi.text.errors import KitError

if TYPE_CHECKING:
    from callback_contract.mock_server.client.sender import Access, Pace, Sender

__all__ = [
    "Lines",
    "access_to",
    "header_of",
    "pace_in_words",
    "pace_options",
    "reach_options",
    "sender_to",
    "with_options",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Lines(click.types.StringParamType):
    """Text of which an environment variable holds one a line; click would split it at every space."""

    name = "text"
    envvar_list_splitter = "\n"


def with_options(command: _Command, options: list[Callable[[_Command], _Command]]) -> _Command:
    """Gives a command several options, shown in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def reach_options(command: _Command) -> _Command:
    """Options that say how a receiver is reached, and who its sender is."""
    return with_options(
        command,
        [
            click.option(
                "--header",
                "-H",
                multiple=True,
                type=Lines(),
                metavar="'NAME: VALUE'",
                help="Send this header with everything.",
            ),
            click.option("--auth", default=None, metavar="USER:PASSWORD", help="Basic authentication."),
            click.option("--cert", default=None, metavar="FILE", help="Client certificate (PEM)."),
            click.option("--key", default=None, metavar="FILE", help="Its key, unless it stands in the same file."),
            click.option("--ca", default=None, metavar="FILE", help="Certificate authorities to trust (PEM)."),
            click.option("--insecure", is_flag=True, help="Trust any certificate."),
            click.option("--signature", metavar="SCHEME", help="Sign by a preset or a YAML file."),
            click.option("--proxy", default=None, metavar="URL", help="HTTP proxy."),
            click.option(
                "--timeout",
                type=NumberRange(0.1, 600),
                default=30.0,
                metavar="S",
                help="Seconds for an answer. [30]",
            ),
        ],
    )


def pace_options(command: _Command) -> _Command:
    """Options that bound how fast and how much is sent."""
    return with_options(
        command,
        [
            click.option(
                "--rate",
                type=NumberRange(0.1, 100_000),
                default=None,
                metavar="N",
                help="A second. [20; loopback: no limit]",
            ),
            click.option(
                "--at-once",
                type=click.IntRange(1, 64),
                default=None,
                metavar="N",
                help="Under way. [4; loopback: 16 to 48]",
            ),
            click.option(
                "--max-deliveries",
                type=click.IntRange(1, 10_000_000),
                default=None,
                metavar="N",
                help="In all. [1000; loopback: no limit]",
            ),
            click.option(
                "--max-time", type=NumberRange(1, 604_800), default=None, metavar="S", help="Seconds for the whole run."
            ),
        ],
    )


def access_to(url: str, options: Mapping[str, Any], *, headers: str = "header") -> Access:
    """How `reach_options` say that a URL is reached.

    Args:
        headers: The option that holds the headers for this URL.

    Raises:
        KitError: A header or credentials without a colon.
    """
    from callback_contract.mock_server.client.sender import Access

    if options.get("auth") is not None and ":" not in options["auth"]:
        # It is not repeated here: it may be the password alone.
        raise KitError("credentials without a colon", where="--auth", remedy="Write USER:PASSWORD.")
    return Access(
        url=url,
        headers=tuple(header_of(text, f"--{headers.replace('_', '-')}") for text in options[headers]),
        # The receiver's basic credentials are not its read-back's.
        basic_auth=options["auth"] if headers == "header" else None,
        client_cert=options["cert"],
        client_key=options["key"],
        ca=options["ca"],
        insecure=options["insecure"],
        proxy=options["proxy"],
        timeout_s=options["timeout"],
        app=(options.get("app") or "") if headers == "header" else "",
    )


def sender_to(url: str, options: Mapping[str, Any], *others: str) -> Sender:
    """A sender to a receiver, as `reach_options` and `pace_options` say.

    Args:
        others: URLs that others under the same pace are going to send to.

    Raises:
        KitError: An option's value makes no sense, or a secret is not set.
    """
    from callback_contract.mock_server.client.sender import Pace, Sender

    access = access_to(url, options)  # first: it says what is wrong with a URL
    pace = Pace.towards(
        url,
        *others,
        per_second=options["rate"],
        at_once=options["at_once"],
        most=options["max_deliveries"],
        until=INTERRUPTION.begun + options["max_time"] if options["max_time"] else None,
    )
    return Sender(access, pace, _signer(options["signature"]))


def _signer(signature: str | None) -> Any:
    if signature is None:
        return None
    from callback_contract.mock_server.signing import DeliverySigner, signature_from

    return DeliverySigner(*signature_from(signature, os.environ), named=signature)


def header_of(text: str, option: str) -> tuple[str, str]:
    """Name and value of a header as an option gives it.

    Raises:
        KitError: There is no colon.
    """
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        # It is not repeated here: a header may be a secret.
        raise KitError("a header without a colon", where=option, remedy="Write 'Name: value'.")
    return name.strip(), value.strip()


def pace_in_words(pace: Pace, most_at_once: int = 0) -> str:
    """A pace as it is printed before the first delivery; more may go at once to a receiver that takes no longer."""
    rate = f"{pace.per_second:g} a second" if pace.per_second else "no limit to the rate"
    most = f", {pace.most} in all" if pace.most else ""
    more = f" to {most_at_once}" if most_at_once > pace.at_once else ""
    return f"{rate}, {pace.at_once}{more} at once{most}"
