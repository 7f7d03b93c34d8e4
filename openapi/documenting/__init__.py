"""Documentation generator: makes a static site from a contract that opens from the file system."""

from callback_contract.openapi.documenting.content.links import address

__all__ = ["address"]
