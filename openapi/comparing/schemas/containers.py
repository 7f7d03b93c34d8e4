"""Comparison of arrays and objects: compares two schemas member by member and item by item."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from callback_contract.openapi.comparing.change import Fact, Finding, fact
from callback_contract.openapi.comparing.schemas.inclusion import refused
from callback_contract.openapi.comparing.schemas.normal_form import Flat, child_at, child_named, is_closed
from callback_contract.openapi.comparing.schemas.scalars import least, most
from callback_contract.openapi.comparing.schemas.schema_nodes import ANYTHING, Node
from callback_contract.openapi.comparing.schemas.walk import Walk, is_safe
from callback_contract.openapi.contract.patterns import matches

__all__ = ["arrays", "objects"]


def arrays(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare items, counts and `contains`."""
    longest = len(sub.prefix) if is_closed(sub.items) else math.inf
    yield from least(walk, "minItems", sub, sup)
    yield from most(walk, "maxItems", sub, sup, longest)
    if sub.unique != sup.unique:
        yield walk.changed(
            "constraint dropped" if sup.unique else "narrowed", "uniqueItems", sub, sup, (sub.unique, sup.unique)
        )
    for index in range(max(len(sub.prefix), len(sup.prefix))):
        if index < sub.limits.get("maxItems", math.inf):
            yield from walk.descend(walk, child_at(sub, index), child_at(sup, index))
    if max(len(sub.prefix), len(sup.prefix)) < sub.limits.get("maxItems", math.inf):
        yield from walk.descend(walk, sub.items, sup.items)
    for wanted, fewest, highest in sup.contains:
        if (fewest == 0 and highest is None) or any(
            mine_fewest >= fewest
            and walk.includes((mine,), (wanted,))
            and (
                highest is None
                or (mine_highest is not None and mine_highest <= highest and walk.includes((wanted,), (mine,)))
            )
            for mine, mine_fewest, mine_highest in sub.contains
        ):
            continue
        yield _unproven(walk, "contains", sub, sup, dropped=not sub.contains)


def _unproven(walk: Walk, keyword: str, sub: Flat, sup: Flat, *, dropped: bool) -> Finding:
    what = walk.dropped(keyword) if dropped else fact("diff.part-changed", keyword=keyword)
    return walk.found("constraint dropped" if dropped else "unjudged", walk.where(keyword, sub, sup), what)


