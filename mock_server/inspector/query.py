"""Inspector query: parses the filter and the page of a query string, and rejects unknown parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from callback_contract.mock_server.store.history import DUPLICATE, RETRY
from callback_contract.mock_server.store.stored_delivery import ACCEPTED, FORWARD, REFUSED, Filter

__all__ = ["MOST", "Query", "asked"]

MOST = 200
_VALUES = {"verdict": {ACCEPTED, FORWARD, REFUSED}, "marked": {RETRY, DUPLICATE, "late"}}
_PATTERNS = {
    "status": re.compile("[1-5]xx|[1-9][0-9]{2}"),
    **dict.fromkeys(("before", "after"), re.compile("[0-9]{1,18}")),
    "limit": re.compile("[0-9]{1,4}"),
}
_TEXTS = ("callback", "message", "state", "text")


@dataclass(frozen=True)
class Query:
    """A filter and a page of the result.

    The page is below `before` (newest first) or above `after` (oldest first).
    """

    wanted: Filter
    before: int | None
    after: int | None
    limit: int


def asked(query: bytes) -> Query:
    """Parse a query string.

    Raises:
        ValueError: A parameter is unknown or its value is invalid; the text names the parameter.
    """
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=False, max_num_fields=20))
    for name, value in given.items():
        if name in _VALUES and value in _VALUES[name]:
            continue
        if name in _PATTERNS and _PATTERNS[name].fullmatch(value):
            continue
        if name not in _TEXTS:
            raise ValueError(name)
    numbers = {name: int(given.pop(name)) for name in ("before", "after", "limit") if name in given}
    return Query(Filter(**given), numbers.get("before"), numbers.get("after"), min(numbers.get("limit", MOST), MOST))
