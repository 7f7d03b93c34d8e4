"""Spoken text: what a command prints, in the language of its command line or of the locale."""

from __future__ import annotations

import os
import sys

from callback_contract.openapi.text.language import chosen_language
from callback_contract.openapi.text.message import translated

__all__ = ["spoken"]


def spoken(text: str) -> str:
    """Return a text in the user's language; other people's words as they are."""
    return translated(text, chosen_language(sys.argv[1:], os.environ))
