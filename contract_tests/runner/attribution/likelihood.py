"""Likelihood: how well the failures of others explain a count of them (binomial tests, Holm's correction)."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["rejected", "tail", "tail_after"]

_STEPS = 1000  # of a share between 0 and 1
_NOTHING = 1e-9  # of the weight of the likeliest share


def tail(failures: int, tries: int, share: float) -> float:
    """The probability that at least so many of the tries fail, where each fails with that share."""
    return math.fsum(
        math.comb(tries, count) * share**count * (1 - share) ** (tries - count) for count in range(failures, tries + 1)
    )


def tail_after(failures: int, tries: int, sent: float, *, seen: int, of: int) -> float:
    """The same where the share of a single delivery is known only from others, of which so many were seen to fail.

    It is the mean over all shares, each as likely as it explains what was seen: few deliveries tell little of a share.

    Args:
        sent: How many deliveries each try has; it fails where one of them does.
    """
    shares = [(step + 0.5) / _STEPS for step in range(_STEPS)]
    logs = [seen * math.log(share) + (of - seen) * math.log1p(-share) for share in shares]
    largest = max(logs)
    weights = [math.exp(each - largest) for each in logs]
    likely = [(share, weight) for share, weight in zip(shares, weights, strict=True) if weight > _NOTHING]
    mean = math.fsum(weight * tail(failures, tries, 1 - (1 - share) ** sent) for share, weight in likely)
    return mean / math.fsum(weight for _, weight in likely)


def rejected(probabilities: Sequence[float], level: float) -> frozenset[int]:
    """The places of the hypotheses that are rejected at a level, all of them together (Holm 1979)."""
    found: set[int] = set()
    for rank, place in enumerate(sorted(range(len(probabilities)), key=lambda place: probabilities[place])):
        if probabilities[place] * (len(probabilities) - rank) >= level:
            break
        found.add(place)
    return frozenset(found)
