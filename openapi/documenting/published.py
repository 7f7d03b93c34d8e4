"""Published documentation: the URL of the site, checked so that a link to it is only a link."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import click

from callback_contract.openapi.documenting.content.links import Kind, address
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["BUILT_BY", "ENVIRONMENT", "Site", "docs_url_option", "site_at", "site_of"]

ENVIRONMENT = "CALLBACK_CONTRACT_DOCS_URL"
BUILT_BY = "callback-contract docs"
_OPTION = "--docs-url"
_MADE_BY = "x-made-by"
# None of these ends an attribute, a Markdown link or a table cell; all others are percent-encoded.
_PLAIN = "/~!$&*+,;=:@%-._"
_HOST = re.compile(r"[A-Za-z0-9._-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Site:
    """A site that `callback-contract docs` wrote, with all its languages.

    Attributes:
        url: URL of its directory, with a slash at the end and no character that needs escaping.
    """

    url: str

    def link(self, lang: str, kind: Kind, name: str, inner: str = "") -> str:
        """The absolute URL of a thing, see `address`."""
        return f"{self.url}{lang}/{address(kind, name, inner)}"


def docs_url_option(command: _Command) -> _Command:
    """Add the option that names the URL of the published documentation."""
    return click.option(
        _OPTION,
        metavar="URL",
        default=None,
        envvar=ENVIRONMENT,
        help="Link to the documentation there.",
    )(command)


def site_at(url: str, where: str = _OPTION) -> Site:
    """Return the site at a URL of its directory or of its first page.

    Raises:
        KitError: The URL is not http, https or file, or has more than a path.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except (ValueError, UnicodeError):
        raise _refused(Text("error-docs.no-url"), where, url) from None
    if parts.scheme not in {"http", "https", "file"}:
        raise _refused(Text("error-docs.other-scheme"), where, url)
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise _refused(Text("error-docs.more-than-path"), where)
    hostless = parts.scheme == "file" and not host
    if re.search(r"[\x00-\x20\x7f\\]", url.strip()) or not (hostless or _HOST.fullmatch(host)):
        raise _refused(Text("error-docs.no-url"), where)
    folder = parts.path if parts.path.endswith("/") else parts.path.removesuffix("index.html")
    return Site(f"{parts.scheme}://{host}{quote(folder, safe=_PLAIN).rstrip('/')}/")


def _refused(what: str, where: str, url: str = "") -> KitError:
    remedy = Text("error-docs.give-address")
    if url and "://" not in url and Path(url).is_dir():
        remedy = Text("error-docs.give-local", url=Path(url).resolve().as_uri())
    return KitError(what, where=where, remedy=remedy)


def site_of(given: str | None, document: Mapping[str, jp.Json]) -> Site | None:
    """Return the named site, or else the one in `externalDocs`, or else none.

    `externalDocs` may be any page. It counts only with `x-made-by: callback-contract docs`.

    Raises:
        KitError: The URL cannot be linked to.
    """
    if given:
        return site_at(given)
    beside = document.get("externalDocs")
    if isinstance(beside, Mapping) and str(beside.get(_MADE_BY, "")).startswith(BUILT_BY):
        return site_at(str(beside.get("url", "")), "/externalDocs/url")
    return None
