"""Decides what no report may show: secrets, what the user names by pointer, and the run's random id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from contract_tests.reporting.pointed import masked, values_at
from contract_tests.reporting.pointed_fields import field_values_at, masked_fields
from mock_server.stamping import Run
from openapi import pointer as jp
from openapi.errors import KitError

__all__ = ["Redaction", "checked_pointers"]

_SHORTEST_SECRET = 4  # replacing shorter ones would tear ordinary words apart
_SHORTEST_VALUE = 8  # what stands at a pointer is often an ordinary word, as a state is


@dataclass(frozen=True)
class Redaction:
    """Replaces each secret by `***` and the run's id by `{run}`.

    Attributes:
        pointers: JSON pointers into sent and received bodies; what stands there is a secret.
        values: What stands there in the bodies at hand, for whatever quotes it elsewhere.
    """

    secrets: tuple[str, ...]
    run_id: str
    pointers: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[str], run: Run, pointers: tuple[str, ...] = ()) -> Redaction:
        """Knows these secrets, the longest first, so that one inside another leaves no rest."""
        long_enough = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        return cls(_longest_first(long_enough), run.id, pointers)

    def knowing(self, bodies: Iterable[bytes]) -> Redaction:
        """The same, which also knows what these bodies hold at the pointers."""
        if not self.pointers:
            return self
        found = {
            value
            for body in bodies
            for reads in (values_at, field_values_at)
            for value in reads(body.decode("utf-8", "replace"), self.pointers)
            if len(value) >= _SHORTEST_VALUE
        }
        return replace(self, values=_longest_first(found))

    def text(self, value: str) -> str:
        """Redacts a text."""
        for secret in (*self.secrets, *self.values):
            value = value.replace(secret, "***")
        for pointer in self.pointers:
            # "/pointer = value" and "/pointer is one instead of another" are how the suite quotes values.
            value = re.sub(rf"({re.escape(pointer)} (?:is|=)) (?!not there).*", r"\1 ***", value)
        return value.replace(self.run_id, "{run}")

    def received(self, value: bytes) -> bytes:
        """Redacts bytes that came back."""
        value = self._masked(value)
        for secret in self.secrets:
            value = value.replace(secret.encode(), b"***")
        return value.replace(self.run_id.encode(), b"{run}")

    def sent(self, value: bytes) -> bytes:
        """Redacts bytes that were sent; a delivery's body holds no secret but what the user names by pointer."""
        return self._masked(value).replace(self.run_id.encode(), b"{run}")

    def _masked(self, value: bytes) -> bytes:
        if self.pointers:
            # Latin-1 keeps every byte, and the signs of JSON are ASCII.
            text = masked(value.decode("latin-1"), self.pointers)
            value = masked_fields(text, self.pointers).encode("latin-1")
        for known in self.values:
            value = value.replace(known.encode("utf-8", "replace"), b"***")
        return value


def checked_pointers(pointers: Iterable[str]) -> tuple[str, ...]:
    """The pointers of `--redact`, each once.

    Raises:
        KitError: One is no JSON pointer, or names a whole body.
    """
    for pointer in pointers:
        try:
            jp.tokens(pointer)
        except ValueError as error:
            raise KitError(str(error), where="--redact", remedy="Write it as in /customer/name (RFC 6901).") from None
        if not pointer:
            raise KitError("the pointer is empty", where="--redact", remedy="Write it as in /customer/name (RFC 6901).")
    return tuple(dict.fromkeys(pointers))


def _longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(secrets, key=lambda secret: (-len(secret), secret)))
