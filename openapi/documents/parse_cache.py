"""Parse cache: keeps the values of large YAML documents as JSON, by the digest of their bytes.

Reading YAML takes most of the start-up time with such a document; reading JSON takes a tenth of it. An error in the
cache is never reported: the document is read as if there were no cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.cache_folder import cache_folder
from callback_contract.openapi.documents.output_files import replace_file

__all__ = ["CACHE", "kept_or_made"]

CACHE = "CALLBACK_CONTRACT_CACHE"
"""The environment variable that names another cache folder; empty for none."""

_SMALLEST_BYTES = 500_000  # less is read in a fraction of a second
_MOST_FILES = 20
_MOST_BYTES = 200_000_000
_ABANDONED_S = 3600
_OURS = re.compile("[0-9a-f]{64}")
_FORM = 1  # increased when `yaml_file` reads the same bytes as other values
_NOT_JSON = re.compile(rb"(?:!!|2002:)(?:omap|pairs)\b|^%TAG", re.MULTILINE)  # tuples, which JSON turns into lists


def kept_or_made(raw: bytes, make: Callable[[], jp.Json]) -> jp.Json:
    """Return the cached values of a document, or read them and cache them.

    Args:
        raw: The document. Small documents, and those in JSON, are read without the cache.
        make: Reads it; its exceptions pass, and nothing is kept.
    """
    if len(raw) < _SMALLEST_BYTES or raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" or _NOT_JSON.search(raw):
        return make()
    folder = _folder()
    if folder is None:
        return make()
    file = folder / f"{_key(raw)}.json"
    with contextlib.suppress(OSError, ValueError, RecursionError):
        value = json.loads(file.read_bytes())
        with contextlib.suppress(OSError):
            os.utime(file)  # the least recently used file is removed first
        return value
    value = make()
    # TypeError: a value without a JSON form; OSError: no home, a full disk, a folder of another owner.
    with contextlib.suppress(OSError, ValueError, TypeError, RecursionError):
        _keep(file, json.dumps(value, separators=(",", ":")).encode(), most=4 * len(raw))
    return value


def _folder() -> Path | None:
    told = os.environ.get(CACHE)
    if told is None:
        return cache_folder("documents")
    return Path(told) if told else None


def _key(raw: bytes) -> str:
    versions = [importlib.metadata.version(name) for name in ("callback-contract", "pyyaml")]
    return hashlib.sha256(b"\0".join([*(v.encode() for v in versions), b"%d" % _FORM, raw])).hexdigest()


def _keep(file: Path, text: bytes, *, most: int) -> None:
    """Write a file that only the owner can read, and remove old files."""
    if len(text) > most:
        return  # aliases, written out
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(file, text)
    _make_room(file.parent)


def _make_room(folder: Path) -> None:
    kept = sorted(
        (
            (found.st_mtime, found.st_size, path)
            for path in folder.glob("*.json")
            if _OURS.fullmatch(path.stem)  # the user may keep other files in the folder
            for found in [path.stat()]
        ),
        reverse=True,
    )
    size = 0
    for number, (_, bytes_, path) in enumerate(kept):
        size += bytes_
        if number >= _MOST_FILES or (number and size > _MOST_BYTES):
            path.unlink(missing_ok=True)
    for path in folder.glob(".*.json.*"):  # left by a process that was killed while it wrote
        if _OURS.match(path.name[1:]) and path.stat().st_mtime < time.time() - _ABANDONED_S:
            path.unlink(missing_ok=True)
