"""Life cycles of messages: draws the steps and gaps of a message from a seed, along the contract's order."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from callback_contract.openapi.contract.order import Order

__all__ = ["Mix", "Step", "life"]

_MEDIAN_GAPS_S = (1.0, 3.0, 45.0, 90.0)
"""Median seconds before the second, third, … step; house numbers: people are slow."""

_GOES_ON = 0.75  # share in the later half of a life: not every recipient reads a message, or responds


@dataclass(frozen=True)
class Mix:
    """The shares of a campaign's irregularities; each between 0 and 1.

    Attributes:
        failing: Messages whose life ends in a terminal state.
        duplicates: Acknowledged events that are delivered again later.
        concurrent: Events that are delivered twice at the same instant.
        reordered: Messages with one event that overtakes its predecessor.
    """

    failing: float = 0.05
    duplicates: float = 0.0
    concurrent: float = 0.0
    reordered: float = 0.0


@dataclass(frozen=True)
class Step:
    """One step in a message's life.

    Attributes:
        gap_s: Seconds after the previous step, in campaign time.
        state: The state of the event.
        times: The number of equal deliveries that are sent together.
        again: Whether the same event was sent before.
        age_s: Age of the event in seconds; an overtaken one is older than its successor.
    """

    gap_s: float
    state: str
    times: int = 1
    again: bool = False
    age_s: int = 0


def life(order: Order, chance: random.Random, mix: Mix) -> list[Step]:
    """Draw one message's life.

    Args:
        chance: The only source of chance; the same seed gives the same life.
    """
    states = _states(order, chance, mix)
    steps = [Step(_gap(chance, index), state) for index, state in enumerate(states)]
    if len(steps) > 1 and chance.random() < mix.reordered:
        late = chance.randrange(len(steps) - 1)
        overtaking, overtaken = steps[late + 1], steps[late]
        steps[late] = replace(overtaking, gap_s=overtaken.gap_s)
        steps[late + 1] = replace(overtaken, gap_s=min(1.0, overtaking.gap_s), age_s=1)
    told: list[Step] = []
    for step in steps:
        together = chance.random() < mix.concurrent
        told.append(replace(step, times=2) if together else step)
        if chance.random() < mix.duplicates:
            told.append(replace(step, gap_s=chance.uniform(0.2, 5.0), again=True))
    return told


def _states(order: Order, chance: random.Random, mix: Mix) -> tuple[str, ...]:
    failed = [path for path in order.lives if path[-1] in order.terminal]
    whole = [path for path in order.lives if path[-1] not in order.terminal]
    if failed and (not whole or chance.random() < mix.failing):
        return chance.choice(failed)
    path = chance.choice(whole)
    length = (len(path) + 1) // 2
    while length < len(path) and chance.random() < _GOES_ON:
        length += 1
    return path[:length]


def _gap(chance: random.Random, index: int) -> float:
    if index == 0:
        return 0.0
    median = _MEDIAN_GAPS_S[min(index, len(_MEDIAN_GAPS_S)) - 1]
    return min(chance.lognormvariate(0.0, 0.8) * median, 10 * median)
