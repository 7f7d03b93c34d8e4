"""What changed between two versions of a contract, and whom it hurts."""

from callback_contract.openapi.comparing.change import LEVELS, Change, worst
from callback_contract.openapi.comparing.operations.contracts import compare

__all__ = ["LEVELS", "Change", "compare", "worst"]
