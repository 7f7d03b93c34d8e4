"""PowerShell command of one delivery, with a fresh identity on each run; curl there is another program by that name."""

from __future__ import annotations

import re

from callback_contract.mock_server.wire.curl import printable_body
from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi.text.printable import speaks

__all__ = ["FRESH_RUN", "powershell", "powershell_word"]

FRESH_RUN = "$RUN = Get-Random -Minimum 10000000 -Maximum 100000000"
_QUOTES = re.compile("['\u2018-\u201b]")  # PowerShell takes each for the end of a text
# Invoke-WebRequest sets these by itself, or by an option of its own.
_OWN = frozenset({"connection", "content-length", "expect", "host", "transfer-encoding"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def powershell(
    delivery: Delivery,
    url: str,
    *,
    extra_headers: tuple[str, ...] = (),
    run: str = "",
    afresh: bool = True,
    longest: int,
) -> str | None:
    """Return a delivery as a line for PowerShell, of Windows and of others; the arguments are those of `curl`.

    Returns:
        None where it cannot be sent so, as with a header that stands twice, or where a CI runner would obey the line.
    """
    body = printable_body(delivery, extra_headers, longest)
    replaced = {name.lower() for name in extra_headers}
    kept = [(name, value) for name, value in delivery.headers if name.lower() not in replaced]
    headers = {name.lower(): (name, value) for name, value in kept}
    is_odd = len(headers) < len(kept) or delivery.framing.expect_continue or delivery.method not in _METHODS
    if body is None or is_odd or _OWN & set(headers) or "content-type" not in headers:
        return None
    if any(map(speaks, (body, *map(" ".join, kept)))):
        return None

    def word(text: str) -> str:
        if not run or run not in text:
            return powershell_word(text)
        return f"({' + $RUN + '.join(map(powershell_word, text.split(run)))})"

    if query := delivery.target_from(""):
        url = f"({url} + {word(query.replace('?', '&', 1) if '?' in url else query)})"
    words = ["Invoke-WebRequest -UseBasicParsing", f"-Method {delivery.method}", f"-Uri {url}"]
    words.append(f"-ContentType {word(headers.pop('content-type')[1])}")
    words += [f"-UserAgent {word(headers.pop('user-agent')[1])}"] if "user-agent" in headers else []
    pairs = [f"{powershell_word(name)} = {word(value)}" for name, value in headers.values()]
    pairs += [f'{powershell_word(name)} = "$SECRET"' for name in extra_headers]
    words += [f"-Headers @{{{'; '.join(pairs)}}}"] if pairs else []
    words += [f"-Body ([Text.Encoding]::UTF8.GetBytes({word(body)}))"] if body else []
    line = " ".join(words)
    return f"{FRESH_RUN}; {line}" if afresh and "$RUN" in line else line


def powershell_word(text: str) -> str:
    """Return a text as one exact word of PowerShell."""
    return "'" + _QUOTES.sub(lambda found: found[0] * 2, text) + "'"
