"""Decides where a contract may be read from: a file, standard input, or the URL that the user named."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openapi.errors import ContractError
from openapi.yamlfile import MAX_BYTES, YamlFile, parsed, read_yaml

__all__ = ["opened"]

_TIMEOUT_S = 20


def opened(source: str | Path) -> tuple[YamlFile, Path | None]:
    """Reads a document; gives it and the folder in which its references may lead to files.

    Raises:
        ContractError: It cannot be read.
    """
    name = str(source)
    if name == "-":
        return parsed(sys.stdin.buffer.read(MAX_BYTES + 1), Path("standard input"), error=ContractError), None
    if name.startswith(("http://", "https://")):
        return parsed(_fetched(name), Path(name.partition("://")[2].partition("?")[0]), error=ContractError), None
    path = Path(name)
    if path.is_dir():
        raise ContractError("a folder, not a document", where=name, remedy="Give the OpenAPI document in it.")
    return read_yaml(path, error=ContractError), path.parent


def _fetched(url: str) -> bytes:
    import urllib.error
    import urllib.request

    parts = urlsplit(url)
    where = f"{parts.hostname or ''}{parts.path}"

    class SameHost(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, request: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            if urlsplit(newurl).hostname != parts.hostname or not newurl.startswith(("https://", f"{parts.scheme}://")):
                host = urlsplit(newurl).hostname
                what = f"the server redirects to another host, {host!r}, which is not asked"
                raise ContractError(what, where=where, remedy="Give the URL that it leads to.")
            return super().redirect_request(request, fp, code, msg, headers, newurl)

    request = urllib.request.Request(url, headers={"User-Agent": "callback-contract"})  # noqa: S310  # http or https
    try:
        with urllib.request.build_opener(SameHost).open(request, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read(MAX_BYTES + 1)
            return body
    except urllib.error.HTTPError as error:
        raise ContractError(f"the server answered {error.code}", where=where, remedy="Check the URL.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ContractError(f"cannot be fetched: {reason}", where=where, remedy="Check the URL.") from None
