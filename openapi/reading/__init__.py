"""Reader of foreign OpenAPI documents: converts every accepted form into the kit's canonical form."""

from callback_contract.openapi.reading.reader import read_contract

__all__ = ["read_contract"]
