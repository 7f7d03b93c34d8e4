"""Life-cycle diagram: draws the order of states as SVG, with the longest life as its spine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from callback_contract.openapi.contract.order import Order

__all__ = ["life_cycle"]

_WIDTH, _HEIGHT, _GAP, _LANE = 116, 46, 44, 92
_BOW = 32  # space for the arrows that pass over states of the spine


@dataclass(frozen=True)
class _Box:
    state: str
    along: int
    lane: int


def life_cycle(order: Order, *, title: str, text: str, links: Mapping[str, str], upright: bool = False) -> Markup:
    """Draw an order of states as inline SVG in the colours of the page.

    Args:
        title: The name of the picture, for screen readers.
        text: The same in words.
        links: The URL of each state that has one.
        upright: From top to bottom, for narrow screens, instead of from left to right.
    """
    boxes = _boxes(order)
    end = max(box.along for box in boxes.values()) + 1
    lanes = max(box.lane for box in boxes.values()) + 1
    kind = "upright" if upright else "lying"
    along = end * ((_HEIGHT if upright else _WIDTH) + _GAP) - _GAP + 16
    bow = _BOW * any(_is_bow(boxes[a], boxes[b]) for a, b in order.edges)
    across = (lanes - 1) * (_WIDTH + 34 if upright else _LANE) + (_WIDTH if upright else _HEIGHT) + 16
    width, height = (across, along) if upright else (along, across)
    left, top = (-bow, 0) if upright else (0, -bow)
    parts = [_edge(boxes[a], boxes[b], upright) for a, b in order.edges]
    parts += [_state(box, box.state in order.terminal, links.get(box.state, ""), upright) for box in boxes.values()]
    return Markup(
        '<svg class="life {kind}" role="group" aria-label="{title}" viewBox="{left} {top} {width} {height}" '
        'width="{width}" height="{height}"><desc>{text}</desc><defs><marker id="arrow-{kind}" viewBox="0 0 8 8" '
        'refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/>'
        "</marker></defs>{parts}</svg>"
    ).format(
        kind=kind,
        title=title,
        text=text,
        left=left,
        top=top,
        width=width - left,
        height=height - top,
        parts=Markup("").join(parts),
    )


def _boxes(order: Order) -> dict[str, _Box]:
    """Place the states: by their distance from the start, each branch in a lane."""
    spine = max(order.lives, key=len)
    boxes = {state: _Box(state, index, 0) for index, state in enumerate(spine)}
    for lane, state in enumerate((state for state in order.states if state not in boxes), start=1):
        before = [boxes[a].along for a, b in order.edges if b == state and a in boxes]
        boxes[state] = _Box(state, max(before, default=-1) + 1, lane)
    return boxes


def _is_bow(start: _Box, to: _Box) -> bool:
    return start.lane == to.lane and to.along - start.along > 1


def _corner(box: _Box, upright: bool) -> tuple[int, int]:
    if upright:
        return 8 + box.lane * (_WIDTH + 34), 8 + box.along * (_HEIGHT + _GAP)
    return 8 + box.along * (_WIDTH + _GAP), 8 + box.lane * _LANE


def _edge(start: _Box, to: _Box, upright: bool) -> Markup:
    (x, y), (u, v) = _corner(start, upright), _corner(to, upright)
    if start.lane == to.lane:  # a straight arrow to the next, a bow over those between
        far = _is_bow(start, to)
        if upright:
            path = f"M{x + _WIDTH // 2} {y + _HEIGHT}V{v - 2}"
            bow = f"M{x} {y + 23}C{x - 30} {y + 23} {u - 30} {v + 23} {u - 2} {v + 23}"
        else:
            path = f"M{x + _WIDTH} {y + _HEIGHT // 2}H{u - 2}"
            bow = f"M{x + 58} {y}C{x + 58} {y - 30} {u + 58} {v - 30} {u + 58} {v - 2}"
        path = bow if far else path
    elif upright:  # out of the side, into the top of the state in the other lane
        path = f"M{x + _WIDTH} {y + _HEIGHT // 2}H{u + _WIDTH // 2 - 14}q14 0 14 14V{v - 2}"
        if to.along - start.along > 1:
            path = f"M{x + _WIDTH} {y + _HEIGHT // 2}H{u + _WIDTH // 2 + 6}q14 0 14 14V{v - 2}"
    else:
        middle = v + _HEIGHT // 2
        if to.along - start.along > 1:
            path = f"M{x + _WIDTH // 2} {y + _HEIGHT}V{middle - 14}q0 14 14 14H{u - 2}"
        else:
            path = f"M{x + _WIDTH // 2} {y + _HEIGHT}V{middle - 26}q0 14 14 14H{u - 2}"
    return Markup('<path class="edge" d="{}" marker-end="url(#arrow-{})"/>').format(
        path, "upright" if upright else "lying"
    )


def _state(box: _Box, terminal: bool, link: str, upright: bool) -> Markup:
    x, y = _corner(box, upright)
    drawn = Markup(
        '<g class="state{kind}"><rect x="{x}" y="{y}" width="{w}" height="{h}" rx="10"/>{inner}'
        '<text x="{cx}" y="{cy}" text-anchor="middle"{fit}>{name}</text></g>'
    ).format(
        kind=" terminal" if terminal else "",
        x=x,
        y=y,
        w=_WIDTH,
        h=_HEIGHT,
        inner=Markup('<rect class="inner" x="{}" y="{}" width="{}" height="{}" rx="7"/>').format(
            x + 4, y + 4, _WIDTH - 8, _HEIGHT - 8
        )
        if terminal
        else "",
        cx=x + _WIDTH // 2,
        cy=y + _HEIGHT // 2 + 5,
        # A long name is squeezed into its box, since the width of a letter depends on the reader's machine.
        fit=Markup(' textLength="{}" lengthAdjust="spacingAndGlyphs"').format(_WIDTH - 16)
        if len(box.state) > 11
        else "",
        name=box.state,
    )
    return Markup('<a href="{}">{}</a>').format(link, drawn) if link else drawn
