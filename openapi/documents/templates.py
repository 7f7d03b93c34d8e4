"""Decides how compiled templates are kept, so that compiling them is not a tenth of every short run."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import pickle
from pathlib import Path

from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache
from jinja2.bccache import Bucket

from callback_contract.openapi.documents.cache_folder import cache_folder

__all__ = ["kept_templates"]


def kept_templates(pages: str) -> BytecodeCache | None:
    """Where an environment of templates keeps what it compiled; None where nobody's home is known.

    It is found by the template's name, the pages that it belongs to, the environment's options and the kit's version,
    and compiled again when its text, Jinja or Python changed.

    Args:
        pages: What they are called; two kinds may have templates of one name.
    """
    folder = cache_folder("templates")
    return None if folder is None else _Kept(pages, folder)


class _Kept(FileSystemBytecodeCache):
    """What goes wrong with a cache is no reason to say anything: the template is compiled as if there were none."""

    def __init__(self, pages: str, folder: Path) -> None:
        super().__init__(str(folder), "%s.cache")
        self._pages = pages

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        options = (environment.autoescape, environment.trim_blocks, environment.lstrip_blocks, environment.undefined)
        version = importlib.metadata.version("callback-contract")
        # Without its path: each environment that the kit is installed in would leave files of its own behind.
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
