"""Proofs about schemas without a walk: equality, disjointness, and acceptance of single values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from callback_contract.openapi.comparing.schemas.normal_form import (
    Flat,
    Group,
    canonical,
    child_named,
    flatten,
    kind_of,
)
from callback_contract.openapi.comparing.schemas.schema_nodes import Located, Node
from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.patterns import validator_of

__all__ = ["accepted", "are_disjoint", "are_same", "listed_in", "refused", "tolerated", "values_of"]

_WORDS = frozenset(
    """title description default deprecated examples example externalDocs xml $comment format contentEncoding
    contentMediaType contentSchema readOnly writeOnly discriminator $anchor $dynamicAnchor $schema $defs""".split()
)
_UNORDERED = frozenset(["required", "enum", "type"])
_DEEPEST = 4  # levels to which two schemas are searched for a member that separates them


def are_same(a: Node, b: Node) -> bool:
    """Return whether two nodes have the same constraints, keyword by keyword.

    References are followed and annotations are ignored.
    """
    return len(a) == len(b) and all(_same(x, y, set()) for x, y in zip(a, b, strict=True))


def _same(a: Located, b: Located, seen: set[tuple[Any, Any]]) -> bool:
    if (a.key, b.key) in seen:
        return True  # a recursive schema: the assumption may be used below, since JSON values are finite
    seen.add((a.key, b.key))
    a, b = _through_references(a), _through_references(b)
    if not (isinstance(a.value, Mapping) and isinstance(b.value, Mapping)):
        return bool(canonical(a.value) == canonical(b.value))
    keys = {key for key in a.value if _counts(key)}
    if keys != {key for key in b.value if _counts(key)}:
        return False
    return all(_same_keyword(a, b, key, seen) for key in keys)


def _counts(key: str) -> bool:
    return key not in _WORDS and not key.startswith("x-")


def _same_keyword(a: Located, b: Located, key: str, seen: set[tuple[Any, Any]]) -> bool:
    x, y = a.value[key], b.value[key]
    if key == "$ref":
        return _same(a.target(), b.target(), seen)
    if key in derive.SUBSCHEMA_MAPS:
        return set(x) == set(y) and all(_same(a.child(key, name), b.child(key, name), seen) for name in x)
    if key in derive.SUBSCHEMA_LISTS:
        return len(x) == len(y) and all(_same(a.child(key, i), b.child(key, i), seen) for i in range(len(x)))
    if key in derive.SUBSCHEMAS:
        return _same(a.child(key), b.child(key), seen)
    if key in _UNORDERED and isinstance(x, list) and isinstance(y, list):
        return set(map(canonical, x)) == set(map(canonical, y))
    return bool(canonical(x) == canonical(y))


def _through_references(located: Located) -> Located:
    passed = set()
    while isinstance(located.value, Mapping) and located.key not in passed:
        if "$ref" not in located.value or any(_counts(key) for key in located.value if key != "$ref"):
            break
        passed.add(located.key)
        located = located.target()
    return located


def values_of(flat: Flat) -> tuple[Any, ...] | None:
    """Return every value that satisfies a schema; None unless the values are listed."""
    values = _listed(flat)
    if values is None:
        return None
    within = [value for value in values if kind_of(value) in flat.kinds]
    return tuple(accepted(within, flat.sources))


def _listed(flat: Flat, depth: int = 0) -> tuple[Any, ...] | None:
    if flat.values is not None:
        return flat.values
    if flat.kinds <= {"null", "boolean"}:
        return (*([None] if "null" in flat.kinds else []), *([True, False] if "boolean" in flat.kinds else []))
    return next((values for group in flat.groups if (values := listed_in(group, depth)) is not None), None)


def listed_in(group: Group, depth: int = 0) -> tuple[Any, ...] | None:
    """Return the values of alternatives that are lists or constants, each once; None if one is not."""
    values: dict[Any, Any] = {}
    for branch in group.branches if depth < _DEEPEST else ():
        listed = _listed(flatten(branch), depth + 1)
        if listed is None:
            return None
        values |= {canonical(value): value for value in listed}
    return tuple(values.values()) if depth < _DEEPEST else None


def accepted(values: Iterable[Any], node: Node) -> list[Any]:
    """Return the values that satisfy a node.

    Raises:
        ValueError: The engine cannot read the node.
    """
    return _accepted(values, node, tolerant=False)


def refused(values: Iterable[Any], node: Node) -> list[Any]:
    """The values that break a node."""
    values = list(values)
    good = set(map(canonical, accepted(values, node)))
    return [value for value in values if canonical(value) not in good]


def tolerated(values: Iterable[Any], node: Node) -> list[Any]:
    """The values that satisfy a node's tolerant form."""
    return _accepted(values, node, tolerant=True)


def _accepted(values: Iterable[Any], node: Node, *, tolerant: bool) -> list[Any]:
    values = list(values)
    if not values or not node:
        return values
    # A schema keeps its own `$defs`; references only ever point into those of the root.
    whole: Any = {"allOf": [located.value for located in node], "$defs": _reached(node)}
    validator = validator_of(derive.tolerant_schema(whole) if tolerant else whole)
    return [value for value in values if validator.is_valid(value)]


def _reached(node: Node) -> Mapping[str, Any]:
    """Return the definitions that a node reaches.

    A validator with all definitions of a large document takes a thousand times as long.
    """
    reader = node[0].reader
    defs = reader.root.get("$defs", {})
    reached: dict[str, Any] = {}
    waiting = [located.value for located in node]
    while waiting:
        for reference in reader.alike.references(waiting.pop()):
            name = reference.removeprefix("#/$defs/")
            if name not in defs:
                return dict(defs)  # the reference leads elsewhere, and the engine has to report it
            if name not in reached:
                reached[name] = defs[name]
                waiting.append(defs[name])
    return reached


def are_disjoint(a: Flat, b: Flat, depth: int = 0) -> bool:
    """Return whether it is certain that no value satisfies both.

    The proof is by type, by listed values, or by a member that both require.
    """
    if not a.kinds & b.kinds:
        return True
    for one, other in ((a, b), (b, a)):
        values = values_of(one)
        if values is not None and not accepted(values, other.sources):
            return True
    if a.kinds & b.kinds != {"object"} or depth >= _DEEPEST:
        return False
    return any(
        are_disjoint(flatten(child_named(a, name)), flatten(child_named(b, name)), depth + 1)
        for name in {*a.required, *b.required}
    )
