"""Documentation made from the contract: a static site that opens from the file system."""

from openapi.documenting.links import address

__all__ = ["address"]
