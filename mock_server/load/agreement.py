"""Agreement of a campaign's processes: what each has to have alike, compared by digest before one may take part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["DIGITS", "agreement_of", "disagreements"]

DIGITS = 12
"""Hexadecimal digits of a digest that are shown."""

Agreement = Mapping[str, str]


def agreement_of(kit: str, contract: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Return what a process brings along: version of the kit, digests of its contract and of its options.

    Args:
        options: Every option that decides which deliveries go where; secrets are none of these.
    """
    spelt = json.dumps(options, sort_keys=True, default=str)
    return {"kit": kit, "contract": contract, "options": hashlib.sha256(spelt.encode()).hexdigest()}


def disagreements(ours: Agreement, theirs: Agreement) -> dict[str, tuple[str, str]]:
    """Return the parts that differ, each with the beginnings of both digests, ours first."""
    names = dict.fromkeys((*ours, *theirs))
    both = {name: (ours.get(name, ""), theirs.get(name, "")) for name in names}
    return {name: (own[:DIGITS], other[:DIGITS]) for name, (own, other) in both.items() if own != other}
