"""Numeric option types: reject numbers outside of a range, infinity and NaN as wrong use."""

from __future__ import annotations

import math
from typing import Any

import click

__all__ = ["SEEDS", "NumberRange"]

SEEDS = click.IntRange(0, 2**63 - 1)
"""The seed of the random generators; its range is that of a signed 64-bit integer."""


class NumberRange(click.FloatRange):
    """Range of numbers that rejects NaN, which click's own FloatRange accepts."""

    def __init__(self, least: float, most: float) -> None:
        super().__init__(least, most)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number
