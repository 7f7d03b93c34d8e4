"""Source of a contract: a file, standard input, or a URL that is fetched in bounds and from the named host alone."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from callback_contract.openapi.documents.yaml_file import MAX_BYTES, YamlFile, parsed, read_yaml
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text

__all__ = ["fetched", "opened"]

_TIMEOUT_S = 20  # without a byte
_MOST_S = 60.0  # from the first connection to the last byte, redirects included
_MOST_REDIRECTS = 5
_CHUNK = 65536


def fetched(url: str, *, within_s: float = _MOST_S) -> bytes:
    """Return the bytes at a URL; at most one byte more than the limit.

    Args:
        within_s: Time limit in seconds, where it is below the general one.

    Raises:
        ContractError: No response, a status other than 200, a time-out, or a redirect to another host.
    """
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    from callback_contract.openapi.documents.deadline import bounded, bounded_tls, within

    try:
        parts = urlsplit(url)
        where = f"{parts.hostname or ''}{parts.path}"
        _ = parts.port
    except ValueError as error:
        raise ContractError(
            Text("error-contract.not-a-url", why=str(error)),
            where=Text("error-contract.a-url"),
            remedy=Text("error-contract.complete-url"),
        ) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ContractError(Text("error-contract.no-http-url"), where=where, remedy=Text("error-contract.complete-url"))

    class SameHost(urllib.request.HTTPRedirectHandler):
        max_redirections = _MOST_REDIRECTS
        max_repeats = 2

        def redirect_request(self, request: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            fp.close()  # urllib would read the whole body, however large it is
            if urlsplit(newurl).hostname != parts.hostname or not newurl.startswith(("https://", f"{parts.scheme}://")):
                host = urlsplit(newurl).hostname
                what = Text("error-contract.redirects-away", host=str(host))
                raise ContractError(what, where=where, remedy=Text("error-contract.url-it-leads-to"))
            return super().redirect_request(request, fp, code, msg, headers, newurl)

    class Http(urllib.request.HTTPHandler):
        def http_open(self, request: Any) -> Any:
            return self.do_open(lambda host, **more: bounded(http.client.HTTPConnection(host, **more)), request)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, request: Any) -> Any:
            tls = bounded_tls(ssl.create_default_context())
            return self.do_open(
                lambda host, **more: bounded(http.client.HTTPSConnection(host, context=tls, **more)), request
            )

    request = urllib.request.Request(url, headers={"User-Agent": "callback-contract"})  # noqa: S310  # http or https
    most_s = min(_MOST_S, within_s)
    ends = time.monotonic() + most_s
    try:
        with (
            within(most_s),
            contextlib.closing(
                urllib.request.build_opener(SameHost, Http, Https).open(request, timeout=_TIMEOUT_S)
            ) as answer,
        ):
            body = bytearray()
            while len(body) <= MAX_BYTES and (chunk := answer.read1(min(_CHUNK, MAX_BYTES + 1 - len(body)))):
                body += chunk
            return bytes(body)
    except urllib.error.HTTPError as error:
        error.close()
        what = Text("error-contract.server-answered", status=error.code)
        if 300 <= error.code < 400:
            what = Text("error-contract.redirects-too-often", most=_MOST_REDIRECTS)
        raise ContractError(what, where=where, remedy=Text("error-contract.check-url")) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        if time.monotonic() > ends:
            raise ContractError(Text("error-contract.not-there-whole", most_s=most_s), where=where) from None
        reason = getattr(error, "reason", error)
        raise ContractError(
            Text("error-contract.not-fetched", reason=str(reason)), where=where, remedy=Text("error-contract.check-url")
        ) from None


def opened(source: str | Path) -> tuple[YamlFile, Path | None]:
    """Reads a document; gives it and the folder in which its references may lead to files.

    Raises:
        ContractError: It cannot be read.
    """
    name = str(source)
    if name == "-":
        return parsed(sys.stdin.buffer.read(MAX_BYTES + 1), Path("standard input"), error=ContractError), None
    if name.startswith(("http://", "https://")):
        return parsed(fetched(name), Path(name.partition("://")[2].partition("?")[0]), error=ContractError), None
    path = Path(name)
    if path.is_dir():
        raise ContractError(Text("error-contract.folder"), where=name, remedy=Text("error-contract.document-in-it"))
    return read_yaml(path, error=ContractError), path.parent
