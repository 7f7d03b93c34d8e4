"""Options of a reproduction: writes the options of a run into its report, and restores them from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import click
from click.core import ParameterSource

from callback_contract.mock_server.client.sender import Access
from callback_contract.mock_server.wire.delivery import printable
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.contract_tests.runner.state import RunContext

__all__ = ["options_to_dict", "restored"]

_TOLD = (
    *("rules", "callback", "contract", "provider", "overlay", "paths", "strict", "signature", "insecure", "timeout"),
    *(
        "allow_remote_refs",
        "refs_below",
        "rate",
        "at_once",
        "max_deliveries",
        "max_time",
        "state_map",
        "state_patience",
        "plugin",
    ),
    *("identity", "acknowledges_unread", "waivers", "strict_waivers", "require", "rules_as_of", "samples", "mask"),
)
_RESTORED = (
    *("contract", "provider", "overlay", "paths", "identity", "acknowledges_unread", "signature"),
    *("timeout", "rate", "at_once", "state_url", "state_map", "state_patience"),
)
"""Options that decide stimuli or a verdict, without programs and trust."""

_LEFT_OUT = "…"  # replaces the value of a query in a URL


def options_to_dict(options: Mapping[str, Any], run: RunContext) -> dict[str, Any]:
    """Return the options that a report may have: no secret is among them."""
    from callback_contract.contract_tests.target.read_back import HttpReadBack

    told = {name: str(given) if isinstance(given := options[name], Path) else given for name in _TOLD}
    told |= {name: list(value) for name, value in told.items() if isinstance(value, tuple)}
    told["contract"] = _without_secrets(told["contract"])
    given = options["state_url"] is not None and isinstance(run.config.read_back, HttpReadBack)
    state_url = unquote(run.config.read_back.access.shown_url) if given else None  # type: ignore[union-attr]  # `given` is true
    started = {"is_started": True} if options["start"] else {}  # a command may hold secrets
    return told | {"state_url": state_url} | started


def _without_secrets(source: str | None) -> str | None:
    """Return the name of a contract; of a URL without the values of its query."""
    if source is None or not source.startswith(("http://", "https://")):
        return source
    return Access(source).shown_url


def restored(ctx: click.Context, told: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return the options of a reproduction: as given, or else as in the report.

    Args:
        told: The options in the report.
        url: The receiver's URL in the report.

    Raises:
        click.BadParameter: The report has a value that the option does not accept.
        KitError: The contract was read from a URL, or the signature scheme names a plugin: nothing is fetched or run
            on the word of a report.
    """
    options = dict(ctx.params)
    for param in ctx.command.params:
        name = param.name or ""
        value = told.get(name)
        if name not in _RESTORED or value in (None, []) or ctx.get_parameter_source(name) != ParameterSource.DEFAULT:
            continue
        if name == "contract" and str(value).startswith(("http://", "https://")):
            # A report is foreign data, and must not decide what is fetched from here.
            raise KitError(
                Text("error-report.contract-of-run", url=printable(value)),
                where="--contract",
                remedy=Text("error-report.give-contract-again"),
            )
        if name == "signature" and _runs_a_plugin(str(value)):
            raise KitError(
                Text("error-report.plugin-of-scheme", scheme=printable(value)),
                where="--signature",
                remedy=Text("error-report.give-signature-again"),
            )
        if isinstance(value, str) and value.startswith(("http://", "https://")) and _LEFT_OUT in value:
            continue
        # The read-back of the report's receiver has no relation to another receiver.
        if name == "state_url" and options["url"] and _host(options["url"]) != _host(url):
            continue
        options[name] = param.type_cast_value(ctx, value)
    return options


def _runs_a_plugin(scheme: str) -> bool:
    from callback_contract.mock_server.signing import plugin_of

    return bool(plugin_of(scheme))


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return url  # its user reports the error
