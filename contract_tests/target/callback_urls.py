"""Callback URLs: assign each callback the run's URL, or its own from `--callback NAME=URL`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from callback_contract.mock_server.cli.target_options import access_to
from callback_contract.openapi.contract.model import means_all, no_such_callback
from callback_contract.openapi.documents.json_pointer import tokens
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.mock_server.client.sender import Sender
    from callback_contract.openapi.contract.model import Callback, Contract

__all__ = ["parted", "senders_elsewhere"]

_ROUTE = re.compile(r"(?P<name>.*?)=(?P<url>[A-Za-z][A-Za-z0-9+.-]*://.*|/.*)", re.DOTALL)


def parted(url: str | None, options: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return the run's URL, and options with the others as `callback_urls`.

    Without a URL of the run, the first callback's takes its place; `callback_urls` has those that differ.

    Raises:
        KitError: A callback has two URLs or none, or one is not complete.
    """
    given: dict[str, str | None] = {}
    for text in options["callback"]:
        name, own = _parted(text)
        if name in given and given[name] != own:
            raise KitError(
                Text("error-receiver.callback-twice", name=name),
                where="--callback",
                remedy=Text("error-receiver.one-url"),
            )
        given[name] = own
    own_urls = {name: own for name, own in given.items() if own is not None}
    for name, own in own_urls.items():
        _refuse_incomplete(name, own, options)
    without = [name for name, own in given.items() if own is None]
    if own_urls and not without:
        _refuse_idle(url)
        url = None
    elif own_urls and url is None:
        raise KitError(
            Text("error-receiver.callback-without-url", name=without[0]),
            where="--callback",
            remedy=Text("error-receiver.url-for-it-too"),
        )
    url = next(iter(own_urls.values()), None) if url is None else url
    elsewhere = {name: own for name, own in own_urls.items() if own != url}
    return url, {**options, "callback": tuple(given), "callback_urls": elsewhere}


def _parted(text: str) -> tuple[str, str | None]:
    found = _ROUTE.fullmatch(text)
    name, own = (found["name"], found["url"]) if found else (text, None)
    if "://" in name or not name:
        # It is not repeated here: a URL may have secrets.
        raise KitError(
            Text("error-receiver.url-without-callback"),
            where="--callback",
            remedy=Text("error-receiver.write-name-url"),
        )
    if own is None and "=" in text:
        name, _, rest = text.partition("=")
        raise KitError(
            Text("error-receiver.incomplete-callback-url"),
            where=f"--callback {name}=…",
            remedy=Text("error-receiver.write-https", name=name, rest=rest.partition("?")[0].rpartition("@")[2])
            if rest
            else Text("error-receiver.write-name-url"),
        )
    if own is not None and means_all([name]):
        raise KitError(
            Text("error-receiver.all-at-one-url"), where="--callback", remedy=Text("error-receiver.write-all")
        )
    return name, own


def _refuse_incomplete(name: str, own: str, options: Mapping[str, Any]) -> None:
    if options["app"] and own.startswith("/"):
        return
    try:
        access_to(own, options)
    except KitError as error:
        where = f"--callback {name}=…" if error.where == "URL" else error.where
        raise KitError(error.what, where=where, remedy=error.remedy) from None


def _refuse_idle(url: str | None) -> None:
    """Reject a typed URL that no callback uses.

    One from a file or the environment is overridden silently.
    """
    context = click.get_current_context(silent=True)
    if url is not None and context and context.get_parameter_source("url") is ParameterSource.COMMANDLINE:
        raise KitError(
            Text("error-receiver.nothing-to-url"),
            where="URL",
            remedy=Text("error-receiver.leave-url-out"),
        )


def senders_elsewhere(sender: Sender, contract: Contract, options: Mapping[str, Any]) -> dict[str, Sender]:
    """Return the senders of callbacks with another URL, one each, under one pace.

    Raises:
        ContractError: The contract has no callback of that name.
    """
    callbacks, aside = contract.callbacks, {name for name, _ in contract.set_aside}
    by_url: dict[str, Sender] = {}
    found: dict[str, Sender] = {}
    for name, own in options.get("callback_urls", {}).items():
        fitting = [callback for callback in callbacks if callback.name == name]
        fitting = fitting or [callback for callback in callbacks if name in _keys(callback)]
        if not fitting and name not in aside:
            raise no_such_callback(name, [callback.name for callback in callbacks], str(contract.path))
        if own not in by_url:
            by_url[own] = sender.beside(access_to(own, options))
        found |= {callback.name: by_url[own] for callback in fitting}
    return found


def _keys(callback: Callback) -> tuple[str, ...]:
    """Return the keys on the way to a foreign callback, which are its other names."""
    _, found, place = callback.origin.partition("(/")
    return tokens(f"/{place[:-1]}") if found and place.endswith(")") else ()
