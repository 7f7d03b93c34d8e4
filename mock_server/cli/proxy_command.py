"""`proxy` command: stands before a real receiver, passes deliveries and answers through, and records them."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from callback_contract.openapi.cli.contract_options import contract_of, contract_options, identity_option
from callback_contract.openapi.cli.help import rarely_used
from callback_contract.openapi.documents.output_files import refuse_no_file
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.spoken import spoken

if TYPE_CHECKING:
    from callback_contract.mock_server.proxy.passing import Target

__all__ = ["proxy"]


@rarely_used("keep", "keep_bytes", "ca", "insecure", "allow_remote_refs", "refs_below", "strict_contract", "identity")
@click.command()
@click.option("--to", required=True, metavar="URL", help="The receiver: http(s)://HOST[:PORT].")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where senders come.")
@click.option("--keep-host", is_flag=True, help="Pass Host as it came, and not the receiver's.")
@click.option("--forwarded", is_flag=True, help="Add Forwarded (RFC 7239) to requests.")
@click.option("--store", metavar="FILE", help="Keep what passed across restarts. [default: in memory]")
@click.option(
    "--keep", type=click.IntRange(1, 100_000_000), default=100_000, show_default=True, help="Deliveries kept."
)
@click.option(
    "--keep-bytes", type=click.IntRange(1, 2**50), default=256 * 1024 * 1024, show_default=True, help="Bytes they have."
)
@click.option("--har", metavar="FILE", help="Write an HTTP archive, too.")
@click.option("--jsonl", metavar="FILE", help="Write JSON lines, too.")
@click.option("--mask", multiple=True, metavar="WHAT", help="Hide in bodies: /user/name, format:email.")
@click.option("--inspect/--no-inspect", default=True, show_default=True, help="Show what passed on a page of its own.")
@click.option("--cert", metavar="FILE", help="Take senders by HTTPS with this certificate (PEM).")
@click.option("--key", metavar="FILE", help="Its key, unless it stands in the same file.")
@click.option("--ca", metavar="FILE", help="Trust the receiver by these authorities (PEM).")
@click.option("--insecure", is_flag=True, help="Trust any certificate of the receiver.")
@contract_options
@identity_option
def proxy(
    to: str, listen: str, keep_host: bool, forwarded: bool, cert: str | None, key: str | None, **options: Any
) -> None:
    """Stand before a real receiver, and record deliveries and answers beside the contract.

    Bytes, their order and their times stay; of a request only Host is the receiver's. Values of secret headers and
    query parameters, and what --mask names in bodies, are masked before anything is written.

    Recording is a process of its own. When it ends or cannot keep up, traffic goes on without a record. When the proxy
    itself ends, traffic stops.
    """
    if os.name == "nt":  # its recorder reads from a pipe, which asyncio cannot write to there
        raise KitError(Text("error-proxy.posix-only"), remedy=Text("error-proxy.elsewhere"))
    ca, insecure = options.pop("ca"), options.pop("insecure")
    target = _target(to, ca, insecure=insecure, keep_host=keep_host, forwarded=forwarded, by_tls=cert is not None)
    host, port = _address(listen)
    for name in ("store", "har", "jsonl"):
        if options[name] is not None:
            refuse_no_file(options[name], f"--{name}")
    contract = contract_of(options)
    if options["mask"]:
        from callback_contract.mock_server.wire.masks import Masked

        Masked.of(options["mask"], contract)  # wrong ones are refused before anything is opened

    from callback_contract.mock_server.proxy.proxy import RecorderProcess, run_proxy
    from callback_contract.mock_server.server.certificates import given
    from callback_contract.mock_server.server.serving import bound_socket

    tls = given(cert, key).context() if cert else None
    try:
        sock = bound_socket(host, port)
    except KitError as error:  # it speaks of the mock's option
        raise KitError(error.what, where="--listen", remedy=error.remedy) from None
    with sock:
        shown = f"[{host}]" if ":" in host else host
        url = f"http{'s' if tls else ''}://{shown}:{sock.getsockname()[1]}"
        recorder = RecorderProcess({**options, "to": to.rstrip("/"), "front": url})
        click.echo(spoken(Text("proxy.passing", url=url, to=to, title=contract.title)))
        if recorder.told["inspector"]:
            click.echo(spoken(Text("mock.inspector", url=recorder.told["inspector"])))
        if recorder.told["found"]:
            click.echo(spoken(Text("mock.in-store", count=recorder.told["found"], store=str(options["store"]))))
        click.echo(spoken(Text("mock.how-to-stop")))
        outcome = run_proxy(sock, tls, target, recorder, lambda: click.echo(spoken(Text("proxy.lost")), err=True))
        recorder.end()
    click.echo(spoken(Text("proxy.ended", recorded=outcome.recorded, dropped=outcome.dropped)))


def _target(to: str, ca: str | None, *, insecure: bool, **how: bool) -> Target:
    from callback_contract.mock_server.proxy.passing import Target

    try:
        parts = urlsplit(to)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise KitError(Text("error-proxy.no-target", to=to), where="--to", remedy=Text("error-proxy.give-target"))
    if parts.path.strip("/") or parts.query:
        raise KitError(Text("error-proxy.with-path", to=to), where="--to", remedy=Text("error-proxy.give-target"))
    context = None
    if parts.scheme == "https":
        try:
            context = ssl.create_default_context(cafile=ca)
        except OSError as error:  # an SSLError is one
            raise KitError(Text("error-proxy.no-authority", why=str(error)), where=f"--ca {ca}") from None
        if insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    authority = parts.netloc.rpartition("@")[2]
    return Target(parts.hostname, port or (443 if context else 80), authority, context, **how)


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise KitError(
            Text("error-proxy.no-address", listen=listen), where="--listen", remedy=Text("error-proxy.give-address")
        )
    return host, int(port)
