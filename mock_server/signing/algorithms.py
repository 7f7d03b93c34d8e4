"""Signature algorithms: compute HMAC and ed25519 signatures; ed25519 is imported only where it is used.

A token is its own signature: the key itself, whatever is sent.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["SIGNATURE_BYTES", "digest", "lookalike", "public_key", "require", "unfit"]

SIGNATURE_BYTES = {"hmac-sha1": 20, "hmac-sha256": 32, "hmac-sha512": 64, "ed25519": 64}


def digest(algorithm: str, key: bytes, content: bytes) -> bytes:
    """Return the signature's bytes, determined by key and content alone.

    This is true for ed25519, too (RFC 8032, section 5.1.6).
    """
    if algorithm == "ed25519":
        return _private(key).sign(content)
    if algorithm == "token":
        return key
    return hmac.digest(key, content, algorithm.removeprefix("hmac-"))


def lookalike(algorithm: str, key: bytes, content: bytes) -> tuple[str, bytes]:
    """Return name and signature of the algorithm of a downgrade attack.

    For HMAC it is another hash with the same key; for ed25519 an HMAC with the public key, which is known to all.
    """
    if algorithm == "ed25519":
        return "sha512", hmac.digest(public_key(key), content, "sha512")
    name = "sha256" if algorithm == "hmac-sha1" else "sha1"
    return name, hmac.digest(key, content, name)


def require(algorithm: str) -> None:
    """Check that an algorithm can be computed here.

    Raises:
        KitError: ed25519 without the package cryptography.
    """
    if algorithm != "ed25519":
        return
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401  # only to check that it is installed
    except ImportError:
        raise KitError(
            Text("error-mock.no-cryptography"),
            where=Text("error-signing.algorithm"),
            remedy=Text("error-signing.install-cryptography"),
        ) from None


def unfit(algorithm: str, key: bytes) -> str:
    """Return why a key does not fit an algorithm; empty when it does."""
    if algorithm == "token" and not re.fullmatch(rb"[!-~]+", key):
        return "a token in a header is printable ASCII without spaces"
    if algorithm != "ed25519":
        return ""
    if len(key) not in {32, 64}:
        return f"a private key of ed25519 has 32 bytes (or 64 with its public key), and this one has {len(key)}"
    if len(key) == 64 and public_key(key) != key[32:]:
        return "the second half of the key is not the public key of the first"
    return ""


def public_key(key: bytes) -> bytes:
    """Return the public key of a private one of ed25519."""
    return _private(key).public_key().public_bytes_raw()


def _private(key: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key[:32])
