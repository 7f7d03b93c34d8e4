"""Documentation made from the contract: a static site that opens from the file system."""

from callback_contract.openapi.documenting.content.links import address

__all__ = ["address"]
