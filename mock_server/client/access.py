"""Access to a receiver: URL, headers, credentials and trust, and which of them are secret."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from callback_contract.mock_server.client.client_certificate import check_pem_files
from callback_contract.mock_server.wire.delivery import Headers, header_value, printable
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.secret_names import is_secret_header, is_secret_parameter

__all__ = ["NO_ANSWER_S", "Access"]

_SHORTEST_PASSWORD = 4

_HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")  # RFC 3986 section 3.2

NO_ANSWER_S = 30.0
"""The upper end of the time that providers wait: without a whole answer by then there is none."""


@dataclass(frozen=True)
class Access:
    """The way to reach a receiver.

    Attributes:
        url: Complete URL; path and query are kept to the letter.
        headers: Added to every request; they may be secret, so they are never written to a report.
        basic_auth: `user:password`.
        client_cert: PEM file with the client's certificate, and its key unless `client_key` names it.
        ca: PEM file of certificate authorities to trust instead of the usual ones.
        insecure: Trusts any certificate.
        proxy: URL of an HTTP proxy.
        timeout_s: Seconds after which the exchange counts as unanswered.
        app: Shown instead of scheme, host and port of the URL, for an app on a temporary port.
    """

    url: str
    headers: Headers = ()
    basic_auth: str | None = field(default=None, repr=False)
    client_cert: str | None = None
    client_key: str | None = None
    ca: str | None = None
    insecure: bool = False
    proxy: str | None = None
    timeout_s: float = NO_ANSWER_S
    app: str = ""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError as error:
            raise KitError(
                Text("error-receiver.not-a-url", why=str(error)),
                where="URL",
                remedy=Text("error-receiver.complete-url"),
            ) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            names_none = "://" not in self.url
            hint = Text("error-receiver.write-scheme", url=self.url) if names_none else Text("error-receiver.use-http")
            raise KitError(Text("error-receiver.incomplete-url", url=self.url), where="URL", remedy=hint)
        for name, value in self.headers:
            # The value is not repeated here: it may be a secret.
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(r"[\r\n\0]", value):
                raise KitError(
                    Text("error-receiver.bad-header", name=printable(name)),
                    where="--header",
                    remedy=Text("error-receiver.header-form"),
                )
        self._refuse_wrong_requests()
        if self.client_cert or self.client_key or self.ca:
            check_pem_files(self.client_cert, self.client_key, self.ca)
        if self.proxy is not None and urlsplit(self.proxy).scheme not in {"http", "https"}:
            raise KitError(
                Text("error-receiver.incomplete-proxy"), where="--proxy", remedy=Text("error-receiver.write-proxy")
            )

    def _refuse_wrong_requests(self) -> None:
        for name in ("Content-Length", "Transfer-Encoding"):
            if header_value(self.headers, name) is not None:
                raise KitError(
                    Text("error-receiver.own-framing", name=name),
                    where="--header",
                    remedy=Text("error-receiver.leave-out-framing"),
                )
        hosts = [value for name, value in self.headers if name.lower() == "host"]
        if len(hosts) > 1 or not all(map(_HOST.fullmatch, hosts)):
            what = Text("error-receiver.host-twice") if len(hosts) > 1 else Text("error-receiver.no-host")
            raise KitError(what, where="--header", remedy=Text("error-receiver.give-host-once"))

    @property
    def shown_url(self) -> str:
        """The URL without user, password and the values of its query."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        query = "&".join(
            f"{name}=…" if equals else name
            for name, equals, _ in (pair.partition("=") for pair in parts.query.split("&"))
        )
        query = query if parts.query else ""
        if self.app:
            return self.app + urlunsplit(("", "", parts.path, query, ""))
        return urlunsplit((parts.scheme, host, parts.path, query, ""))

    @property
    def secret_headers(self) -> Headers:
        """All headers that are sent in addition to those of the delivery."""
        user = urlsplit(self.url).netloc.rpartition("@")[0]
        pair = self.basic_auth if self.basic_auth is not None else unquote(user) if user else None
        if pair is None or any(name.lower() == "authorization" for name, _ in self.headers):
            return self.headers
        return (*self.headers, ("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no report may show: header values, users, passwords, query values."""
        found = [value for _, value in self.secret_headers]
        found += [value.partition(" ")[2] for value in found]
        raw = [value for _, value in _parameters(self.url)]
        raw += [
            text for url in (self.url, self.proxy or "") for text in _of_pair(urlsplit(url).netloc.rpartition("@")[0])
        ]
        raw += _of_pair(self.basic_auth or "")
        return tuple(filter(None, [*found, *raw, *map(unquote, raw)]))

    @property
    def credentials(self) -> dict[str, tuple[str, ...]]:
        """Credentials by name; headers that prove nothing are left out."""
        found: dict[str, tuple[str, ...]] = {
            Text("actual.secret-header", name=name): (value, value.partition(" ")[2])
            for name, value in self.secret_headers
            if is_secret_header(name)
        }
        password = urlsplit(self.url).password or ""
        if own := tuple(filter(None, ((self.basic_auth or "").partition(":")[2], password, unquote(password)))):
            found[Text("actual.secret-password")] = own
        for name, value in _parameters(self.url):
            if is_secret_parameter(name):
                found[Text("actual.secret-parameter", name=name)] = (value, unquote(value))
        return found


def _parameters(url: str) -> list[tuple[str, str]]:
    """Return names and values of a URL's query, the values unescaped."""
    pairs = (pair.partition("=") for pair in urlsplit(url).query.split("&"))
    return [(unquote(name), value) for name, _, value in pairs]


def _of_pair(pair: str) -> list[str]:
    """Return the secret parts of `user:password`.

    With a very short password, the user is a token by convention.
    """
    user, _, password = pair.partition(":")
    return [pair, password, *([user] if len(password) < _SHORTEST_PASSWORD else [])]
