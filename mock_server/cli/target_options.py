"""Target options: name the receiver, the sender's credentials and the pace on a command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from callback_contract.openapi.cli.interruption import INTERRUPTION
from callback_contract.openapi.cli.ranges import SEEDS, NumberRange
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.mock_server.client.sender import Access, Pace, Sender

__all__ = [
    "Lines",
    "access_to",
    "duration_in_words",
    "header_of",
    "lives_options",
    "pace_in_words",
    "pace_options",
    "reach_options",
    "sender_to",
    "with_options",
    "with_providers_signature",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_SHARE = NumberRange(0, 1)
_AT_ONCE_S = 0.005  # a delivery to a receiver on this machine that does little, with what the kit does between
_IN_MINUTES_S = 100


class Lines(click.types.StringParamType):
    """Text option whose environment variable has one value a line.

    click would split it at every space.
    """

    name = "text"
    envvar_list_splitter = "\n"


def with_options(command: _Command, options: list[Callable[[_Command], _Command]]) -> _Command:
    """Add several options to a command, shown in their order."""
    for option in reversed(options):
        command = option(command)
    return command


def reach_options(command: _Command) -> _Command:
    """Add the options that say how a receiver is reached, and with which credentials."""
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
            click.option(
                "--proxy", default=None, metavar="URL", help="HTTP proxy, or none. [$https_proxy and the like]"
            ),
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
    """Add the options that bound the rate and the number of deliveries."""
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


def lives_options(command: _Command) -> _Command:
    """Add the options that say what the lives of many messages are like."""
    return with_options(
        command,
        [
            click.option(
                "--burst", type=click.IntRange(1, 1_000_000), default=1, metavar="N", help="Begin N messages at a time."
            ),
            click.option(
                "--failing", type=_SHARE, default=0.05, show_default=True, help="Share of messages that fail."
            ),
            click.option("--duplicates", type=_SHARE, default=0.0, help="Share of events delivered again later."),
            click.option("--concurrent", type=_SHARE, default=0.0, help="Share of events delivered twice at once."),
            click.option("--reordered", type=_SHARE, default=0.0, help="Share of messages with an overtaken event."),
            click.option("--seed", type=SEEDS, default=0, show_default=True, help="Decides contents and lives."),
        ],
    )


def access_to(url: str, options: Mapping[str, Any], *, headers: str = "header") -> Access:
    """Return how a URL is reached, by the `reach_options`.

    Args:
        headers: The option with the headers for this URL.

    Raises:
        KitError: A header or credentials without a colon.
    """
    from callback_contract.mock_server.client.sender import Access

    if options.get("auth") is not None and ":" not in options["auth"]:
        # It is not repeated here: it may be a password without a user.
        raise KitError(
            Text("error-receiver.credentials-without-colon"),
            where="--auth",
            remedy=Text("error-receiver.write-credentials"),
        )
    return Access(
        url=url,
        headers=tuple(header_of(text, f"--{headers.replace('_', '-')}") for text in options[headers]),
        # The receiver's basic credentials are not those of its read-back.
        basic_auth=options["auth"] if headers == "header" else None,
        client_cert=options["cert"],
        client_key=options["key"],
        ca=options["ca"],
        insecure=options["insecure"],
        proxy=_proxy_to(url, options["proxy"]),
        timeout_s=options["timeout"],
        app=(options.get("app") or "") if headers == "header" else "",
    )


def _proxy_to(url: str, given: str | None) -> str | None:
    """Return the proxy to a URL: the given one, or the environment's as curl takes it, never to this machine."""
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed has only the platform's

    from callback_contract.mock_server.client.pacing import is_loopback

    if given is not None:
        return None if given == "none" else given
    try:
        parts = urlsplit(url)
        if is_loopback(url) or proxy_bypass_environment(parts.netloc.rpartition("@")[2]):
            return None
    except ValueError:
        return None  # the URL's own error is reported
    found = getproxies_environment()
    proxy = found.get(parts.scheme.lower()) or found.get("all")
    if proxy and "://" not in proxy:
        return f"http://{proxy}"  # as curl reads it
    if proxy and not proxy.startswith(("http://", "https://")):
        raise KitError(
            Text("error-options.proxy-kind", kind=proxy.partition(":")[0]),
            where="--proxy",
            remedy=Text("error-options.give-proxy"),
        )
    return proxy or None


def sender_to(url: str, options: Mapping[str, Any], *others: str) -> Sender:
    """Return a sender to a receiver, by the `reach_options` and `pace_options`.

    Args:
        others: URLs of other senders that share the pace.

    Raises:
        KitError: An option's value is invalid, or a secret is not set.
    """
    from callback_contract.mock_server.client.sender import Pace, Sender

    access = access_to(url, options)  # first: it reports an invalid URL
    pace = Pace.towards(
        url,
        *others,
        per_second=options["rate"],
        at_once=options["at_once"],
        most=options["max_deliveries"],
        until=INTERRUPTION.begun + options["max_time"] if options["max_time"] else None,
    )
    return Sender(access, pace, _signer(options["signature"]))


def with_providers_signature(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with the signature scheme of the provider, where none is given and its key is set."""
    name = options["provider"] if options["contract"] and not options["signature"] else None
    if not name:
        return dict(options)
    from callback_contract.mock_server.signing import load_scheme
    from callback_contract.openapi.reading.provider_facts import load_provider

    provider = load_provider(name)
    if provider.signature is None:
        return dict(options)
    variable = load_scheme(provider.signature).key_env[0]
    if os.environ.get(variable):
        return {**options, "signature": provider.signature}
    unsigned = Text("provider.unsigned", title=provider.title, scheme=provider.signature, variable=variable)
    click.echo(unsigned.in_language(language_of(options)), err=True)
    return dict(options)


def _signer(signature: str | None) -> Any:
    if signature is None:
        return None
    from callback_contract.mock_server.signing import DeliverySigner, signature_from

    return DeliverySigner(*signature_from(signature, os.environ), named=signature)


def header_of(text: str, option: str) -> tuple[str, str]:
    """Return name and value of a header in an option.

    Raises:
        KitError: There is no colon.
    """
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        # It is not repeated here: a header may be a secret.
        raise KitError(
            Text("error-receiver.header-without-colon"), where=option, remedy=Text("error-receiver.write-header")
        )
    return name.strip(), value.strip()


def duration_in_words(pace: Pace, deliveries: int) -> Text:
    """Return how long so many deliveries take at a pace; without a limit, at a receiver that answers at once."""
    seconds = max(1, round(deliveries / pace.per_second if pace.per_second else deliveries * _AT_ONCE_S))
    unit, number = ("minutes", round(seconds / 60)) if seconds >= _IN_MINUTES_S else ("seconds", seconds)
    return Text(f"terminal.takes{'' if pace.per_second else '-at-once'}", time=Text(f"terminal.{unit}", number=number))


def pace_in_words(pace: Pace, most_at_once: int = 0) -> Text:
    """Return a pace as it is printed before the first delivery.

    More deliveries may be in flight at once to a receiver that takes no longer for it.
    """
    rate = Text("terminal.at-rate", rate=pace.per_second) if pace.per_second else Text("terminal.no-rate")
    is_more = most_at_once > pace.at_once
    at_once = Text("terminal.from-to", least=pace.at_once, most=most_at_once) if is_more else pace.at_once
    if pace.most:
        return Text("terminal.pace-with-most", rate=rate, at_once=at_once, most=pace.most)
    return Text("terminal.pace", rate=rate, at_once=at_once)
