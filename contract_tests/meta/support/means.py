"""Decides what becomes of a test whose means this machine lacks: it is skipped with the reason, and fails in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def do_without(reason: str) -> NoReturn:
    """Ends a test for want of what `reason` names; `CI=true` promises that everything is there (judgement.md)."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
