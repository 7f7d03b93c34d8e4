"""Floor 1: the contract, and what follows from it alone."""

from callback_contract.openapi.contract.loading import CONTRACT_FILE, load_contract
from callback_contract.openapi.contract.model import Callback, Contract, Example
from callback_contract.openapi.text.errors import CatalogueError, ContractError, KitError, OverlayError

__all__ = [
    "CONTRACT_FILE",
    "Callback",
    "CatalogueError",
    "Contract",
    "ContractError",
    "Example",
    "KitError",
    "OverlayError",
    "load_contract",
]
