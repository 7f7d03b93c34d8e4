"""Delivery signer: signs the final bytes of a delivery at the time of sending, by the delivery's `seal`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from callback_contract.mock_server.signing.keys import Keys, load_keys
from callback_contract.mock_server.signing.scheme import Scheme, load_scheme
from callback_contract.mock_server.signing.seals import sealed
from callback_contract.mock_server.wire.delivery import Delivery, Headers

__all__ = ["DeliverySigner", "signature_from"]


@dataclass(frozen=True)
class DeliverySigner:
    """A scheme and its keys as a `sender.Signer`.

    Attributes:
        named: The preset or file that the user named, for a command that repeats a run.
    """

    scheme: Scheme
    keys: Keys
    named: str = ""

    def __call__(self, delivery: Delivery, target: str) -> Headers:
        return sealed(self.scheme, self.keys, delivery, target, datetime.now(UTC))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys in every spelling that must not appear in a report."""
        return tuple(self.keys.secrets)


def signature_from(name: str, environ: Mapping[str, str]) -> tuple[Scheme, Keys]:
    """Load a scheme by preset or file, and its keys from the environment.

    Raises:
        KitError: There is no such scheme, or a key is not set.
    """
    scheme = load_scheme(name)
    return scheme, load_keys(scheme, environ)
