"""Pairing of alternatives: which alternative of one schema became which alternative of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from callback_contract.openapi.comparing.schemas.inclusion import are_same
from callback_contract.openapi.comparing.schemas.normal_form import Flat, canonical, flatten
from callback_contract.openapi.comparing.schemas.schema_nodes import Node
from callback_contract.openapi.comparing.schemas.walk import shown

__all__ = ["Alternative", "paired"]

_ALIKE = 0.5  # the least share of common members by which two forms without a name count as one


@dataclass(frozen=True, eq=False)
class Alternative:
    """One form that a value may have: the node of its branch, and the conjunction that holds for it."""

    node: Node
    flat: Flat

    @cached_property
    def name(self) -> str:
        """The name of the schema to which the branch refers, or its title; empty without both."""
        value: Any = self.node[0].value if self.node else {}
        if not isinstance(value, dict):
            return ""
        parts = value.get("allOf")
        if "$ref" not in value and isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], dict):
            value = {**parts[0], **value}
        if "$ref" in value:
            return str(value["$ref"]).rpartition("/")[2].rpartition(".")[2]
        return str(value.get("title", ""))

    @property
    def title(self) -> str:
        """The name, else the constants that tell it apart, else the beginning of the branch."""
        constants = {name: value for name, value in self._single.items() if name}
        return self.name or shown(constants or (self.node[0].value if self.node else {}))

    @cached_property
    def constants(self) -> dict[str, Any]:
        """The value of each member that has one value only; of a scalar with one value that, by the empty name."""
        return {name: canonical(value) for name, value in self._single.items()}

    def is_told_from(self, other: Alternative) -> bool:
        """Return whether a constant tells the two apart, so that neither includes the other."""
        common = self.constants.keys() & other.constants.keys()
        return any(self.constants[name] != other.constants[name] for name in common)

    @cached_property
    def _single(self) -> dict[str, Any]:
        members = {name: flatten(node).values for name, node in self.flat.properties.items()}
        members |= {"": self.flat.values}
        return {name: values[0] for name, values in members.items() if values and len(values) == 1}


def paired(mine: Sequence[Alternative], theirs: Sequence[Alternative]) -> dict[int, int]:
    """Return which of their alternatives each of mine was, by index; an alternative without a counterpart is left out.

    Two are a pair by their name, else by equal constraints, else by the constants that tell forms apart, else by the
    members that they share.
    """
    pairs: dict[int, int] = {}
    for likeness in (_by_name, _by_constraints, _by_constants, _by_members):
        left = [i for i in range(len(mine)) if i not in pairs]
        open_ = [j for j in range(len(theirs)) if j not in pairs.values()]
        scores = {(i, j): likeness(mine[i], theirs[j]) for i in left for j in open_}
        if likeness is _by_name:
            scores = {pair: score for pair, score in scores.items() if score and _is_only(pair, mine, theirs)}
        for i, j in sorted(scores, key=lambda pair: (-scores[pair], abs(pair[0] - pair[1]), pair)):
            if scores[i, j] > 0 and i not in pairs and j not in pairs.values():
                pairs[i] = j
    return pairs


def _is_only(pair: tuple[int, int], mine: Sequence[Alternative], theirs: Sequence[Alternative]) -> bool:
    """Return whether no other alternative has the name."""
    name = mine[pair[0]].name
    return all([each.name for each in side].count(name) == 1 for side in (mine, theirs))


def _by_name(a: Alternative, b: Alternative) -> float:
    return float(bool(a.name) and a.name == b.name)


def _by_constraints(a: Alternative, b: Alternative) -> float:
    return float(bool(a.node and b.node) and are_same(a.node, b.node))


def _by_constants(a: Alternative, b: Alternative) -> float:
    common = a.constants.keys() & b.constants.keys()
    return 0.0 if a.is_told_from(b) else float(len(common))


def _by_members(a: Alternative, b: Alternative) -> float:
    if not a.flat.kinds & b.flat.kinds or a.is_told_from(b):
        return 0.0
    names = set(a.flat.properties), set(b.flat.properties)
    if not any(names):
        return 1.0
    share = len(names[0] & names[1]) / len(names[0] | names[1])
    return share if share >= _ALIKE else 0.0
