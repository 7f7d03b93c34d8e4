"""Signer of deliveries: signs the final bytes when they are sent, and refuses what its scheme cannot sign."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from callback_contract.mock_server.signing.keys import Keys, load_keys
from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.mock_server.signing.scheme_file import load_scheme
from callback_contract.mock_server.signing.seals import sealed
from callback_contract.mock_server.signing.signatures import written
from callback_contract.mock_server.wire.delivery import Delivery, Headers
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.text.message import Text, both_of, in_detail

__all__ = ["DeliverySigner", "lacking_signature", "signature_from"]


@dataclass(frozen=True)
class DeliverySigner:
    """A scheme and its keys as a `sender.Signer`.

    Attributes:
        named: The preset or file that the user named, for a command that repeats a run.
    """

    scheme: Scheme
    keys: Keys
    named: str = ""

    def __call__(self, delivery: Delivery, url: str) -> tuple[Headers, bytes]:
        """Return the headers that sign a delivery, and its body, which may hold a signature."""
        return written(self.scheme, self.seal(delivery, url), delivery.body)

    def seal(self, delivery: Delivery, url: str) -> Headers:
        """Return what signs a delivery, for `Delivery.signature`."""
        return sealed(self.scheme, self.keys, delivery, url, datetime.now(UTC))

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


def lacking_signature(callback: Callback, scheme: Scheme | None, given: Collection[str] = ()) -> Text | None:
    """Why a callback cannot be delivered as contract and scheme require, with what mends it; None when it can.

    Args:
        given: Names of headers that the user gives by hand, in lower case; what they hold is the user's matter.
    """
    if scheme is not None and (unfit := scheme.unfit(callback)):
        return in_detail(unfit, Text("reason.give-signature-for-that"))
    signed = [header.name for header in callback.headers if header.required and header.signature]
    required = [name for name in signed if name.lower() not in given]
    if not required:
        return None
    names = both_of(required)
    if scheme is None:
        unsigned = Text("reason.needs-signature-in", callback=callback.name, names=names)
        return in_detail(unsigned, Text("reason.give-signature"))
    made = {name.lower() for name in scheme.headers}
    if all(name.lower() in made for name in required):
        return None
    elsewhere = Text(
        "reason.signs-elsewhere", callback=callback.name, names=names, scheme=scheme.name, header=scheme.place
    )
    return in_detail(elsewhere, Text("reason.give-other-signature"))
