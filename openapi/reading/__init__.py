"""Reading anybody's OpenAPI document: every accepted form becomes the one form that the rest of the kit works from."""

from callback_contract.openapi.reading.reader import read_contract

__all__ = ["read_contract"]
