"""Seals of a delivery: sign it correctly, forge its signature, or spell a correct one differently."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from callback_contract.mock_server.signing.content import Signed
from callback_contract.mock_server.signing.forgeries import KINDS, foreign_key, forged, has_kind
from callback_contract.mock_server.signing.keys import Keys
from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.mock_server.signing.signatures import parts_of, sign, signature
from callback_contract.mock_server.wire.delivery import Delivery, Headers, header_value
from callback_contract.mock_server.wire.identity import MARK

__all__ = ["SPELLINGS", "has_meaning", "sealed"]

SPELLINGS = (
    "names-lower",
    "names-upper",
    "wrong-first",
    "wrong-last",
    "version-last",
    "second-key",
)
"""Correct spellings; `openapi/messages/seal.yaml` describes each."""


def has_meaning(scheme: Scheme, kind: str) -> bool:
    """Return whether a scheme has a kind, one of `KINDS` or `SPELLINGS`."""
    if kind in KINDS:
        return has_kind(scheme, kind)
    if kind == "second-key":
        return len(scheme.key_env) > 1
    if kind == "version-last":
        return bool(scheme.separator) and _other_version(scheme) != scheme.mark
    return bool(scheme.separator if kind in {"wrong-first", "wrong-last"} else scheme.headers)


def sealed(scheme: Scheme, keys: Keys, delivery: Delivery, url: str, at: datetime) -> Headers:
    """Return the places that sign a delivery by its `seal`.

    Raises:
        ValueError: The scheme has no such kind; see `has_meaning`.
        KeyError: There is no such kind.
    """

    def signed(key: int = 0) -> Headers:
        # A body that nobody stamped is the same event whenever it is sent again.
        identity = delivery.event_id or MARK + hashlib.sha256(delivery.body).hexdigest()[:24]
        return sign(
            scheme, keys, body=delivery.content, method=delivery.method, url=url, message_id=identity, at=at, key=key
        )

    kind = delivery.seal
    if kind and kind not in KINDS and kind not in SPELLINGS:
        raise KeyError(kind)
    if kind and not has_meaning(scheme, kind):
        raise ValueError(f"the scheme {scheme.name} cannot be sealed with {kind!r}")
    if kind == "second-key":
        return signed(1)
    right = signed() if delivery.signature is None else delivery.signature
    if kind in KINDS:
        made = forged(scheme, keys, right, kind, body=delivery.content, method=delivery.method, url=url, at=at)
        assert made is not None  # by `has_meaning`
        return made
    return _respelt(scheme, right, kind, delivery, url) if kind else right


def _respelt(scheme: Scheme, places: Headers, kind: str, delivery: Delivery, url: str) -> Headers:
    if kind in {"names-lower", "names-upper"}:
        change = str.lower if kind == "names-lower" else str.upper
        return tuple((name if name.startswith("/") else change(name), value) for name, value in places)
    parts = parts_of(scheme, places)
    told = Signed(delivery.method, url, delivery.content, parts.message_id or "", parts.timestamp or "")
    other = signature(scheme, foreign_key(scheme), told)
    value = header_value(places, scheme.place) or ""
    at = value.index(scheme.mark + parts.signatures[0])
    if kind == "wrong-first":
        value = value[:at] + scheme.mark + other + scheme.separator + value[at:]
    else:
        mark = scheme.mark if kind == "wrong-last" else _other_version(scheme)
        value += scheme.separator + mark + other
    return tuple((name, value if name == scheme.place else text) for name, text in places)


def _other_version(scheme: Scheme) -> str:
    return re.sub(r"[0-9]+", "99", scheme.mark)
