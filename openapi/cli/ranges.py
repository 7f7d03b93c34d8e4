"""Range of a numeric option: what is outside of it, endless, or no number at all is wrong use."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["SEEDS", "NumberRange"]

SEEDS = click.IntRange(0, 2**63 - 1)
"""What decides chance; a larger number would decide no more."""


class NumberRange(click.FloatRange):
    """Numbers between two others; click's own range lets `nan` through, which is neither less nor more."""

    def __init__(self, least: float, most: float) -> None:
        super().__init__(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number
