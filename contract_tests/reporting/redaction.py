"""Decides what no report may show: secrets, and the run's random id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mock_server.stamping import Run

__all__ = ["Redaction"]

_SHORTEST_SECRET = 4  # replacing shorter ones would tear ordinary words apart


@dataclass(frozen=True)
class Redaction:
    """Replaces each secret by `***` and the run's id by `{run}`."""

    secrets: tuple[str, ...]
    run_id: str

    @classmethod
    def of(cls, secrets: Iterable[str], run: Run) -> Redaction:
        """Knows these secrets, the longest first, so that one inside another leaves no rest."""
        long_enough = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        return cls(tuple(sorted(long_enough, key=len, reverse=True)), run.id)

    def text(self, value: str) -> str:
        """Redacts a text."""
        for secret in self.secrets:
            value = value.replace(secret, "***")
        return value.replace(self.run_id, "{run}")

    def received(self, value: bytes) -> bytes:
        """Redacts bytes that came back."""
        for secret in self.secrets:
            value = value.replace(secret.encode(), b"***")
        return self.sent(value)

    def sent(self, value: bytes) -> bytes:
        """Replaces the run's id in bytes that were sent; a delivery's body holds no secret."""
        return value.replace(self.run_id.encode(), b"{run}")
