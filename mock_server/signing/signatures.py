"""Signature headers: sign a delivery, and verify that a received signature is right, fresh and complete."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from callback_contract.mock_server.signing import algorithms
from callback_contract.mock_server.signing.keys import Keys
from callback_contract.mock_server.signing.scheme import Scheme, split
from callback_contract.mock_server.wire.delivery import Headers, header_value

__all__ = ["Parts", "content", "decoded", "encoded", "parts_of", "rendered", "sign", "ticks", "verify"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = {"s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)}


@dataclass(frozen=True, slots=True)
class Parts:
    """The values in the headers of a signed delivery; None for an absent one.

    Attributes:
        signatures: Without prefix, still encoded; empty leaves out the whole signature header.
    """

    signatures: tuple[str, ...]
    timestamp: str | None = None
    message_id: str | None = None


def sign(
    scheme: Scheme,
    keys: Keys,
    *,
    body: bytes,
    method: str,
    path: str,
    message_id: str,
    at: datetime,
    key: int | Sequence[int] = 0,
) -> Headers:
    """Return the headers that sign the final bytes of a delivery.

    Args:
        path: The request target as it is sent, with its query.
        message_id: Id of the event, equal in redeliveries; not sent by a scheme without `id_header`.
        at: The time of signing, with its zone.
        key: Index into `scheme.key_env`; several of them put several signatures into the header, in that order.

    Raises:
        ValueError: The id does not fit into a header, or the scheme has no separator for several signatures.
    """
    if scheme.id_header and not re.fullmatch(r"[!-~]+", message_id):
        raise ValueError("the id of a delivery is not printable ASCII without spaces")
    chosen = (key,) if isinstance(key, int) else tuple(key)
    if len(chosen) > 1 and not scheme.separator:
        raise ValueError(f"the scheme {scheme.name} has no separator for several signatures")
    timestamp = ticks(scheme, at)
    signed = content(scheme, body=body, method=method, path=path, message_id=message_id, timestamp=timestamp)
    signatures = [encoded(scheme, algorithms.digest(scheme.algorithm, keys.values[index], signed)) for index in chosen]
    return rendered(scheme, Parts(tuple(signatures), timestamp, message_id))


def verify(scheme: Scheme, keys: Keys, *, headers: Headers, body: bytes, method: str, path: str, now: datetime) -> str:
    """Return the flaw of a received signature; empty when there is none.

    Any of the keys is accepted. The reason names a header and repeats no received value.

    Args:
        headers: As received, their bytes decoded as latin-1.
        path: The request target as received, with its query.
        now: The receiver's time, with its zone.
    """
    for name, needed in ((scheme.id_header, scheme.identified), (scheme.timestamp_header, scheme.timed)):
        if name and needed and (lacking := _lacking(headers, name)):
            return lacking
    if lacking := _lacking(headers, scheme.header):
        return lacking
    parts = parts_of(scheme, headers)
    size = algorithms.SIGNATURE_BYTES[scheme.algorithm]
    received = [value for value in (decoded(scheme, text) for text in parts.signatures) if len(value) == size]
    if not received:
        return f"{scheme.header} is malformed"
    timestamp = parts.timestamp or ""
    # `isdigit` and `int` also accept digits of other scripts, and `int` any number of them.
    if scheme.timed and not re.fullmatch(r"[0-9]{1,16}", timestamp):
        return f"{scheme.timestamp_header or scheme.header} is malformed"
    signed = content(
        scheme, body=body, method=method, path=path, message_id=parts.message_id or "", timestamp=timestamp
    )
    right = False
    for key in keys.values:
        expected = algorithms.digest(scheme.algorithm, key, signed)
        for value in received:
            # No early return: the duration must not reveal which key or signature was right.
            right |= hmac.compare_digest(expected, value)
    if not right:
        return f"{scheme.header} is wrong"
    return _untimely(scheme, timestamp, now) if scheme.timed else ""


def ticks(scheme: Scheme, at: datetime) -> str:
    """Return a time as the scheme writes it, rounded down.

    It is in whole seconds or milliseconds since 1970.
    """
    return str((at - _EPOCH) // _TICK[scheme.timestamp_unit])


def content(scheme: Scheme, *, body: bytes, method: str, path: str, message_id: str, timestamp: str) -> bytes:
    """Return the bytes that are signed."""
    values = {
        "body": body,
        "method": method.encode("latin-1", "replace"),
        "path": path.encode("latin-1", "replace"),
        "id": message_id.encode("latin-1", "replace"),
        "timestamp": timestamp.encode("latin-1", "replace"),
    }
    return b"".join(values[part] if place % 2 else part.encode() for place, part in enumerate(split(scheme.signed)))


def encoded(scheme: Scheme, signature: bytes) -> str:
    """Return a signature as the scheme writes it."""
    return signature.hex() if scheme.encoding == "hex" else base64.b64encode(signature).decode("ascii")


def parts_of(scheme: Scheme, headers: Headers) -> Parts:
    """Read the headers; parts of the signature header by other schemes are ignored."""
    text = header_value(headers, scheme.header)
    found: dict[str, list[str]] = {"signature": [], "timestamp": []}
    if text is not None:
        for part in text.strip().split(scheme.separator) if scheme.separator else [text.strip()]:
            for before, name in scheme.pieces:
                if part.strip().startswith(before):
                    found[name].append(part.strip()[len(before) :])
                    break
    timestamp = header_value(headers, scheme.timestamp_header) if scheme.timestamp_header else None
    message_id = header_value(headers, scheme.id_header) if scheme.id_header else None
    if timestamp is None and found["timestamp"]:
        timestamp = found["timestamp"][0]
    return Parts(
        tuple(found["signature"]),
        None if timestamp is None else timestamp.strip(),
        None if message_id is None else message_id.strip(),
    )


def rendered(scheme: Scheme, parts: Parts, mark: str | None = None) -> Headers:
    """Write the headers; `mark` replaces the scheme's text before each signature."""
    headers: list[tuple[str, str]] = []
    if scheme.id_header and parts.message_id is not None:
        headers.append((scheme.id_header, parts.message_id))
    if scheme.timestamp_header and parts.timestamp is not None:
        headers.append((scheme.timestamp_header, parts.timestamp))
    if parts.signatures:
        written: list[str] = []
        for before, name in scheme.pieces:
            if name == "signature":
                written += [(before if mark is None else mark) + signature for signature in parts.signatures]
            elif parts.timestamp is not None:
                written.append(before + parts.timestamp)
        headers.append((scheme.header, scheme.separator.join(written)))
    return tuple(headers)


def _lacking(headers: Headers, name: str) -> str:
    count = sum(key.lower() == name.lower() for key, _ in headers)
    if count == 1:
        return ""
    # Programs read two lines of one name differently: an attacker must not choose the effective one.
    return f"{name} is missing" if count == 0 else f"{name} is malformed: it stands {count} times"


def decoded(scheme: Scheme, text: str) -> bytes:
    """Return a received signature's bytes; empty where its encoding is wrong."""
    try:
        return binascii.unhexlify(text) if scheme.encoding == "hex" else base64.b64decode(text, validate=True)
    except ValueError:  # also raised for a text outside of ASCII
        return b""


def _untimely(scheme: Scheme, timestamp: str, now: datetime) -> str:
    age_s = (now - _EPOCH).total_seconds() - int(timestamp) * _TICK[scheme.timestamp_unit].total_seconds()
    where = scheme.timestamp_header or scheme.header
    if age_s > scheme.tolerance_s:
        return f"{where} is stale"
    return f"{where} is from the future" if age_s < -scheme.tolerance_s else ""
