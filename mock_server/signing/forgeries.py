"""Forgeries of signatures: each kind makes a signature that a correct receiver rejects."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import datetime, timedelta

from callback_contract.mock_server.signing import algorithms, jwt
from callback_contract.mock_server.signing.content import Signed, content
from callback_contract.mock_server.signing.keys import Keys
from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.mock_server.signing.signatures import Parts, encoded, parts_of, rendered, signature, ticks
from callback_contract.mock_server.wire.delivery import Headers

__all__ = ["KINDS", "foreign_key", "forged", "has_kind"]

KINDS = (
    "missing",
    "unsecured",
    "missing-timestamp",
    "missing-id",
    "empty",
    "truncated",
    "non-ascii",
    "wrong",
    "other-prefix",
    "other-algorithm",
    "other-id",
    "redated",
    "unreadable-timestamp",
    "stale",
    "future",
)
"""Kinds of forgery; `openapi/messages/seal.yaml` describes each."""

# A constant, unrelated to real keys: a signature with it gives no hint of them.
_FOREIGN_KEY = hashlib.sha256(b"a key that nobody has configured").digest()
_MARGIN = timedelta(seconds=60)


def foreign_key(scheme: Scheme) -> bytes:
    """Return a key that nobody has; a text where the key itself is sent, or read by a plugin."""
    return _FOREIGN_KEY.hex().encode() if scheme.algorithm in {"token", ""} else _FOREIGN_KEY


def has_kind(scheme: Scheme, kind: str) -> bool:
    """Return whether a scheme has a kind of forgery."""
    match kind:
        case "missing-timestamp" | "redated" | "unreadable-timestamp":
            return scheme.timed
        case "stale":
            return scheme.timed and "past" in scheme.tolerance_towards
        case "future":
            return scheme.timed and "future" in scheme.tolerance_towards
        case "missing-id" | "other-id":
            return scheme.identified
        case "unsecured":
            return bool(scheme.claims)
        case "other-algorithm":
            return scheme.algorithm not in {"token", ""}
        case "other-prefix":
            return bool(scheme.mark)
    return True


def forged(
    scheme: Scheme,
    keys: Keys,
    places: Headers,
    kind: str,
    *,
    body: bytes,
    method: str,
    url: str,
    at: datetime,
) -> Headers | None:
    """Forge the signature of a delivery; None where the scheme has no such kind.

    Args:
        places: What signs the delivery, and other headers; those are kept.
        kind: One of `KINDS`.
        body: The final bytes, as for `sign`; method and URL, too.
        at: The time of sending; stale and future differ from it by twice the tolerance and a minute.

    Raises:
        KeyError: There is no such kind.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    if not has_kind(scheme, kind):
        return None
    parts = parts_of(scheme, places)
    signed = Signed(method, url, body, parts.message_id or "", parts.timestamp or "")
    changed = _remade(scheme, keys, parts, kind, signed, at) or _altered(scheme, parts, kind)
    own = {name.lower() for name in (*scheme.headers, *scheme.members)}
    return (*(place for place in places if place[0].lower() not in own), *changed)


def _remade(scheme: Scheme, keys: Keys, parts: Parts, kind: str, signed: Signed, at: datetime) -> Headers:
    """Return the forgeries that are signatures themselves; empty for the others."""
    if kind == "wrong":
        return rendered(scheme, replace(parts, signatures=(signature(scheme, foreign_key(scheme), signed),)))
    if kind == "other-algorithm":
        return _by_lookalike(scheme, keys.values[0], parts, signed)
    if kind in {"stale", "future"}:
        away = timedelta(seconds=2 * scheme.tolerance_s) + _MARGIN
        moment = ticks(scheme, at - away if kind == "stale" else at + away)
        made = signature(scheme, keys.values[0], replace(signed, timestamp=moment))
        return rendered(scheme, replace(parts, signatures=(made,), timestamp=moment))
    return ()


def _by_lookalike(scheme: Scheme, key: bytes, parts: Parts, signed: Signed) -> Headers:
    if scheme.claims:
        other = "hmac-sha512" if scheme.algorithm == "hmac-sha256" else "hmac-sha256"
        other_key = algorithms.public_key(key) if scheme.algorithm == "ed25519" else key
        made = signature(replace(scheme, algorithm=other), other_key, signed)
        return rendered(scheme, replace(parts, signatures=(made,)))
    name, digest = algorithms.lookalike(scheme.algorithm, key, content(scheme, signed))
    mark = scheme.mark.replace(scheme.algorithm.removeprefix("hmac-"), name)
    return rendered(scheme, replace(parts, signatures=(encoded(scheme, digest),)), mark)


def _altered(scheme: Scheme, parts: Parts, kind: str) -> Headers:
    """Return the forgeries that need no key."""
    first = parts.signatures[0]
    match kind:
        case "missing":
            parts = replace(parts, signatures=())
        case "missing-timestamp":
            parts = replace(parts, timestamp=None)
        case "missing-id":
            parts = replace(parts, message_id=None)
        case "empty":
            return (*rendered(scheme, replace(parts, signatures=())), (scheme.place, ""))
        case "truncated":
            # Whole groups of base64 and hex, so that it decodes: this detects a comparison of mere beginnings.
            parts = replace(parts, signatures=(first[: len(first) // 2 // 4 * 4],))
        case "non-ascii":
            parts = replace(parts, signatures=("é" + first[1:],))
        case "other-prefix":
            # An older version number where there is one (`v0=`), as in a downgrade.
            older = re.sub(r"[0-9]+", "0", scheme.mark)
            return rendered(scheme, parts, older if older != scheme.mark else "x" + scheme.mark)
        case "other-id":
            parts = replace(parts, message_id=f"{parts.message_id}0")
        case "redated":
            # One second: still fresh, so that only the signature differs.
            step = 1 if scheme.timestamp_unit == "s" else 1000
            parts = replace(parts, timestamp=str(int(parts.timestamp or "0") - step))
        case "unreadable-timestamp":
            parts = replace(parts, timestamp="yesterday")
    if scheme.claims and parts.signatures == (first,):
        parts = replace(parts, signatures=(_reclaimed(scheme, first, parts, is_signed=kind != "unsecured"),))
    return rendered(scheme, parts)


def _reclaimed(scheme: Scheme, text: str, parts: Parts, *, is_signed: bool) -> str:
    """Return a token with the time and the id of the parts, under its old signature or under none."""
    told = jwt.opened(text)
    assert told is not None  # it is our own
    claims = dict(told.claims)
    for placeholder, value in (("timestamp", parts.timestamp), ("id", parts.message_id)):
        if name := scheme.claim_of(placeholder):
            claims.pop(name, None)
            if value is not None:
                claims[name] = int(value) if placeholder == "timestamp" and value.isdecimal() else value
    payload = jwt.payload(told.algorithm if is_signed else "none", claims)
    return jwt.token(payload, told.signature if is_signed else b"")
