"""Drawing of a campaign's course: lines over time as SVG, with the axes that a reader needs and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["Line", "drawn"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 220, 64, 24, 12


@dataclass(frozen=True)
class Line:
    """One line: a name in both languages, a tone of the design, and its points as seconds and values."""

    name: Markup
    tone: str
    points: Sequence[tuple[float, float]]


def drawn(lines: Sequence[Line], label: Markup, unit: str) -> Markup:
    """Return the lines as a picture.

    Args:
        label: Attributes that name the picture.
        unit: Stands behind each value of the axis.
    """
    points = [point for line in lines for point in line.points]
    last_s = max((at for at, _ in points), default=1.0) or 1.0
    top = _round_up(max((value for _, value in points), default=1.0) or 1.0)
    parts = [Markup('<svg class="course" role="img" viewBox="0 0 {} {}" {}>').format(_WIDTH, _HEIGHT, label)]
    for step in range(5):
        value = top * step / 4
        y = _y(value, top)
        parts.append(Markup('<path class="grid" d="M{} {}H{}"/>').format(_LEFT, y, _WIDTH))
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(_LEFT - 6, y + 4, f"{value:g}{unit}")
        )
    for step in range(5):
        at = last_s * step / 4
        anchor = "start" if not step else "end" if step == 4 else "middle"
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
                _x(at, last_s), _HEIGHT - 6, anchor, f"{at:.0f} s"
            )
        )
    for line in lines:
        path = "M" + "L".join(f"{_x(at, last_s):.1f} {_y(value, top):.1f}" for at, value in line.points)
        if line.points:
            parts.append(Markup('<path class="line {}" d="{}"/>').format(line.tone, path))
    legend = (Markup('<span class="{}"><i></i> {}</span>').format(line.tone, line.name) for line in lines)
    return Markup("").join(
        [*parts, Markup("</svg>"), Markup('<p class="legend">{}</p>').format(Markup(" ").join(legend))]
    )


def _x(at: float, last_s: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - 4) * at / last_s, 1)


def _y(value: float, top: float) -> float:
    return round(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / top, 1)


def _round_up(value: float) -> float:
    """Return the next value of 1, 2, 4 or 8 with zeros, whose quarters are easy to read."""
    power = 10 ** math.floor(math.log10(value))
    return float(next(factor * power for factor in (1, 2, 4, 8, 10) if factor * power >= value * 0.999999))
