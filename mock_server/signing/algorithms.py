"""Decides what each algorithm of a signature scheme computes; ed25519 is imported only where it is used."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from callback_contract.openapi.text.errors import KitError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["SIGNATURE_BYTES", "digest", "lookalike", "require", "unfit"]

SIGNATURE_BYTES = {"hmac-sha1": 20, "hmac-sha256": 32, "hmac-sha512": 64, "ed25519": 64}


def digest(algorithm: str, key: bytes, content: bytes) -> bytes:
    """The signature's bytes; for ed25519 as well they follow from key and content alone (RFC 8032 §5.1.6)."""
    if algorithm == "ed25519":
        return _private(key).sign(content)
    return hmac.digest(key, content, algorithm.removeprefix("hmac-"))


def lookalike(algorithm: str, key: bytes, content: bytes) -> tuple[str, bytes]:
    """Name and signature of an algorithm that an attacker would like a receiver to take instead.

    For HMAC another hash under the same key; for ed25519 an HMAC keyed with what everybody knows, the public key.
    """
    if algorithm == "ed25519":
        return "sha512", hmac.digest(_private(key).public_key().public_bytes_raw(), content, "sha512")
    name = "sha256" if algorithm == "hmac-sha1" else "sha1"
    return name, hmac.digest(key, content, name)


def require(algorithm: str) -> None:
    """Makes sure that an algorithm can be computed here.

    Raises:
        KitError: ed25519 without the package cryptography.
    """
    if algorithm != "ed25519":
        return
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401  # only whether it is there
    except ImportError:
        raise KitError(
            "the package cryptography is not installed",
            where="algorithm ed25519",
            remedy="Run `python -m pip install cryptography`.",
        ) from None


def unfit(algorithm: str, key: bytes) -> str:
    """Says why a key cannot serve an algorithm; empty when it can."""
    if algorithm != "ed25519":
        return ""
    if len(key) not in {32, 64}:
        return f"a private key of ed25519 has 32 bytes (or 64 with its public key), and this one has {len(key)}"
    if len(key) == 64 and _private(key).public_key().public_bytes_raw() != key[32:]:
        return "the second half of the key is not the public key of the first"
    return ""


def _private(key: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key[:32])
