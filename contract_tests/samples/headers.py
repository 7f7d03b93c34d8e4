"""Headers of recordings: selects the headers to send again, without secrets and connection headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from callback_contract.mock_server.wire.delivery import Headers
from callback_contract.openapi.text.secret_names import is_secret_header, is_signature_header

__all__ = ["is_of_transport", "replayed"]

_OF_THE_CONNECTION = {
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"),
    *("host", "content-length", "content-encoding", "accept-encoding", "http2-settings", "early-data", "priority"),
    *("proxy-authenticate", "proxy-authentication-info", "max-forwards"),
}
"""Headers of the old connection, or of bytes that a recording has decoded.

Source: RFC 9110, section 7.6.1. The names in a recorded `Connection` belong to them, too.
"""

_OF_THE_WAY = re.compile(
    "(?i)x-forwarded-.*|forwarded|via|x-real-ip|x-envoy-.*|cf-.*|cdn-loop|x-amzn-.*|sec-.*|alt-used|origin|referer"
)
"""Headers that a proxy before the receiver, or a browser, added."""

_OF_THE_CASE = re.compile("(?i)if-.*|range|accept|accept-charset|accept-language|.*-method-override")
"""Headers that ask for another response than the contract's (RFC 9110, 12 to 14)."""

_OF_TRANSPORT = {
    *("content-type", "content-language", "user-agent", "date", "cache-control", "pragma", "from"),
    *("traceparent", "tracestate", "baggage"),
}
"""Headers that any HTTP client may send, and those of W3C Trace Context."""

_LONGEST = 4096
_MOST_BYTES = 8192
"""Common servers accept 8 KiB a line and 16 KiB in all, the run's own included."""

_DIGESTS = {"content-md5", "digest", "content-digest", "repr-digest"}


def is_of_transport(name: str) -> bool:
    """Return whether a header comes from HTTP itself or from the way, and none of it from the callback's design."""
    return name.lower() in _OF_THE_CONNECTION | _OF_TRANSPORT or any(
        kind.fullmatch(name) for kind in (_OF_THE_WAY, _OF_THE_CASE)
    )


def replayed(
    headers: Headers,
    *,
    without: Collection[str] = (),
    mask: Callable[[str], str] | None = None,
    fixed: Collection[str] = (),
) -> tuple[Headers, frozenset[str]]:
    """Return the headers to send again, and the lower-case names left out.

    Args:
        without: Lower-case names of headers that this run sets itself.
        mask: Masks a text; then digests of the body are left out, too, since they are invalid.
        fixed: Lower-case names of headers whose values the contract lists, so that no mask may change them.
    """
    kept, left, size = [], set(), 0
    of_the_connection = _OF_THE_CONNECTION | {
        word.strip().lower() for name, value in headers if name.lower() == "connection" for word in value.split(",")
    }
    for name, value in headers:
        lower = name.lower()
        if lower in of_the_connection or lower in without or name.startswith(":") or _OF_THE_WAY.fullmatch(name):
            continue
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or re.search(
            "[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]", value
        ):
            left.add("one that is no header")
        elif _OF_THE_CASE.fullmatch(name) or _is_secret(name) or (mask and lower in _DIGESTS):
            left.add(lower)
        elif (length := len(name) + len(value.encode()) + 4) > _LONGEST or size + length > _MOST_BYTES:
            left.add(f"{lower[:60]} (too long)")
        else:
            size += length
            is_masked = mask is not None and lower not in {"content-type", "user-agent", *fixed}
            kept.append((name, mask(value) if mask is not None and is_masked else value))
    return tuple(kept), frozenset(left)


def _is_secret(name: str) -> bool:
    """Return whether a header is a credential or a signature.

    A recorded signature is too old, and wrong for a masked body.
    """
    return is_secret_header(name) or is_signature_header(name)
