"""Hypothesis cache: keeps Hypothesis' tables among the user's caches, not in the working directory."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from callback_contract.openapi.documents.cache_folder import cache_folder

__all__ = ["keep_caches_out_of_sight"]

_NOWHERE = Path(os.devnull) / "hypothesis"  # cannot be created, and Hypothesis works without


@lru_cache(maxsize=1)
def keep_caches_out_of_sight() -> None:
    """Move Hypothesis' tables of Unicode and constants to the cache folder.

    They have no data of a run and save a second each. It has to be called before anything is drawn.
    `HYPOTHESIS_STORAGE_DIRECTORY` takes precedence.
    """
    from hypothesis.configuration import set_hypothesis_home_dir

    if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        set_hypothesis_home_dir(cache_folder("hypothesis") or _NOWHERE)
