"""Decides what no report may show: secrets, and the run's random id."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from mock_server.sending import Access
from mock_server.stamping import Run

__all__ = ["Redaction"]

_SHORTEST_SECRET = 4  # replacing shorter ones would tear ordinary words apart


@dataclass(frozen=True)
class Redaction:
    """Replaces each secret by `***` and the run's id by `{run}`."""

    secrets: tuple[str, ...]
    run_id: str

    @classmethod
    def of(cls, access: Access, run: Run, more: tuple[str, ...] = ()) -> Redaction:
        """Knows the given headers' values, user and password, the values of the URL's query, and `more`."""
        parts = urlsplit(access.url)
        found = [*more, *(value for _, value in access.secret_headers)]
        found += [value.partition(" ")[2] for value in found]
        found += [value for _, value in parse_qsl(parts.query)]
        found += [part for part in (parts.password, *(access.basic_auth or "").partition(":")[2:]) if part]
        return cls(tuple(sorted({s for s in found if len(s) >= _SHORTEST_SECRET}, key=len, reverse=True)), run.id)

    def text(self, value: str) -> str:
        """Redacts a text."""
        for secret in self.secrets:
            value = value.replace(secret, "***")
        return value.replace(self.run_id, "{run}")

    def body(self, value: bytes) -> bytes:
        """Redacts bytes."""
        for secret in self.secrets:
            value = value.replace(secret.encode(), b"***")
        return value.replace(self.run_id.encode(), b"{run}")
