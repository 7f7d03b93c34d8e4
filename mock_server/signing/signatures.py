"""Signatures of deliveries: sign a delivery, and verify that a received signature is right, fresh and complete.

What a scheme writes is a list of places and texts; a place is the name of a header or the pointer of a member.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from callback_contract.mock_server.signing import algorithms, jwt
from callback_contract.mock_server.signing.content import Signed, content
from callback_contract.mock_server.signing.keys import Keys
from callback_contract.mock_server.signing.members import member_text, with_member
from callback_contract.mock_server.signing.plugin import signature_function
from callback_contract.mock_server.signing.scheme import Scheme
from callback_contract.mock_server.wire.delivery import Headers, header_value

__all__ = [
    "Parts",
    "decoded",
    "encoded",
    "parts_of",
    "received",
    "rendered",
    "sign",
    "signature",
    "ticks",
    "verify",
    "written",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = {"s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)}


@dataclass(frozen=True, slots=True)
class Parts:
    """The values in the places of a signed delivery; None for an absent one.

    Attributes:
        signatures: Without prefix, still encoded; empty leaves out the signature's whole place.
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
    url: str,
    message_id: str,
    at: datetime,
    key: int | Sequence[int] = 0,
) -> Headers:
    """Return the places that sign the final bytes of a delivery, each with its text.

    Args:
        url: The whole URL that it is sent to.
        message_id: Id of the event, equal in redeliveries; not sent by a scheme that has none.
        at: The time of signing, with its zone.
        key: Index into `scheme.key_env`; several of them put several signatures into one place, in that order.

    Raises:
        ValueError: The id does not fit into a header, or the scheme has no separator for several signatures.
    """
    if scheme.id_place and not re.fullmatch(r"[!-~]+", message_id):
        raise ValueError("the id of a delivery is not printable ASCII without spaces")
    chosen = (key,) if isinstance(key, int) else tuple(key)
    if len(chosen) > 1 and not scheme.separator:
        raise ValueError(f"the scheme {scheme.name} has no separator for several signatures")
    timestamp = ticks(scheme, at)
    # Id and time may be members: they are signed as they are going to stand there.
    stamps = rendered(scheme, Parts((), timestamp, message_id))
    signed = Signed(method, url, written(scheme, stamps, body)[1], message_id, timestamp)
    made = tuple(signature(scheme, keys.values[index], signed) for index in chosen)
    return rendered(scheme, Parts(made, timestamp, message_id))


def signature(scheme: Scheme, key: bytes, signed: Signed) -> str:
    """Return the signature of a delivery by a key, as the scheme writes it."""
    if scheme.plugin:
        return signature_function(scheme.plugin)(key, signed)
    if scheme.claims:
        payload = jwt.payload(jwt.ALGORITHMS[scheme.algorithm], jwt.claims_of(scheme, signed))
        return jwt.token(payload, algorithms.digest(scheme.algorithm, key, payload))
    return encoded(scheme, algorithms.digest(scheme.algorithm, key, content(scheme, signed)))


def verify(scheme: Scheme, keys: Keys, *, headers: Headers, body: bytes, method: str, url: str, now: datetime) -> str:
    """Return the flaw of a received signature; empty when there is none.

    Any of the keys is accepted. The reason names a place and repeats no received value.

    Args:
        headers: As received, their bytes decoded as latin-1.
        url: The URL at which it was received.
        now: The receiver's time, with its zone.
    """
    places = received(scheme, headers, body)
    for name, needed in ((scheme.id_place, scheme.identified), (scheme.timestamp_place, scheme.timed)):
        if name and needed and (lacking := _lacking(places, name)):
            return lacking
    if lacking := _lacking(places, scheme.place):
        return lacking
    parts = parts_of(scheme, places)
    values = [value for value in (decoded(scheme, text) for text in parts.signatures) if _is_shaped(scheme, value)]
    if not values:
        return f"{scheme.place} is malformed"
    timestamp = parts.timestamp or ""
    # `isdigit` and `int` also accept digits of other scripts, and `int` any number of them.
    if scheme.timed and not re.fullmatch(r"[0-9]{1,16}", timestamp):
        return f"{scheme.timestamp_place or scheme.place} is malformed"
    signed = Signed(method, url, body, parts.message_id or "", timestamp)
    right = False
    for key in keys.values:
        is_right = _comparison(scheme, key, signed)
        for value in values:
            # No early return: the duration must not reveal which key or signature was right.
            right |= is_right(value)
    if not right:
        return f"{scheme.place} is wrong"
    return _untimely(scheme, timestamp, now) if scheme.timed else ""


def _is_shaped(scheme: Scheme, value: bytes) -> bool:
    if scheme.claims:
        return jwt.opened(value.decode("latin-1")) is not None
    return bool(value) and len(value) == algorithms.SIGNATURE_BYTES.get(scheme.algorithm, len(value))


