"""Floor 1: the contract, and what follows from it alone."""

from openapi.errors import CatalogueError, ContractError, KitError, OverlayError
from openapi.loading import CONTRACT_FILE, load_contract
from openapi.model import Callback, Contract, Example

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
