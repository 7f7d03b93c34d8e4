"""Decides where Hypothesis keeps its tables: with the user's other caches, never in the working directory."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from callback_contract.openapi.documents.cache_folder import cache_folder

__all__ = ["keep_caches_out_of_sight"]

_NOWHERE = Path(os.devnull) / "hypothesis"  # cannot be made, and Hypothesis does without


@lru_cache(maxsize=1)
def keep_caches_out_of_sight() -> None:
    """Moves Hypothesis' tables of Unicode and constants out of the working directory, before anything is drawn.

    They hold nothing of a run and save a second of each. `HYPOTHESIS_STORAGE_DIRECTORY` still says otherwise.
    """
    from hypothesis.configuration import set_hypothesis_home_dir

    if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        set_hypothesis_home_dir(cache_folder("hypothesis") or _NOWHERE)
