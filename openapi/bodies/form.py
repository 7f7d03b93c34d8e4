"""Form codec (application/x-www-form-urlencoded, WHATWG URL): writes names and texts, and reads them."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, quote_plus

from callback_contract.openapi.bodies.fields import Undecodable, Unencodable

__all__ = ["read_form", "write_form"]

_MOST_FIELDS = 10_000


def write_form(texts: Iterable[tuple[str, str]], *, plus: bool = True) -> bytes:
    """Write names and texts; a blank becomes `+` or `%20`, which are equivalent."""
    escape = quote_plus if plus else quote
    try:
        return "&".join(f"{escape(name, safe='')}={escape(text, safe='')}" for name, text in texts).encode("ascii")
    except UnicodeEncodeError:
        raise Unencodable("a lone surrogate has no UTF-8") from None


def read_form(body: bytes) -> list[tuple[str, str]]:
    """Read names and texts in their order.

    Raises:
        Undecodable: It is not UTF-8, percent-encoded or as it is, or has fields without end.
    """
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeDecodeError:
        raise Undecodable("encoding", "a field is not UTF-8") from None
    except ValueError:
        raise Undecodable("syntax", f"more than {_MOST_FIELDS} fields") from None
