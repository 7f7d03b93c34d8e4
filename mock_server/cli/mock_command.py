"""`mock` command: starts the mock receiver, with its recorder, inspector and gate."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from functools import partial
from typing import Any

import click

from callback_contract.mock_server.cli.inspector_options import inspector_options
from callback_contract.mock_server.cli.recording_options import recording_options
from callback_contract.mock_server.cli.target_options import with_providers_signature
from callback_contract.openapi.cli.contract_options import contract_of, contract_options, identity_option
from callback_contract.openapi.cli.help import rarely_used
from callback_contract.openapi.rules.catalogue import Catalogue, load_catalogue
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.language import chosen_language
from callback_contract.openapi.text.message import Text, listed
from callback_contract.openapi.text.spoken import spoken

__all__ = ["mock"]

_MOST_NAMED = 8


@rarely_used(
    "docs",
    "formats",
    "keep",
    "keep_bytes",
    "forward_ca",
    "forward_header",
    "require_client_cert",
    "allow_remote_refs",
    "refs_below",
    "strict_contract",
    "identity",
    "paths",
)
@click.command()
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--path", default=None, metavar="PATH", help="Take deliveries at this path only.")
@click.option("--fault", default=None, metavar="ID", help="Be wrong as this rule forbids.")
@click.option("--list-faults", is_flag=True, help="List the faults and leave.")
@click.option("--signature", metavar="SCHEME", help="Refuse what is not signed by this.")
@click.option("--https", is_flag=True, help="By HTTPS, with a self-made certificate.")
@click.option("--cert", default=None, metavar="FILE", help="By HTTPS with this certificate (PEM).")
@click.option("--key", default=None, metavar="FILE", help="Its key, unless it stands in the same file.")
@click.option("--require-client-cert", metavar="FILE", help="Take senders with a certificate by these (PEM) alone.")
@recording_options
@contract_options
@identity_option
@inspector_options
def mock(
    port: int,
    host: str,
    path: str | None,
    fault: str | None,
    list_faults: bool,
    signature: str | None,
    https: bool,
    cert: str | None,
    key: str | None,
    require_client_cert: str | None,
    **options: Any,
) -> None:
    """Run a receiver made from the contract.

    It acknowledges what the contract allows, rejects what it does not (RFC 9457), shows what it stored at
    /callback-contract/state/{id}, and records every delivery. Where it listens for other machines, too, looking needs
    the token that is printed, or the one in CALLBACK_CONTRACT_INSPECT_TOKEN.

    A step of --script is STATUS[xN][;retry-after=S][;delay=S][;drop]; x* goes on for ever, each: counts by message.
    `Prefer: code=503` in a request decides its own answer. With --expect, --exit-on-violation or --timeout it is a
    gate for a sender: it ends with 0 when all came and none violates the contract, else with 1.
    """
    from callback_contract.mock_server.faults.registry import FAULTS

    if list_faults:
        click.echo("\n".join(f"{rule.id}  {rule.fault}" for rule in _spoken_catalogue().rules if rule.fault))
        return
    if fault is not None and fault.upper() not in FAULTS:
        raise KitError(Text("error-mock.no-fault", fault=fault), where="--fault", remedy=Text("error-mock.list-faults"))
    if path is not None and not path.startswith("/"):
        raise KitError(
            Text("error-mock.no-path", path=path), where="--path", remedy=Text("error-mock.write-path", path=path)
        )
    planted = FAULTS[fault.upper()] if fault else None
    signature = with_providers_signature({**options, "signature": signature})["signature"]
    if planted is not None and planted.needs == "signature" and not signature:
        raise KitError(
            Text("error-mock.fault-needs-signature"),
            where=f"--fault {fault}",
            remedy=Text("error-mock.add-signature"),
        )
    contract = contract_of(options)

    from callback_contract.mock_server.cli.inspector_options import guarded, inspected
    from callback_contract.mock_server.cli.recording_options import (
        concluded,
        ending,
        expectation_of,
        recorded,
        scripted_answers,
    )
    from callback_contract.mock_server.receiver.receiver import Receiver
    from callback_contract.mock_server.server.certificates import demanding, given, self_made
    from callback_contract.mock_server.server.serving import bound_socket, serve
    from callback_contract.mock_server.signing import signature_from

    signing = signature_from(signature, os.environ) if signature else None
    receiver = Receiver(
        contract, path=path, fault=planted, signature=signing, formats=options["formats"] or options["strict"]
    )
    receiver.script = scripted_answers(contract, options)
    sock = bound_socket(host, port)
    flaw = planted.tls if planted else ""
    with sock, contextlib.ExitStack() as stack:
        tls = None
        if cert:
            tls = replace(given(cert, key), flaw=flaw)
        elif https or flaw not in {"", "none"}:
            tls = stack.enter_context(self_made(host, flaw))
        tls = demanding(tls, require_client_cert)
        recorder = stack.enter_context(recorded(receiver, contract, options))
        gate = expectation_of(recorder, options)
        read_back = guarded(receiver, sock, https=tls is not None)
        page = inspected(
            *(receiver, recorder.reader, sock, options),
            guard=receiver.guard,
            https=tls is not None,
            gate=gate is not None,
        )
        shown = f"[{host}]" if ":" in host else host
        click.echo(
            spoken(
                Text(
                    "mock.receiving" if path else "mock.receiving-at-any-path",
                    callbacks=_names(contract),
                    url=f"http{'s' if tls else ''}://{shown}:{sock.getsockname()[1]}{path or '/'}",
                )
            )
        )
        if tls and tls.authority:
            click.echo(spoken(Text("mock.authority", file=str(tls.authority))))
        if fault and planted:
            click.echo(spoken(Text("mock.wrong", id=fault.upper(), fault=_spoken_catalogue()[fault.upper()].fault)))
        _tell_of_looking(page, "" if gate else read_back, shows_docs=bool(options["docs"]))
        _tell_of(recorder.found, options["store"])
        click.echo(spoken(Text("mock.how-to-stop")))
        try:
            serve(receiver, sock, tls, partial(ending, gate, options))
        finally:  # the report is written after an interrupt, too
            code = concluded(gate, contract, options) if gate else 0
    raise click.exceptions.Exit(code)


def _tell_of_looking(page: str, read_back: str, *, shows_docs: bool) -> None:
    if page:
        click.echo(spoken(Text("mock.inspector", url=page)))
    if shows_docs:
        click.echo(spoken(Text("mock.docs", url=page.partition("#")[0] + "docs/")))
    if read_back:
        click.echo(spoken(Text("mock.read-back", url=read_back)))


def _tell_of(found: int, store: str | None) -> None:
    if found:
        click.echo(spoken(Text("mock.in-store", count=found, store=str(store))))


def _spoken_catalogue() -> Catalogue:
    """The rules in the user's language."""
    return load_catalogue().in_language(chosen_language(sys.argv[1:], os.environ))


def _names(contract: Any) -> Text:
    names = [callback.name for callback in contract.callbacks]
    more = len(names) - _MOST_NAMED
    shown = listed(names[:_MOST_NAMED])
    return Text("mock.and-more", names=shown, count=more) if more > 0 else shown
