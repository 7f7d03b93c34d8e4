"""Templates of pages: kept compiled, for short runs; their own styles and scripts are named by hash in the policy."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.metadata
import pickle
from pathlib import Path

from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache
from jinja2.bccache import Bucket

from callback_contract.openapi.documents.cache_folder import cache_folder

__all__ = ["kept_templates", "source_hash"]


def kept_templates(pages: str) -> BytecodeCache | None:
    """Return the cache of an environment; None when the home directory is unknown.

    Keys are the template's name, the kind of pages, the environment's options and the kit's version. A template is
    compiled again when its text, Jinja or Python changed.

    Args:
        pages: The kind of pages; two kinds may have templates of one name.
    """
    folder = cache_folder("templates")
    return None if folder is None else _Kept(pages, folder)


class _Kept(FileSystemBytecodeCache):
    """Bytecode cache that ignores its errors: the template is compiled instead."""

    def __init__(self, pages: str, folder: Path) -> None:
        super().__init__(str(folder), "%s.cache")
        self._pages = pages

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        options = (environment.autoescape, environment.trim_blocks, environment.lstrip_blocks, environment.undefined)
        version = importlib.metadata.version("callback-contract")
        # Without its path: each environment with the kit would leave its own files behind.
        key = hashlib.sha256(repr((self._pages, name, options, version)).encode()).hexdigest()
        bucket = Bucket(environment, key, self.get_source_checksum(source))
        self.load_bytecode(bucket)
        return bucket

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError, pickle.UnpicklingError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(mode=0o700, parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


def source_hash(text: str) -> str:
    """The source expression of an inline style or script (CSP level 3 section 2.3.1), with its quotes."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
