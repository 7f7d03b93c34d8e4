"""Cache folder: the place of the kit's caches among the user's other caches."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder(name: str) -> Path | None:
    """Return the folder of one cache, which may not exist yet.

    It is None when the home directory is unknown.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # as in the XDG Base Directory Specification
        home = os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    return Path(base) / "callback-contract" / name
