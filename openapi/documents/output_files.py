"""Output files: writes a command's output atomically, and never over a file of another program."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import broken
from callback_contract.openapi.text.spoken import spoken

__all__ = ["is_folder", "refuse_no_file", "replace_file", "write_output"]

_LOOKED_AT = 4096


def is_folder(out: str) -> bool:
    """Return whether `--out` names a folder: it exists, or the name ends with a slash."""
    return out != "-" and (out.endswith(("/", os.sep)) or Path(out).is_dir())


def refuse_no_file(name: str, option: str) -> None:
    """Reject a name that is no regular file before it is opened.

    Opening a pipe would wait for ever.

    Raises:
        KitError: It is a directory, a pipe or a device, or a name that a database takes for memory.
    """
    remedy = Text("error-docs.name-file")
    if name == ":memory:" or not name.strip():
        raise KitError(Text("error-docs.names-no-file", name=name), where=option, remedy=remedy)
    path = Path(name)
    if path.exists() and not path.is_file():
        kind = "directory" if path.is_dir() else "pipe" if path.is_fifo() else "other"
        raise KitError(Text(f"error-docs.is-{kind}", name=name), where=option, remedy=remedy)


def write_output(out: str, text: str, *, mark: str, force: bool = False) -> None:
    """Write a text to a file, or to the standard output for `-`.

    Args:
        mark: Text near the beginning of each file of the kit; a file without it is replaced only with `force`.

    Raises:
        KitError: The file is not the kit's own, or cannot be written.
    """
    if out == "-":
        sys.stdout.buffer.write(text.encode())  # bytes: no console encoding turns Chinese into question marks
        sys.stdout.buffer.flush()
        if broken(text) != text:
            sys.stderr.write(spoken(Text("error-docs.blank-put-in")) + "\n")
        return
    path = Path(out)
    try:
        if path.exists() and not path.is_file():  # a device or a pipe, as in /dev/stderr
            _write_through(path, text.encode())
            return
        if path.exists() and not force and not _is_ours(path, mark):
            raise KitError(
                Text("error-docs.not-of-this-command"),
                where=out,
                remedy=Text("error-docs.other-out-or-force"),
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path.resolve(), text.encode())  # the target of a link is replaced, not the link
    except OSError as error:
        raise KitError(
            Text("error-docs.out-unwritable", why=str(error.strerror or error)),
            where=out,
            remedy=Text("error-docs.other-out"),
        ) from None


def _write_through(path: Path, content: bytes) -> None:
    """Write into a device or a pipe; a pipe without a reader is an error."""
    handle = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(handle, True)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _is_ours(path: Path, mark: str) -> bool:
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    return not start or mark.encode() in start


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically: an interrupt or a full disk leaves the old content.

    Raises:
        OSError: It cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        with contextlib.suppress(OSError):  # some network file systems know no modes
            Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)  # there is no other way to ask for it
    os.umask(mask)
    return mask
