"""Signature requirement: rejects unsigned sending of a callback that the contract requires to be signed."""

from __future__ import annotations

from collections.abc import Collection

from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.openapi.contract.model import Callback

__all__ = ["lacking_signature"]


def lacking_signature(callback: Callback, scheme: Scheme | None, given: Collection[str] = ()) -> str:
    """Return why a callback cannot be sent unsigned, with a remedy; else "".

    Args:
        given: Names of headers that the user gives by hand, in lower case; their values are not checked.
    """
    signed = [header.name for header in callback.headers if header.required and header.signature]
    required = [name for name in signed if name.lower() not in given]
    if not required:
        return ""
    names = " and ".join(required)
    if scheme is None:
        return f"{callback.name} requires a signature in {names}: give --signature SCHEME, and its keys by environment"
    made = {name.lower() for name in scheme.headers}
    if all(name.lower() in made for name in required):
        return ""
    return (
        f"{callback.name} requires a signature in {names}, and the scheme {scheme.name} signs in {scheme.header}: "
        "give --signature a scheme with that header"
    )
