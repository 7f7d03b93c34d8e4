"""Request head checks: reject what RFC 9110 and RFC 9112 require a server to reject and the parser accepts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote

import httptools

from callback_contract.mock_server.receiver.receiver import Response, problem

__all__ = [
    "INCOMPLETE",
    "MOST_HEAD_BYTES",
    "TOO_LARGE",
    "TOO_SLOW",
    "head_flaw",
    "malformed",
    "path_and_target",
]

MOST_HEAD_BYTES = 64 * 1024
_MOST_FIELDS = 200
# RFC 3986 section 3.2.2; the inside of brackets is group 1
_HOST = re.compile(rb"(?:\[([^\]%]*)\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?")
_FUTURE_ADDRESS = re.compile(rb"[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+")
_CHECKED = frozenset({b"host", b"expect", b"transfer-encoding"})
_CHECKED_LENGTHS = frozenset(map(len, _CHECKED))


def malformed(detail: str) -> Response:
    """Return the rejection of a malformed HTTP/1.1 request."""
    return problem(400, "Bad Request", detail)


INCOMPLETE = malformed("The connection ended before the request did.")
TOO_SLOW = problem(408, "Request Timeout", "The request did not come to its end in time.")
TOO_LARGE = problem(
    431,
    "Request Header Fields Too Large",
    f"The head has {MOST_HEAD_BYTES} bytes and {_MOST_FIELDS} fields at most, trailers included.",
)
_NO_HOST = malformed("An HTTP/1.1 request has one Host header (RFC 9112 section 3.2).")
_TWO_HOSTS = malformed("A request has one Host header (RFC 9112 section 3.2).")
_BAD_HOST = malformed("The Host header is not a host with an optional port (RFC 9112 section 3.2).")
_OLD_CHUNKS = malformed("Transfer-Encoding does not exist in HTTP/1.0 (RFC 9112 section 6.1).")
_CODING = problem(501, "Not Implemented", "The only transfer coding understood is chunked (RFC 9112 section 6.1).")
_EXPECTATION = problem(417, "Expectation Failed", "The only expectation met is 100-continue (RFC 9110 section 10.1.1).")
_CONNECT = malformed("CONNECT asks a proxy, which this is not (RFC 9110 section 9.3.6).")
_BAD_TARGET = malformed("The request target is neither a path nor an absolute URL (RFC 9112 section 3.2).")


def head_flaw(method: bytes, version: str, url: bytes, raw_headers: Sequence[tuple[bytes, bytes]]) -> Response | None:
    """Return the rejection of a request head; None for a well-formed one.

    Args:
        version: As in `1.1`.
    """
    if version not in {"1.0", "1.1"}:
        return problem(505, "HTTP Version Not Supported", f"The request says HTTP/{version}; HTTP/1.1 is understood.")
    if len(raw_headers) > _MOST_FIELDS:
        return TOO_LARGE
    hosts = 0
    for name, value in raw_headers:
        if len(name) not in _CHECKED_LENGTHS or (name := name.lower()) not in _CHECKED:
            continue
        if name == b"host":
            hosts += 1
            if not _is_host(value):
                return _BAD_HOST
        elif version == "1.0":
            if name == b"transfer-encoding":
                return _OLD_CHUNKS
        elif name == b"expect":
            if value.strip() and value.lower() != b"100-continue":  # an empty list expects nothing
                return _EXPECTATION
        elif value.lower() != b"chunked":
            return _CODING
    if hosts != 1 and (hosts or version == "1.1"):
        return _TWO_HOSTS if hosts else _NO_HOST
    if method == b"CONNECT":
        return _CONNECT
    return None if _is_understood(url) and (url != b"*" or method == b"OPTIONS") else _BAD_TARGET


@lru_cache(maxsize=64)  # senders repeat theirs
def path_and_target(url: bytes) -> tuple[str, bytes]:
    """Return the unescaped path, and path and query as they were sent.

    For an absolute URL without a path it is `/`.

    Raises:
        httptools.HttpParserInvalidURLError: The URL is invalid.
    """
    parsed = httptools.parse_url(url)
    raw_path = parsed.path or b"/"
    path = raw_path.decode("ascii")
    _, mark, query = url.partition(b"#")[0].partition(b"?")  # the parser tells no empty query
    return unquote(path) if "%" in path else path, raw_path + mark + query


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    match = _HOST.fullmatch(value)
    if match is None or match[1] is None:
        return match is not None
    try:
        return _FUTURE_ADDRESS.fullmatch(match[1]) is not None or bool(ipaddress.IPv6Address(match[1].decode("ascii")))
    except ValueError:
        return False


def _is_understood(url: bytes) -> bool:
    try:
        path_and_target(url)
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        return False
    return True