def objects(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare members, required names, and the schemas of all other members."""
    lost: set[str] = set()
    for name in dict.fromkeys([*sub.properties, *sup.properties]):
        for finding, is_lost in _member(walk, name, sub, sup):
            lost |= {name} if is_lost else set()
            yield finding
    yield from _required(walk, sub, sup, lost)
    yield from _others(walk, sub, sup)
    yield from _patterns(walk, sub, sup)
    closed = is_closed(sub.additional) and not sub.patterns
    yield from least(walk, "minProperties", sub, sup, len(sub.required))
    yield from most(walk, "maxProperties", sub, sup, len(sub.properties) if closed else math.inf)
    yield from _names(walk, sub, sup)
    yield from _dependents(walk, sub, sup)


def _member(walk: Walk, name: str, sub: Flat, sup: Flat) -> Iterator[tuple[Finding, bool]]:
    old, new = walk.old_new(sub, sup)
    mine, theirs = child_named(sub, name), child_named(sup, name)
    where = walk.where_node(sub.properties.get(name, ()), sup.properties.get(name, ()))
    if name in (old if name in new.properties else new).by_alternatives:
        yield from ((finding, False) for finding in walk.descend(walk, mine, theirs))
        return
    if name in old.properties and name in new.properties:
        may_be_missing = not (name in sub.required and name in sup.required)
        findings = walk.descend(replace(walk, optional=may_be_missing), mine, theirs)
    elif name in new.properties:
        findings = _added(walk, name, where, old, (mine, theirs))
    else:
        gone = name in old.required and name not in new.required
        yield from (
            (finding, gone and not walk.answer)
            for finding in _removed(walk, name, where, (mine, theirs), was_required=name in old.required, gone=gone)
        )
        return
    yield from ((finding, False) for finding in findings)


def _added(walk: Walk, name: str, where: str, old: Flat, pair: tuple[Node, Node]) -> list[Finding]:
    """Return the findings for a member that only the new schema names."""
    what = fact("diff.member-new", name=name)
    by_pattern = any(matches(pattern, name) for pattern in old.patterns)
    ruled_before = by_pattern or any(located.value not in (True, False, {}) for located in old.additional or ())
    closed = is_closed(old.additional) and not by_pattern
    if walk.answer:
        if closed or walk.includes(*pair):
            return [walk.found("narrowed", where, what)]
        return walk.descend(walk, *pair) if ruled_before else [walk.found("answer member named", where, what)]
    if ruled_before or (not old.properties and not closed):
        findings = walk.descend(walk, *pair)
        named = walk.found("narrowed", where, fact("diff.member-named", name=name))
        return [*findings, named] if is_safe(findings) else findings
    return [walk.found("member added", where, what)]


def _removed(
    walk: Walk, name: str, where: str, pair: tuple[Node, Node], *, was_required: bool, gone: bool
) -> list[Finding]:
    """Return the findings for a member that only the old schema names."""
    what = fact("diff.member-gone", name=name)
    if walk.answer:
        if is_closed(pair[1]):
            return [walk.found("answer member refused", where, what)]
        return [*walk.descend(walk, *pair), walk.found("narrowed", where, what)]
    if gone:
        return [walk.found("member lost", where, what)]
    if was_required or is_closed(pair[1]):  # what was forbidden may come now
        return walk.descend(walk, *pair) or [walk.found("narrowed", where, what)]
    return [walk.found("narrowed" if walk.includes(*pair) else "optional lost", where, what)]


def _required(walk: Walk, sub: Flat, sup: Flat, lost: set[str]) -> Iterator[Finding]:
    for name in sup.required:
        if name not in sub.required and name not in lost:
            place = sup.properties.get(name) or (sup.required[name],)
            where = walk.where_node(sub.properties.get(name, ()), place)
            yield walk.found("required dropped", where, _need(walk, name, more=walk.answer))
    for name in sub.required:
        if name not in sup.required and (walk.answer or name in sup.properties):
            where = walk.where_node(sub.properties.get(name, ()), sup.properties.get(name, ()))
            yield walk.found("narrowed", where, _need(walk, name, more=not walk.answer))


def _need(walk: Walk, name: str, *, more: bool) -> Fact:
    if not more:
        return fact("diff.member-optional", name=name)
    return fact("diff.member-required", name=name) if walk.answer else fact("diff.member-always", name=name)


def _others(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare the members that neither `properties` nor `patternProperties` name."""
    mine, theirs = sub.additional, sup.additional
    where = walk.where(
        "additionalProperties" if "additionalProperties" in {*sub.at, *sup.at} else "unevaluatedProperties", sub, sup
    )
    fresh = [node for pattern, node in sub.patterns.items() if pattern not in sup.patterns and not is_closed(node)]
    if is_closed(theirs):
        if not is_closed(mine) or fresh:
            yield walk.found("object opened", where, _others_fact(closed=walk.answer))
        return
    if is_closed(mine):
        yield walk.found("narrowed", where, _others_fact(closed=not walk.answer))
    elif theirs is not None or mine is not None:
        yield from walk.descend(walk, mine or ANYTHING, theirs or ANYTHING)
    for node in fresh:
        yield from walk.descend(walk, node, theirs or ANYTHING)


def _others_fact(*, closed: bool) -> Fact:
    return fact("diff.object-closed") if closed else fact("diff.object-open")


def _patterns(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    for pattern, theirs in sup.patterns.items():
        if pattern in sub.patterns:
            yield from walk.descend(walk, sub.patterns[pattern], theirs)
            continue
        others = [*sub.patterns.values(), *([] if is_closed(sub.additional) else [sub.additional or ANYTHING])]
        if all(walk.includes(node, theirs) for node in others):
            continue
        kind = "unjudged" if sub.patterns else "constraint dropped"
        yield walk.changed(kind, "patternProperties", sub, sup, (None, pattern))
    for pattern in sub.patterns:
        if pattern not in sup.patterns:
            yield walk.changed("narrowed", "patternProperties", sub, sup, (pattern, None))


def _names(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    if not sup.names:
        return
    if sub.names:
        yield from walk.descend(walk, sub.names, sup.names)
    elif not (
        (is_closed(sub.additional) and not sub.patterns and _all_named(sub, sup.names))
        or walk.includes(ANYTHING, sup.names)
    ):
        yield _unproven(walk, "propertyNames", sub, sup, dropped=True)


def _all_named(sub: Flat, names: Node) -> bool:
    return not refused(list(sub.properties), names)


def _dependents(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    for name, needed in sup.dependent.items():
        if not needed <= sub.dependent.get(name, frozenset()) | set(sub.required):
            yield _unproven(walk, "dependentRequired", sub, sup, dropped=True)
    for name, node in sup.dependent_schemas.items():
        if name in sub.dependent_schemas:
            yield from walk.descend(walk, sub.dependent_schemas[name], node)
        elif not walk.includes(sub.sources, node):
            yield _unproven(walk, "dependentSchemas", sub, sup, dropped=not sub.dependent_schemas)
