"""Signed content: what a signature is made of, by the template of its scheme."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import parse_qsl

from callback_contract.mock_server.signing.members import member_text
from callback_contract.mock_server.signing.scheme import Scheme, split

__all__ = ["Signed", "content", "filled"]


@dataclass(frozen=True, slots=True)
class Signed:
    """A delivery as its signature sees it.

    Attributes:
        url: The whole URL that it is sent to.
        message_id: Id of the event; empty without one.
        timestamp: The time of signing, as the scheme writes it; empty without one.
    """

    method: str
    url: str
    body: bytes
    message_id: str = ""
    timestamp: str = ""

    @property
    def path(self) -> str:
        """The request target: path and query."""
        return "/" + self.url.partition("://")[2].partition("/")[2]


def content(scheme: Scheme, signed: Signed) -> bytes:
    """Return the bytes that are signed."""
    return filled(scheme, scheme.signed, signed)


def filled(scheme: Scheme, template: str, signed: Signed) -> bytes:
    """Fill a template.

    Its placeholders are {body}, {body_sha256} (in hex), {form} (names and values of a form's fields, sorted),
    {method}, {url}, {path} (with its query), {id}, {timestamp}, {expires} (time and tolerance) and {/a/member}.
    """
    return b"".join(
        _value(scheme, part, signed) if place % 2 else part.encode() for place, part in enumerate(split(template))
    )


def _value(scheme: Scheme, name: str, signed: Signed) -> bytes:
    match name:
        case "body":
            return signed.body
        case "body_sha256":
            return hashlib.sha256(signed.body).hexdigest().encode()
        case "form":
            fields = parse_qsl(signed.body.decode("utf-8", "replace"), keep_blank_values=True)
            return "".join(name + value for name, value in sorted(set(fields))).encode()
        case "expires":
            ticks = scheme.tolerance_s * (1000 if scheme.timestamp_unit == "ms" else 1)
            return str(int(signed.timestamp or "0") + int(ticks)).encode()
        case _ if name.startswith("/"):
            return (member_text(signed.body, name) or "").encode("utf-8", "surrogatepass")
    texts = {
        "method": signed.method,
        "url": signed.url,
        "path": signed.path,
        "id": signed.message_id,
        "timestamp": signed.timestamp,
    }
    return texts[name].encode("latin-1", "replace")
