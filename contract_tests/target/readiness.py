"""Readiness probe: checks that a URL gives any HTTP response, or that a host and port accept a connection."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from callback_contract.openapi.documents.deadline import bounded, bounded_tls, connected, within
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Place"]

_TRY_S = 2.0


@dataclass(frozen=True)
class Place:
    """The place at which a receiver responds when it is ready.

    Attributes:
        target: Path and query of an HTTP request; None when an accepted connection is enough.
    """

    host: str
    port: int
    target: str | None = None
    tls: bool = False

    @classmethod
    def of(cls, text: str, option: str) -> Place:
        """Parse a URL, or `HOST:PORT`.

        Raises:
            KitError: It is neither.
        """
        is_url = "://" in text
        try:
            parts = urlsplit(text if is_url else f"//{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if is_url and host and parts.scheme in {"http", "https"}:
            tls = parts.scheme == "https"
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            return cls(host, port or (443 if tls else 80), target, tls)
        if not is_url and host and port:
            return cls(host, port)
        raise KitError(Text("error-receiver.no-place"), where=option, remedy=Text("error-receiver.write-place"))

    @classmethod
    def below(cls, url: str) -> Place:
        """Return the host and port of a URL."""
        place = cls.of(url, "URL")
        return cls(place.host, place.port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.target is None:
            return f"{host}:{self.port}"
        # Without its query, which may have a secret.
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.target.partition('?')[0]}"

    def answers(self) -> bool:
        """Return whether the place responds now, whatever the status and certificate."""
        try:
            with within(_TRY_S):
                if self.target is None:
                    connected(self.host, self.port).close()
                else:
                    self._ask(self.target)
        except (OSError, http.client.HTTPException):
            return False
        return True

    def _ask(self, target: str) -> None:
        connection: http.client.HTTPConnection
        if self.tls:
            trusting = ssl._create_unverified_context()  # noqa: S323  # sends nothing, trusts nothing
            connection = http.client.HTTPSConnection(self.host, self.port, context=bounded_tls(trusting))
        else:
            connection = http.client.HTTPConnection(self.host, self.port)
        try:
            bounded(connection).request("GET", target, headers={"User-Agent": "callback-contract"})
            connection.getresponse()
        finally:
            connection.close()
