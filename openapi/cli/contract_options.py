"""Command-line options that name the contract, and the notes on what was set aside while it was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from callback_contract.openapi.text.language import language_of
from callback_contract.openapi.text.message import Text, in_detail, translated
from callback_contract.openapi.text.printable import printable

if TYPE_CHECKING:
    from callback_contract.openapi.contract.model import Contract
    from callback_contract.openapi.reading.provider_facts import Provider

__all__ = ["contract_of", "contract_options", "contracts_read_alike", "identity_option", "is_own", "say_what_was_left"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_MOST_SHOWN = 6


def contract_options(command: _Command) -> _Command:
    """Add the options that name the contract and how it is read."""
    for option in reversed(
        (
            click.option(
                "--contract",
                default=None,
                metavar="FILE|URL|-",
                help="Another contract: any OpenAPI 3 document.",
            ),
            click.option("--provider", metavar="NAME", help="Whose it is: facts of delivery that it lacks."),
            click.option("--overlay", multiple=True, metavar="FILE", help="Lay this OpenAPI Overlay over it."),
            click.option("--paths", is_flag=True, help="Its paths are the callbacks."),
            click.option("--refs-below", default=None, metavar="FOLDER", help="Its $ref may lead to files below it."),
            click.option("--allow-remote-refs", is_flag=True, help="Fetch what its $ref name by http(s)."),
            click.option("--strict-contract", is_flag=True, help="Set nothing of it aside: refuse it."),
        )
    ):
        command = option(command)
    return command


def identity_option(command: _Command) -> _Command:
    """Add the option that names where deliveries carry their ids."""
    return click.option(
        "--identity",
        multiple=True,
        metavar="PLACE",
        help="Fresh id at /id or $request.header.NAME.",
    )(command)


def contract_of(options: Mapping[str, Any], only: Sequence[str] = (), *, quietly: bool = False) -> Contract:
    """Read the contract that the options name.

    Callbacks that were set aside, and other notes, are printed on standard error.

    Args:
        only: The callbacks to read; the others of a foreign document are skipped.
        quietly: Whether the notes are left out, since they were printed before.

    Raises:
        KitError: The contract cannot be used, or has no such place of an id.
    """
    contract = _read(options, only)
    if not quietly and contract.is_foreign:
        say_what_was_left(contract)
    return contract.identified_by(options.get("identity") or ())


def _read(options: Mapping[str, Any], only: Sequence[str]) -> Contract:
    from callback_contract.openapi.contract.loading import load_contract
    from callback_contract.openapi.text.errors import KitError
    from callback_contract.openapi.text.message import Text

    named = options.get("provider")
    if options["contract"] is None:
        if named:
            raise KitError(Text("provider.for-own"), where="--provider", remedy=Text("error-contract.give-contract"))
        if options["paths"]:
            raise KitError(
                Text("error-contract.paths-for-own"), where="--paths", remedy=Text("error-contract.give-contract")
            )
        return load_contract(overlays=options["overlay"])
    from callback_contract.openapi.reading import read_contract

    return read_contract(
        options["contract"],
        options["overlay"],
        only=only,
        paths=options["paths"],
        strict=options["strict_contract"],
        remote=bool(options.get("allow_remote_refs")),
        below=options.get("refs_below"),
        provider=_provider(named) if named else None,
    )


def _provider(name: str) -> Provider:
    from callback_contract.openapi.reading.provider_facts import load_provider

    return load_provider(name)


def is_own(source: str) -> bool:
    """Return whether a document is one of the kit's own form.

    It has to pass the strict reading and state facts of delivery.
    """
    from callback_contract.openapi.contract.loading import load_contract
    from callback_contract.openapi.documents.yaml_file import MAX_BYTES
    from callback_contract.openapi.text.errors import ContractError

    try:
        with Path(source).open("rb") as file:
            if b"x-delivery" not in file.read(MAX_BYTES):  # much faster than reading a large one
                return False
        contract = load_contract(source)
    except (OSError, ContractError):
        return False
    return any(callback.delivery.provenance for callback in contract.callbacks)


def contracts_read_alike(
    sources: Sequence[Path | str],
    *,
    paths: bool = False,
    remote: bool = False,
    below: str | None = None,
    overlays: Sequence[str] = (),
) -> list[Contract]:
    """Read several contracts in the same way: all strictly, or else all as any OpenAPI document.

    The two readings keep different parts, so that two contracts read in different ways differ where nothing changed.

    Args:
        sources: Files, URLs, or `-` for standard input.
        paths: Whether their paths are the callbacks.
        remote: Whether targets of `$ref` are fetched by http(s).
        below: The folder below which files may be targets of `$ref`; None for the document's own.
        overlays: OpenAPI Overlays that are laid over the last one.

    Raises:
        KitError: Both readings fail.
    """
    from callback_contract.openapi.contract.loading import load_contract
    from callback_contract.openapi.reading import read_contract
    from callback_contract.openapi.reading.callback_discovery import stand_elsewhere
    from callback_contract.openapi.text.errors import ContractError

    laid_over = [*((source, ()) for source in sources[:-1]), (sources[-1], overlays)]
    contracts: list[Contract] = []
    if not paths and not any(str(source) == "-" or "://" in str(source) for source in sources):
        with suppress(ContractError):  # the other reading knows every form, so what it finds wrong is what is said
            contracts = [load_contract(source, over) for source, over in laid_over]
    if not contracts or any(stand_elsewhere(contract.document) for contract in contracts):
        contracts = [read_contract(each, over, paths=paths, remote=remote, below=below) for each, over in laid_over]
    for contract in contracts:
        say_what_was_left(contract)
    return contracts


def say_what_was_left(contract: Contract) -> None:
    """Print which callbacks were set aside, and the notes on the reading."""
    aside = contract.set_aside
    if aside:
        _say(Text("note.some-set-aside", count=len(aside), whole=len(aside) + len(contract.callbacks)))
        _list([in_detail(name, reason) for name, reason in aside])
    if contract.notes:
        _say(Text("note.of-contract"))
        _list(contract.notes)


def _list(lines: Sequence[str]) -> None:
    for line in lines[:_MOST_SHOWN]:
        _say(line, "  ")
    if len(lines) > _MOST_SHOWN:
        _say(Text("note.more-lines", count=len(lines) - _MOST_SHOWN), "  ")


def _say(text: str, indent: str = "") -> None:
    context = click.get_current_context(silent=True)
    line = indent + translated(text, language_of(context.params if context else {}))
    # A foreign document may hold any character; printable() keeps control sequences out of the terminal.
    click.echo(printable(line[:600]), err=True)
