"""What changed between two versions of a contract, and whom it hurts."""

from openapi.comparing.change import LEVELS, Change, worst
from openapi.comparing.contracts import compare

__all__ = ["LEVELS", "Change", "compare", "worst"]
