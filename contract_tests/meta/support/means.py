"""Missing tools: skip a test whose tools this machine lacks, and fail it in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def do_without(reason: str) -> NoReturn:
    """End a test for lack of `reason`; with `CI=true` all tools are promised."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
