"""Content-Security-Policy sources: hashes of the inline styles and scripts that a page contains."""

from __future__ import annotations

import base64
import hashlib

__all__ = ["source_hash"]


def source_hash(text: str) -> str:
    """Return the source expression of an inline style or script, with its quotes.

    Source: CSP level 3, section 2.3.1.
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
