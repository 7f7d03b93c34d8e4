"""Decides how compiled templates are kept, so that compiling them is not a tenth of every short run."""

from __future__ import annotations

import contextlib
import pickle
from pathlib import Path

from jinja2 import BytecodeCache, FileSystemBytecodeCache
from jinja2.bccache import Bucket

from openapi.caches import cache_folder

__all__ = ["kept_templates"]


def kept_templates() -> BytecodeCache | None:
    """Where an environment of templates keeps what it compiled; None where nobody's home is known.

    Jinja finds it by the template's text and path, and by its own and Python's version.
    """
    folder = cache_folder("templates")
    return None if folder is None else _Kept(str(folder))


class _Kept(FileSystemBytecodeCache):
    """What goes wrong with a cache is no reason to say anything: the template is compiled as if there were none."""

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError, pickle.UnpicklingError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(mode=0o700, parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
