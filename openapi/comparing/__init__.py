"""Contract comparison: lists the changes between two versions and how each affects receivers."""

from callback_contract.openapi.comparing.change import LEVELS, Change, worst
from callback_contract.openapi.comparing.operations.contracts import compare

__all__ = ["LEVELS", "Change", "compare", "worst"]
