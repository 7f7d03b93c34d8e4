"""Inspector options: choose who needs a token for the inspector and for read-back, and the page's address."""

from __future__ import annotations

import ipaddress
import os
import secrets
import shlex
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from callback_contract.mock_server.cli.target_options import Lines, header_of
from callback_contract.mock_server.receiver.guard import Guard, names_loopback
from callback_contract.openapi.contract.read_back_document import load_read_back
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from callback_contract.mock_server.client.sender import Access
    from callback_contract.mock_server.receiver.receiver import Receiver
    from callback_contract.mock_server.store.reader import Reader

__all__ = ["TOKEN_VARIABLE", "guarded", "inspected", "inspector_options"]

TOKEN_VARIABLE = "CALLBACK_CONTRACT_INSPECT_TOKEN"  # noqa: S105  # a name, not a secret
_SHORTEST_TOKEN = 16


def inspector_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the inspector's options to a command."""
    for option in (
        click.option(
            "--forward-to", metavar="URL", help="The inspector may send again to this; with --signature, signed anew."
        ),
        click.option(
            "--forward-header",
            multiple=True,
            type=Lines(),
            metavar="'NAME: VALUE'",
            help="Sent again with this, credentials for instance; never shown.",
        ),
        click.option("--forward-ca", metavar="FILE", help="Authorities that --forward-to's certificate is of (PEM)."),
        click.option(
            "--docs",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Show the documentation that `docs` wrote there, to all who reach the mock.",
        ),
        click.option("--inspect/--no-inspect", default=None, help="A web page shows what came. [on, but no gate]"),
    ):
        command = option(command)
    return command


def guarded(receiver: Receiver, sock: socket.socket, *, https: bool = False) -> str:
    """Let this machine's user read back, and others with a token.

    Args:
        sock: The bound socket; its address decides whether a token is needed.
        https: Whether it is served by HTTPS.

    Returns:
        The options of `check` that read back there.

    Raises:
        KitError: The token can be guessed.
    """
    receiver.guard = _guard(sock)
    options = ["--state-url", _base(sock, https=https) + load_read_back().template]
    if receiver.guard.token:
        options += ["--state-header", f"Authorization: Bearer {receiver.guard.token}"]
    return shlex.join(options)


def inspected(
    receiver: Receiver,
    reader: Reader,
    sock: socket.socket,
    options: Mapping[str, Any],
    *,
    guard: Guard | None = None,
    https: bool = False,
    gate: bool = False,
) -> str:
    """Add the inspector to a receiver, by the options.

    Args:
        sock: The bound socket; its address decides whether a token is needed.
        guard: Who may look; None to decide by `sock`.
        https: Whether it is served by HTTPS.
        gate: Whether the mock is a gate in a pipeline; then there is a page only on request.

    Returns:
        The page's address, with the token in its fragment, which no browser sends to a server; empty without a page.

    Raises:
        KitError: The URL is invalid, or the token can be guessed.
    """
    forward_to = options["forward_to"]
    for name in ("forward_header", "forward_ca"):
        if options.get(name) and not forward_to:
            raise KitError(
                Text("error-mock.no-forward-url"),
                where=f"--{name.replace('_', '-')}",
                remedy=Text("error-mock.add-forward-url"),
            )
    wanted = options["inspect"]
    needing = {"--forward-to": forward_to, "--docs": options.get("docs")}
    if not (any(needing.values()) or not gate if wanted is None else wanted):
        for option, key in (("--forward-to", "no-forward-inspector"), ("--docs", "no-docs-inspector")):
            if needing[option]:
                raise KitError(Text(f"error-mock.{key}"), where=option, remedy=Text("error-mock.use-inspect"))
        return ""
    from callback_contract.mock_server.inspector.app import Inspector
    from callback_contract.mock_server.inspector.resend import Forwarding
    from callback_contract.mock_server.signing import DeliverySigner

    guard, base = guard or _guard(sock), _base(sock, https=https)
    signer = DeliverySigner(*receiver.signature) if receiver.signature else None
    forwarding = Forwarding(_forwarded(forward_to, options), signer) if forward_to else None
    receiver.pages = Inspector(receiver, reader, base, guard, forwarding, _documents(options.get("docs")))
    return base + receiver.prefix + (f"#token={quote(guard.token, safe='')}" if guard.token else "")


def _documents(directory: Path | None) -> dict[str, Path]:
    """Return the files of a documentation by their names.

    Raises:
        KitError: There is none.
    """
    if directory is None:
        return {}
    from callback_contract.openapi.documenting.site import written_files

    files = written_files(directory, "--docs") if directory.is_dir() else set()
    if not files:
        raise KitError(Text("error-docs.no-site"), where=f"--docs {directory}", remedy=Text("error-docs.write-site"))
    return {name: directory / name for name in files}


def _guard(sock: socket.socket) -> Guard:
    loopback = names_loopback(sock.getsockname()[0])
    return Guard(loopback, _token(needed=not loopback))


def _base(sock: socket.socket, *, https: bool) -> str:
    host, port = sock.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # reached by every address of this machine, and by this one
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http{'s' if https else ''}://{f'[{host}]' if ':' in host else host}:{port}"


def _forwarded(url: str, options: Mapping[str, Any]) -> Access:
    from callback_contract.mock_server.client.sender import Access

    headers = tuple(header_of(text, "--forward-header") for text in options.get("forward_header") or ())
    try:
        return Access(url, headers=headers, ca=options.get("forward_ca"))
    except KitError as error:  # in that place these are options of the sender
        where = {"URL": "--forward-to", "--header": "--forward-header", "--ca": "--forward-ca"}.get(error.where)
        raise KitError(error.what, where=where or error.where, remedy=error.remedy) from None


def _token(*, needed: bool) -> str | None:
    """Return the user's token, or a random one where one is needed.

    A token of the user keeps an address valid across restarts.
    """
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token is None:
        return secrets.token_urlsafe(24) if needed else None
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise KitError(
            Text("error-mock.bad-token", shortest=_SHORTEST_TOKEN),
            where=TOKEN_VARIABLE,
            remedy=Text("error-mock.give-long-token"),
        )
    return token
