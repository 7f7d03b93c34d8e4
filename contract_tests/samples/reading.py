"""Reader of recordings: reads a directory, JSON files, HTTP archives, JSON lines, or a store."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from callback_contract.contract_tests.samples.har import read_archive
from callback_contract.contract_tests.samples.jsonl import read_lines
from callback_contract.contract_tests.samples.recorded_delivery import (
    MOST_LIST_BYTES,
    Entries,
    RecordedAnswer,
    RecordedDelivery,
    Unreadable,
)
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["read_recordings"]

_KINDS = (".json", ".har", ".jsonl", ".ndjson")
_ARCHIVE = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:\s*\{')


def read_recordings(path: Path) -> Entries:
    """Yield recorded deliveries in the order of names, entries and lines.

    Raises:
        KitError: There is no such file, or it is not a recording.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise KitError(
            Text("error-samples.unreadable", why=str(error.strerror)),
            where=f"--samples {path}",
            remedy=Text("error-samples.give-recordings"),
        ) from None
    if stat.S_ISDIR(mode):
        return _directory(path)
    if not stat.S_ISREG(mode):
        raise KitError(
            Text("error-samples.neither-directory-nor-file"),
            where=f"--samples {path}",
            remedy=Text("error-samples.give-recordings"),
        )
    return _single(path)


def _single(file: Path) -> Entries:
    try:
        if file.suffix.lower() in _KINDS:
            yield from _file(file, file.name)
        elif _start(file).startswith(b"SQLite format 3\x00"):
            from callback_contract.mock_server.store.export import stored_deliveries

            damaged: list[Unreadable] = []

            def note(path: Path, text: str) -> None:
                damaged.append(Unreadable(path.name, text.removeprefix(f"{path} ")))

            for each in stored_deliveries(file, note):
                answer = RecordedAnswer(each.status, each.elapsed_s)
                place = f"{file.name} delivery {each.id}"
                yield RecordedDelivery(place, each.body, each.headers, each.callback, each.method, each.at, answer)
            yield from damaged
        else:
            raise KitError(
                Text("error-samples.no-recording"),
                where=f"--samples {file}",
                remedy=Text("error-samples.give-recordings"),
            )
    except OSError as error:
        raise KitError(Text("error-samples.unreadable", why=str(error.strerror)), where=f"--samples {file}") from None


def _directory(root: Path) -> Entries:
    found = False
    for file in _files(root):
        found = True
        name = str(file.relative_to(root))
        try:
            yield from _file(file, name, file.parent.name if file.parent != root else "")
        except OSError as error:
            yield Unreadable(name, Text("error-samples.unreadable", why=str(error.strerror)))
    if not found:
        raise KitError(
            Text("error-samples.holds-none", root=str(root), names=tuple(_KINDS)),
            where="--samples",
            remedy=Text("error-samples.give-recordings"),
        )


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below a directory by name; linked directories are skipped."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix.lower() in _KINDS and not name.startswith(".") and file.is_file():
                yield file


def _file(file: Path, name: str, folder: str = "") -> Entries:
    kind = file.suffix.lower()
    if kind in {".jsonl", ".ndjson"}:
        yield from read_lines(file, name)
    elif kind == ".har" or _ARCHIVE.match(_start(file)):
        yield from read_archive(file, name)
    else:
        with file.open("rb") as opened:
            body = opened.read(MOST_LIST_BYTES + 1)
        yield RecordedDelivery(name, body, callback=folder)


def _start(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(200)
