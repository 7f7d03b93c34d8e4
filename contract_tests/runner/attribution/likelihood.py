"""Likelihood: how well a share of failures explains a count of them (binomial test, Holm's correction)."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["rejected", "tail"]


def tail(failures: int, tries: int, share: float) -> float:
    """The probability that at least so many of the tries fail, where each fails with that share."""
    return math.fsum(
        math.comb(tries, count) * share**count * (1 - share) ** (tries - count) for count in range(failures, tries + 1)
    )


def rejected(probabilities: Sequence[float], level: float) -> frozenset[int]:
    """The places of the hypotheses that are rejected at a level, all of them together (Holm 1979)."""
    found: set[int] = set()
    for rank, place in enumerate(sorted(range(len(probabilities)), key=lambda place: probabilities[place])):
        if probabilities[place] * (len(probabilities) - rank) >= level:
            break
        found.add(place)
    return frozenset(found)
