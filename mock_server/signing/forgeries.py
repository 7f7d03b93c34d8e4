"""Forgeries of signatures: each kind makes a signature that a correct receiver rejects."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import datetime, timedelta

from callback_contract.mock_server.signing import algorithms
from callback_contract.mock_server.signing.keys import Keys
from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.mock_server.signing.signatures import Parts, content, encoded, parts_of, rendered, ticks
from callback_contract.mock_server.wire.delivery import Headers

__all__ = ["FOREIGN_KEY", "KINDS", "forged"]

KINDS = (
    "missing",
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
FOREIGN_KEY = hashlib.sha256(b"a key that nobody has configured").digest()
_MARGIN = timedelta(seconds=60)


def forged(
    scheme: Scheme,
    keys: Keys,
    headers: Headers,
    kind: str,
    *,
    body: bytes,
    method: str,
    path: str,
    at: datetime,
) -> Headers | None:
    """Forge the signature of a delivery; None where the scheme has no such kind.

    Args:
        headers: All headers of the correctly signed delivery; unrelated ones are kept.
        kind: One of `KINDS`.
        body: The final bytes, as for `sign`; method and path, too.
        at: The time of sending; stale and future differ from it by twice the tolerance and a minute.

    Raises:
        KeyError: There is no such kind.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    parts = parts_of(scheme, headers)

    def signed(timestamp: str | None) -> bytes:
        return content(
            scheme,
            body=body,
            method=method,
            path=path,
            message_id=parts.message_id or "",
            timestamp=timestamp or "",
        )

    def resigned(key: bytes, timestamp: str | None) -> Parts:
        signature = encoded(scheme, algorithms.digest(scheme.algorithm, key, signed(timestamp)))
        return replace(parts, signatures=(signature,), timestamp=timestamp)

    if kind == "wrong":
        changed: Headers | None = rendered(scheme, resigned(FOREIGN_KEY, parts.timestamp))
    elif kind == "other-algorithm":
        name, digest = algorithms.lookalike(scheme.algorithm, keys.values[0], signed(parts.timestamp))
        mark = scheme.mark.replace(scheme.algorithm.removeprefix("hmac-"), name)
        changed = rendered(scheme, replace(parts, signatures=(encoded(scheme, digest),)), mark)
    elif kind in {"stale", "future"}:
        away = timedelta(seconds=2 * scheme.tolerance_s) + _MARGIN
        moment = ticks(scheme, at - away if kind == "stale" else at + away)
        changed = rendered(scheme, resigned(keys.values[0], moment)) if scheme.timed else None
    else:
        changed = _altered(scheme, parts, kind)
    if changed is None:
        return None
    own = {name.lower() for name in scheme.headers}
    return (*(header for header in headers if header[0].lower() not in own), *changed)


def _altered(scheme: Scheme, parts: Parts, kind: str) -> Headers | None:
    """Return the forgeries that need no key."""
    if (kind in {"missing-timestamp", "redated", "unreadable-timestamp"} and not scheme.timed) or (
        kind in {"missing-id", "other-id"} and not scheme.identified
    ):
        return None
    first = parts.signatures[0]
    match kind:
        case "missing":
            parts = replace(parts, signatures=())
        case "missing-timestamp":
            parts = replace(parts, timestamp=None)
        case "missing-id":
            parts = replace(parts, message_id=None)
        case "empty":
            return (*rendered(scheme, replace(parts, signatures=())), (scheme.header, ""))
        case "truncated":
            # Whole groups of base64 and hex, so that it decodes: this detects a comparison of mere beginnings.
            parts = replace(parts, signatures=(first[: len(first) // 2 // 4 * 4],))
        case "non-ascii":
            parts = replace(parts, signatures=("é" + first[1:],))
        case "other-prefix":
            # An older version number where there is one (`v0=`), as in a downgrade.
            older = re.sub(r"[0-9]+", "0", scheme.mark)
            mark = older if older != scheme.mark else "x" + scheme.mark
            return rendered(scheme, parts, mark) if scheme.mark else None
        case "other-id":
            parts = replace(parts, message_id=f"{parts.message_id}0")
        case "redated":
            # One second: still fresh, so that only the signature differs.
            step = 1 if scheme.timestamp_unit == "s" else 1000
            parts = replace(parts, timestamp=str(int(parts.timestamp or "0") - step))
        case "unreadable-timestamp":
            parts = replace(parts, timestamp="yesterday")
    return rendered(scheme, parts)
