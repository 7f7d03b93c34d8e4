"""Secret names: detects headers and query parameters that carry credentials, and masks their values.

Everything that masks uses this list: recordings, replays, reports and judgements.
A name is read as its words and as one piece: `X-Api-Key`, `apiKey`, `api_key` and `APIKEY` are the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_plus

__all__ = [
    "MASK",
    "is_secret_header",
    "is_secret_parameter",
    "is_signature_header",
    "masked_header",
    "masked_parameters",
]

MASK = "***"

_PARTS = (
    *("authorization", "authorisation", "authentication", "token", "secret", "password", "passwd", "passphrase"),
    *("cookie", "credential", "session", "oauth", "apikey", "dpop"),
)
"""A name is secret when one of these is anywhere in it."""
_WORDS = frozenset("auth xauth pass pwd jwt bearer".split())
"""Secret as a whole word; `author` is not."""
_SIGNATURE_PARTS = ("signature",)
_SIGNATURE_WORDS = frozenset("sig hmac".split())
"""A signature in a header proves one delivery; in a URL it is a key."""
_KEYS_NO_SECRET = (
    *("idempotency", "event", "message", "partition", "routing", "ordering", "sort", "object", "deduplication"),
    *("dedup", "correlation", "surrogate", "cache", "group", "public", "websocket", "mon", "tur", "don"),
)
"""Parts that make `…key` the name of something else than a secret."""

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PAIR = re.compile(r"([?&])([^&#\s]*)")
_USER = re.compile(r"://[^/?#\s@]*@")
_LONGEST_NAME = 200  # the beginning of a longer name decides


def is_secret_header(name: str) -> bool:
    """Return whether a header's value is a credential; signatures are excluded.

    See `is_signature_header`.
    """
    return _is_secret(name[:_LONGEST_NAME])


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    words, whole = _read(name)
    if whole.endswith("key") and not whole.removesuffix("key").endswith(_KEYS_NO_SECRET):
        return True
    return any(part in whole for part in _PARTS) or not _WORDS.isdisjoint(words)


def is_signature_header(name: str) -> bool:
    """Return whether a header's value is a signature of one delivery."""
    words, whole = _read(name[:_LONGEST_NAME])
    return any(part in whole for part in _SIGNATURE_PARTS) or not _SIGNATURE_WORDS.isdisjoint(words)


def is_secret_parameter(name: str) -> bool:
    """Return whether a query parameter's value is a credential or a signature."""
    return is_secret_header(name) or is_signature_header(name)


def masked_header(name: str, value: str) -> str:
    """Return a header's value with its secrets masked.

    A name makes the whole value secret; else parameters in a URL are masked.
    """
    return MASK if is_secret_header(name) else masked_parameters(value)


def masked_parameters(text: str) -> str:
    """Return a text or URL with users, passwords and secret parameters masked."""
    if "@" in text:
        text = _USER.sub(f"://{MASK}@", text)
    return _PAIR.sub(lambda found: found[1] + _masked_pair(found[2]), text) if "?" in text else text


def _masked_pair(pair: str) -> str:
    """Return `NAME=VALUE`, or several joined by `;`, masked from a secret one on."""
    done: list[str] = []
    for part in pair.split(";"):
        name, equals, value = part.partition("=")
        if value and is_secret_parameter(unquote_plus(name[: 3 * _LONGEST_NAME])):
            return ";".join([*done, f"{name}{equals}{MASK}"])
        done.append(part)
    return pair


def _read(name: str) -> tuple[list[str], str]:
    """Return the words of a name, and all of them joined, in lower case."""
    words = [word.lower() for word in _WORD.findall(name)]
    return words, "".join(words)
