"""Signing keys: load keys from the environment only, and keep them out of every output."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from callback_contract.mock_server.signing import algorithms
from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["Keys", "load_keys"]

_PREFIXES = ("whsec_", "whsk_")  # Standard Webhooks 1.0.0: a shared secret, a private key


@dataclass(frozen=True)
class Keys:
    """The keys of a scheme, in the order of its `key_env`.

    Attributes:
        names: The environment variables; its repr shows nothing else.
        secrets: Every spelling of every key that must be redacted, the longest first.
    """

    names: tuple[str, ...]
    values: tuple[bytes, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def load_keys(scheme: Scheme, environ: Mapping[str, str]) -> Keys:
    """Load the keys of a scheme from the environment; each is required.

    Raises:
        KitError: A variable is not set or not decodable, or its key does not fit the algorithm; or ed25519 is
            required without the package cryptography. Names the variable, never its value.
    """
    algorithms.require(scheme.algorithm)
    values: list[bytes] = []
    secrets: set[str] = set()
    for name in scheme.key_env:
        where = Text("error-signing.variable", name=name)
        text = environ.get(name, "")
        if not text.strip():
            raise KitError(
                Text("error-signing.no-key", scheme=scheme.name),
                where=where,
                remedy=Text("error-signing.set-key", name=name, encoding=scheme.key_encoding),
            )
        try:
            value = _decoded(text, scheme.key_encoding)
        except ValueError:
            value = b""
        if not value:
            raise _undecodable(scheme.key_encoding, where)
        if unfit := algorithms.unfit(scheme.algorithm, value):
            raise KitError(unfit, where=where, remedy=Text(f"error-signing.check-{scheme.algorithm}"))
        values.append(value)
        bare = _bare(text.strip())
        secrets |= {text, text.strip(), bare, bare.rstrip("="), value.hex(), base64.b64encode(value).decode()} - {""}
    return Keys(scheme.key_env, tuple(values), tuple(sorted(secrets, key=lambda secret: (-len(secret), secret))))


def _decoded(text: str, encoding: str) -> bytes:
    if encoding == "raw":
        if text != text.strip():
            raise ValueError
        return text.encode("utf-8", "surrogateescape")  # the exact bytes in the environment
    text = text.strip()
    if encoding == "hex":
        return binascii.unhexlify(text)
    if encoding == "whsec":
        text = _bare(text)
    text = text.rstrip("=")  # padding is often lost in a shell or a form
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _bare(text: str) -> str:
    return next((text[len(prefix) :] for prefix in _PREFIXES if text.startswith(prefix)), text)


def _undecodable(encoding: str, where: str) -> KitError:
    if encoding == "raw":
        return KitError(
            Text("error-signing.key-has-space"),
            where=where,
            remedy=Text("error-signing.remove-space"),
        )
    return KitError(
        Text("error-signing.key-encoding", encoding="base64" if encoding == "whsec" else encoding),
        where=where,
        remedy=Text("error-signing.set-key-as-shown"),
    )
