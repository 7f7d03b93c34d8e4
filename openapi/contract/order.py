"""Order of states: a graph that defines which state of a message can follow which."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Circle", "Order"]


class Circle(ValueError):
    """States that follow each other in a circle, which is no order."""

    def __init__(self, states: tuple[str, ...]) -> None:
        super().__init__("the order of states has a cycle: " + ", ".join(states))
        self.states = states


@dataclass(frozen=True)
class Order:
    """A life cycle: direct steps between states, and the terminal states.

    Args:
        edges: Pairs (from, to); together they have no cycle.
        terminal: States that no later delivery may leave, although other branches go on.
    """

    edges: tuple[tuple[str, str], ...]
    terminal: tuple[str, ...] = ()

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Every state, earlier ones first."""
        remaining = dict.fromkeys(state for edge in self.edges for state in edge)
        ordered: list[str] = []
        while remaining:
            free = [s for s in remaining if not any(b == s and a in remaining for a, b in self.edges)]
            if not free:
                raise Circle(tuple(remaining))
            for state in free:
                ordered.append(state)
                del remaining[state]
        return tuple(ordered)

    @cached_property
    def _later(self) -> dict[str, frozenset[str]]:
        later: dict[str, frozenset[str]] = {}
        for state in reversed(self.states):
            direct = {b for a, b in self.edges if a == state}
            later[state] = frozenset(direct.union(*(later[b] for b in direct)))
        return later

    def is_before(self, earlier: str, later: str) -> bool:
        """Return whether `later` can follow `earlier` in one life.

        It is false for states on different branches.
        """
        return later in self._later.get(earlier, frozenset())

    def advances(self, current: str | None, new: str) -> bool:
        """Return whether a receiver that stores `current` moves on when `new` arrives."""
        return current is None or self.is_before(current, new)

    def without(self, refused: Container[str]) -> Order:
        """Return the order without some states; their neighbours follow each other."""
        kept = [state for state in self.states if state not in refused]

        def follows(a: str, b: str) -> bool:
            between = (c for c in kept if self.is_before(a, c) and self.is_before(c, b))
            return (a, b) in self.edges or (self.is_before(a, b) and not any(between))

        edges = tuple((a, b) for a in kept for b in kept if follows(a, b))
        return Order(edges, tuple(state for state in self.terminal if state not in refused))

    @cached_property
    def lives(self) -> tuple[tuple[str, ...], ...]:
        """Every complete life: paths from a first state to a last one."""
        firsts = [s for s in self.states if not any(b == s for _, b in self.edges)]

        def walk(path: tuple[str, ...]) -> list[tuple[str, ...]]:
            following = [b for a, b in self.edges if a == path[-1]]
            return [life for b in following for life in walk((*path, b))] if following else [path]

        return tuple(life for first in firsts for life in walk((first,)))
