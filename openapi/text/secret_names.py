"""Secret names: which headers and query parameters carry what proves who sends, and the mask that takes its place.

The one list for everything that masks: what a receiver records, what is replayed, what a file may hold, what is judged.
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
"""What makes a name secret wherever it stands in it."""
_WORDS = frozenset("auth xauth pass pwd jwt bearer".split())
"""What is secret as a word of its own: `author` is not."""
_SIGNATURE_PARTS = ("signature",)
_SIGNATURE_WORDS = frozenset("sig hmac".split())
"""A signature in a header proves one delivery, which is of use to who looks for its flaw; a signed URL is a key."""
_KEYS_NO_SECRET = (
    *("idempotency", "event", "message", "partition", "routing", "ordering", "sort", "object", "deduplication"),
    *("dedup", "correlation", "surrogate", "cache", "group", "public", "websocket", "mon", "tur", "don"),
)
"""What makes `…key` a name for something else than a secret: without these every name that ends so is one."""

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PAIR = re.compile(r"([?&])([^&#\s]*)")
_USER = re.compile(r"://[^/?#\s@]*@")
_LONGEST_NAME = 200  # the beginning of a longer one decides


def is_secret_header(name: str) -> bool:
    """Whether a header's value proves who sends; no signature, see `is_signature_header`."""
    return _is_secret(name[:_LONGEST_NAME])


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    words, whole = _read(name)
    if whole.endswith("key") and not whole.removesuffix("key").endswith(_KEYS_NO_SECRET):
        return True
    return any(part in whole for part in _PARTS) or not _WORDS.isdisjoint(words)


def is_signature_header(name: str) -> bool:
    """Whether a header's value proves one delivery, for whoever verifies it in time."""
    words, whole = _read(name[:_LONGEST_NAME])
    return any(part in whole for part in _SIGNATURE_PARTS) or not _SIGNATURE_WORDS.isdisjoint(words)


def is_secret_parameter(name: str) -> bool:
    """Whether a query parameter's value is a key to what the URL leads to; of a signed URL the signature is."""
    return is_secret_header(name) or is_signature_header(name)


def masked_header(name: str, value: str) -> str:
    """A header's value without what is secret by its name, or by a parameter's in a URL that stands there."""
    return MASK if is_secret_header(name) else masked_parameters(value)


def masked_parameters(text: str) -> str:
    """A request target, URL or text that holds some, without users, passwords and the values of secret parameters."""
    if "@" in text:
        text = _USER.sub(f"://{MASK}@", text)
    return _PAIR.sub(lambda found: found[1] + _masked_pair(found[2]), text) if "?" in text else text


def _masked_pair(pair: str) -> str:
    """`NAME=VALUE`, or several of them with `;` between, of which a secret one hides all that follows."""
    done: list[str] = []
    for part in pair.split(";"):
        name, equals, value = part.partition("=")
        if value and is_secret_parameter(unquote_plus(name[: 3 * _LONGEST_NAME])):
            return ";".join([*done, f"{name}{equals}{MASK}"])
        done.append(part)
    return pair


def _read(name: str) -> tuple[list[str], str]:
    """A name's words, and all of them as one piece, in lower case."""
    words = [word.lower() for word in _WORD.findall(name)]
    return words, "".join(words)
