"""Decides the command that repeats one delivery: a curl line, with a fresh identity each time it is run."""

from __future__ import annotations

import shlex

from mock_server.delivery import Delivery

__all__ = ["FRESH_RUN", "curl"]

FRESH_RUN = "RUN=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \\n')"
_LONGEST_BODY = 4000  # a longer command line helps nobody; the bytes stand beside the report


def curl(delivery: Delivery, url: str, *, extra_headers: tuple[str, ...] = (), afresh: bool = True) -> str | None:
    """Writes a delivery as a command for a POSIX shell.

    Args:
        delivery: With `{run}` in the place of the run's id.
        url: The receiver's URL as a word of the shell.
        extra_headers: Names of headers whose secret values the user fills in.
        afresh: Whether it draws a run's id of its own; else that of `FRESH_RUN` further above is meant.

    Returns:
        None when a curl cannot carry the delivery: bytes that are no text, parts, a long body, or a special framing.
    """
    framing = delivery.framing
    if framing.chunks or framing.pause_s or len(delivery.body) > _LONGEST_BODY:
        return None
    try:
        body = delivery.body.decode()
    except UnicodeDecodeError:
        return None
    if "\x00" in body or (body.startswith("--") and "\r\n" in body):
        return None  # whoever copies the parts of a multipart body from a screen loses their line ends
    method = ["--head"] if delivery.method == "HEAD" else ["-i", "-X", delivery.method]
    words = ["curl", "-sS", *method, url]
    names = {name.lower() for name, _ in delivery.headers}
    for name, value in delivery.headers:
        words += ["-H", _quoted(f"{name}: {value}")]
    words += [
        part
        for name in ("Content-Type", "User-Agent")
        if name.lower() not in names
        for part in ("-H", shlex.quote(f"{name}:"))
    ]
    words += ["-H", shlex.quote("Expect: 100-continue")] if framing.expect_continue else []
    words += [part for name in extra_headers for part in ("-H", f'"{name}: $SECRET"')]
    if delivery.body or delivery.method == "POST":
        words += ["--data-raw", _quoted(body)]  # a body that begins with @ names no file
    return f"{FRESH_RUN}; " * (afresh and b"{run}" in delivery.body) + " ".join(words)


def _quoted(text: str) -> str:
    """Quotes a word and puts the shell's $RUN where the run's id stood."""
    return '"$RUN"'.join(shlex.quote(part) for part in text.split("{run}"))
