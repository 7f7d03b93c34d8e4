"""curl command of one delivery, with a fresh identity on each run."""

from __future__ import annotations

import re
from itertools import chain, repeat

from callback_contract.mock_server.wire.delivery import Delivery
from callback_contract.openapi.text.printable import shell_word

__all__ = ["FRESH_RUN", "curl", "printable_body"]

FRESH_RUN = "RUN=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \\n')"
_RUN = '"$RUN"'
# The first id draws the run where it stands, eight digits, so that the line begins with curl and can be run again.
_RUN_DRAWN = '"$((RUN=10000000+$(od -An -N4 -tu4 /dev/urandom)%90000000))"'
_LONGEST_BODY = 4000  # a longer command line is of no use; the bytes are in a file next to the report
# Pasted into a terminal, these can end the paste and start a command; and a copy of a screen has no CR.
_NOT_FOR_A_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable_body(delivery: Delivery, extra_headers: tuple[str, ...], longest: int) -> str | None:
    """Return the body of a delivery that a command line can carry; None where none can."""
    if delivery.framing.chunks or delivery.framing.pause_s or len(delivery.body) > longest:
        return None
    try:
        body = delivery.content.decode()
    except UnicodeDecodeError:
        return None
    texts = (delivery.method, body, *extra_headers, *(text for pair in delivery.headers for text in pair))
    return None if any(map(_NOT_FOR_A_TERMINAL.search, texts)) else body


def curl(
    delivery: Delivery,
    url: str,
    *,
    extra_headers: tuple[str, ...] = (),
    run: str = "",
    afresh: bool = True,
    longest: int = _LONGEST_BODY,
) -> str | None:
    """Return a delivery as a command for a POSIX shell.

    Args:
        url: The receiver's URL as a word of the shell.
        extra_headers: Names of headers whose secret values the user fills in.
        run: The run's id, which a fresh one replaces; empty for the unchanged delivery.
        afresh: Whether it draws that id itself; else it uses that of `FRESH_RUN`.
        longest: Bytes of the longest body that is written out.

    Returns:
        None when curl cannot send the delivery: bytes that are not printable text, parts, a long body, or
        a special framing.
    """
    framing, body = delivery.framing, printable_body(delivery, extra_headers, longest)
    if body is None:
        return None
    runs = chain([_RUN_DRAWN] * afresh, repeat(_RUN))

    def word(text: str) -> str:  # called in the order of the words
        first, *others = map(shell_word, text.split(run) if run else [text])
        return first + "".join(next(runs) + other for other in others)

    method = "--head" if delivery.method == "HEAD" else f"-i -X {word(delivery.method)}"
    query = delivery.target_from("")
    words = ["curl -sS", method, url + (word(query.replace("?", "&", 1) if "?" in url else query) if query else "")]
    replaced = {name.lower() for name in extra_headers}
    headers = tuple(header for header in delivery.headers if header[0].lower() not in replaced)
    names = {name.lower() for name, _ in headers} | replaced
    # An empty value is written with a semicolon: with a colon, curl leaves the header out.
    words += [f"-H {word(f'{name}: {value}' if value.strip() else f'{name};')}" for name, value in headers]
    words += [f"-H {name}:" for name in ("Content-Type", "User-Agent") if name.lower() not in names]
    words += ["-H 'Expect: 100-continue'"] if framing.expect_continue else []
    words += [f'-H {shell_word(f"{name}: ")}"$SECRET"' for name in extra_headers]
    if body or delivery.method == "POST":
        words.append(f"--data-raw {word(body)}")  # unlike --data, a body that begins with @ names no file
    return " ".join(words)