def _comparison(scheme: Scheme, key: bytes, signed: Signed) -> Callable[[bytes], bool]:
    """Return whether a received signature is right, as a function of it."""
    if not scheme.claims:
        return functools.partial(hmac.compare_digest, decoded(scheme, signature(scheme, key, signed)))
    wanted = jwt.claims_of(scheme, signed)

    def is_right(value: bytes) -> bool:
        told = jwt.opened(value.decode("latin-1"))
        if told is None or told.algorithm != jwt.ALGORITHMS[scheme.algorithm]:
            return False
        # The token's own bytes: a sender may spell the claims in other ways, and add more of them.
        is_signed = hmac.compare_digest(algorithms.digest(scheme.algorithm, key, told.signed), told.signature)
        return is_signed and all(told.claims.get(name) == value for name, value in wanted.items())

    return is_right


def ticks(scheme: Scheme, at: datetime) -> str:
    """Return a time as the scheme writes it, rounded down.

    It is in whole seconds or milliseconds since 1970.
    """
    return str((at - _EPOCH) // _TICK[scheme.timestamp_unit])


def encoded(scheme: Scheme, value: bytes) -> str:
    """Return a signature as the scheme writes it."""
    match scheme.encoding:
        case "hex":
            return value.hex()
        case "base64":
            return base64.b64encode(value).decode("ascii")
    return value.decode("latin-1")


def decoded(scheme: Scheme, text: str) -> bytes:
    """Return a received signature's bytes; empty where its encoding is wrong."""
    try:
        match scheme.encoding:
            case "hex":
                return binascii.unhexlify(text)
            case "base64":
                return base64.b64decode(text, validate=True)
        return text.encode("latin-1")
    except ValueError:  # also raised for a text outside of ASCII
        return b""


def received(scheme: Scheme, headers: Headers, body: bytes) -> Headers:
    """Return headers, and the scheme's members of the body under their pointers."""
    if not scheme.members:
        return headers
    told = ((pointer, member_text(body, pointer)) for pointer in scheme.members)
    return (*headers, *((pointer, text) for pointer, text in told if text is not None))


def written(scheme: Scheme, places: Headers, body: bytes) -> tuple[Headers, bytes]:
    """Return the headers among some places, and the body with the scheme's members as they say."""
    told = dict(places)
    for pointer in scheme.members:
        body = with_member(body, pointer, told.get(pointer))
    return tuple(place for place in places if not place[0].startswith("/")), body


def parts_of(scheme: Scheme, places: Headers) -> Parts:
    """Read the places; parts of the signature's one by other schemes are ignored."""
    text = header_value(places, scheme.place)
    found: dict[str, list[str]] = {"signature": [], "timestamp": []}
    if text is not None:
        for part in text.strip().split(scheme.separator) if scheme.separator else [text.strip()]:
            for before, name in scheme.pieces:
                if part.strip().startswith(before):
                    found[name].append(part.strip()[len(before) :])
                    break
    timestamp = header_value(places, scheme.timestamp_place) if scheme.timestamp_place else None
    message_id = header_value(places, scheme.id_place) if scheme.id_place else None
    if timestamp is None and found["timestamp"]:
        timestamp = found["timestamp"][0]
    parts = Parts(
        tuple(found["signature"]),
        None if timestamp is None else timestamp.strip(),
        None if message_id is None else message_id.strip(),
    )
    return _with_claims(scheme, parts) if scheme.claims and parts.signatures else parts


def _with_claims(scheme: Scheme, parts: Parts) -> Parts:
    told = jwt.opened(parts.signatures[0])
    claims = {} if told is None else {name: str(value) for name, value in told.claims.items()}
    timestamp, message_id = claims.get(scheme.claim_of("timestamp")), claims.get(scheme.claim_of("id"))
    return replace(
        parts,
        timestamp=parts.timestamp if timestamp is None else timestamp,
        message_id=parts.message_id if message_id is None else message_id,
    )


def rendered(scheme: Scheme, parts: Parts, mark: str | None = None) -> Headers:
    """Write the places; `mark` replaces the scheme's text before each signature."""
    places: list[tuple[str, str]] = []
    if scheme.id_place and parts.message_id is not None:
        places.append((scheme.id_place, parts.message_id))
    if scheme.timestamp_place and parts.timestamp is not None:
        places.append((scheme.timestamp_place, parts.timestamp))
    if parts.signatures:
        texts: list[str] = []
        for before, name in scheme.pieces:
            if name == "signature":
                texts += [(before if mark is None else mark) + made for made in parts.signatures]
            elif parts.timestamp is not None:
                texts.append(before + parts.timestamp)
        places.append((scheme.place, scheme.separator.join(texts)))
    return tuple(places)


def _lacking(places: Headers, name: str) -> str:
    count = sum(key.lower() == name.lower() for key, _ in places)
    if count == 1:
        return ""
    # Programs read two lines of one name differently: an attacker must not choose the effective one.
    return f"{name} is missing" if count == 0 else f"{name} is malformed: it stands {count} times"


def _untimely(scheme: Scheme, timestamp: str, now: datetime) -> str:
    age_s = (now - _EPOCH).total_seconds() - int(timestamp) * _TICK[scheme.timestamp_unit].total_seconds()
    where = scheme.timestamp_place or scheme.place
    if age_s > scheme.tolerance_s and "past" in scheme.tolerance_towards:
        return f"{where} is stale"
    is_ahead = age_s < -scheme.tolerance_s and "future" in scheme.tolerance_towards
    return f"{where} is from the future" if is_ahead else ""
