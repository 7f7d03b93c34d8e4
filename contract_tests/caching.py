"""Decides where Hypothesis keeps its tables: with the user's other caches, never in the working directory."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

__all__ = ["keep_caches_out_of_sight"]

_NOWHERE = Path(os.devnull) / "hypothesis"  # cannot be made, and Hypothesis does without


@lru_cache(maxsize=1)
def keep_caches_out_of_sight() -> None:
    """Moves Hypothesis' tables of Unicode and constants out of the working directory, before anything is drawn.

    They hold nothing of a run and save a second of each. `HYPOTHESIS_STORAGE_DIRECTORY` still says otherwise.
    """
    from hypothesis.configuration import set_hypothesis_home_dir

    if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        set_hypothesis_home_dir(_directory())


def _directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # as the XDG Base Directory Specification has it
        home = os.path.expanduser("~")
        if not os.path.isabs(home):
            return _NOWHERE
        base = os.path.join(home, ".cache")
    return Path(base) / "callback-contract" / "hypothesis"
