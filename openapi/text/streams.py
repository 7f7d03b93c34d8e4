"""Guarded standard streams: break CI runner commands in the output, whichever code printed it."""

from __future__ import annotations

import io
import re
import sys
from typing import Any, BinaryIO

from callback_contract.openapi.text.printable import broken

__all__ = ["guard_streams", "write_command"]

_KEPT = 24  # characters of a line that a later write may turn into a command
_BEGUN = re.compile(r"[\r\n](?:[^\S\r\n]|\x1b\[[0-9;?]*[A-Za-z])*+(:?)")


class _Guard(io.BufferedIOBase):
    """Byte stream that breaks commands, also those that several writes form together."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._before = "\n"

    def write(self, data: Any) -> int:
        text = bytes(data).decode("utf-8", "surrogateescape")  # keeps the bytes of every other encoding
        known, since = self._before + text, len(self._before)
        self._before = _what_counts(known)
        self._target.write(broken(known, since=since)[since:].encode("utf-8", "surrogateescape"))
        return len(data)

    def obeyed(self, data: bytes) -> None:
        """Writes the kit's own command as it is."""
        self._target.write(data)
        self._target.flush()

    def flush(self) -> None:
        self._target.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._target.isatty()

    def fileno(self) -> int:
        return self._target.fileno()

    @property
    def name(self) -> Any:
        return getattr(self._target, "name", "")


def _what_counts(known: str) -> str:
    """Return the part of the last line that can begin a command with the next write."""
    line = known[max(known.rfind("\n"), known.rfind("\r"), 0) :]
    begun = _BEGUN.fullmatch(line)
    return f"\n{begun[1]}" if begun else f"_{line[-_KEPT:]}"


def guard_streams() -> None:
    """Put a guard before the standard output and the standard error, once."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        target = getattr(stream, "buffer", None)
        if target is None or stream.closed or isinstance(target, _Guard):
            continue
        stream.flush()
        guarded = io.TextIOWrapper(
            _Guard(target),
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=getattr(stream, "write_through", False),
        )
        setattr(sys, name, guarded)


def write_command(line: str, *, stderr: bool = False) -> None:
    """Write a line that a CI runner obeys, past the guard; whatever else stands in it has to be inert."""
    stream = sys.stderr if stderr else sys.stdout
    if stream is None or stream.closed:
        return
    stream.flush()
    guard = getattr(stream, "buffer", None)
    if not isinstance(guard, _Guard):
        stream.write(f"{line}\n")
        return
    guard.obeyed(f"{line}\n".encode("utf-8", "backslashreplace"))
