"""The contract, and what follows from it alone.

Importing this package imports nothing else; what it names is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from callback_contract.openapi.contract.loading import load_contract
    from callback_contract.openapi.contract.model import CONTRACT_FILE, Callback, Contract, Example
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

_WHERE = {
    "CONTRACT_FILE": "contract.model",
    "Callback": "contract.model",
    "CatalogueError": "text.errors",
    "Contract": "contract.model",
    "ContractError": "text.errors",
    "Example": "contract.model",
    "KitError": "text.errors",
    "OverlayError": "text.errors",
    "load_contract": "contract.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
