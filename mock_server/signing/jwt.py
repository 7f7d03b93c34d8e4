"""JSON Web Tokens as signatures (RFC 7519, RFC 7515): claims by template, written and read in the compact form."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

from callback_contract.mock_server.signing.content import Signed, filled
from callback_contract.mock_server.signing.scheme import Scheme

__all__ = ["ALGORITHMS", "Token", "claims_of", "opened", "payload", "token"]

ALGORITHMS = {"hmac-sha256": "HS256", "hmac-sha512": "HS512", "ed25519": "EdDSA"}
"""Names of the algorithms in a token's header (RFC 7518 section 3.1, RFC 8037 section 3.1)."""

_NUMBERS = {"{timestamp}", "{expires}"}  # NumericDate (RFC 7519 section 2)


class Token(NamedTuple):
    """A token that was read.

    Attributes:
        signed: The bytes that its signature is made of.
        claims: As they came.
    """

    algorithm: str
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def claims_of(scheme: Scheme, signed: Signed) -> dict[str, Any]:
    """Return the claims of a delivery."""
    made = {name: (template, filled(scheme, template, signed).decode()) for name, template in scheme.claims}
    return {
        name: int(text) if template in _NUMBERS and text.isdecimal() else text
        for name, (template, text) in made.items()
        if text or template not in _NUMBERS
    }


def payload(algorithm: str, claims: dict[str, Any]) -> bytes:
    """Return the bytes that a token's signature is made of."""
    return b".".join(_encoded(_json(part)) for part in ({"alg": algorithm, "typ": "JWT"}, claims))


def token(signed: bytes, signature: bytes) -> str:
    """Return the compact form."""
    return (signed + b"." + _encoded(signature)).decode()


def opened(text: str) -> Token | None:
    """Read a token, and verify nothing; None where it is none."""
    try:
        head, body, signature = text.encode("ascii").split(b".")
        header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        if not isinstance(header, dict) or not isinstance(claims, dict):
            return None
        return Token(str(header.get("alg")), claims, head + b"." + body, _decoded(signature))
    except (ValueError, RecursionError):
        return None


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def _decoded(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
