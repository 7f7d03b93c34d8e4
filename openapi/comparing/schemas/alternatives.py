"""Comparison of `anyOf`, `oneOf`, `not` and `if`: matches each alternative of a schema with one of the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from callback_contract.openapi.comparing.change import LEVELS
from callback_contract.openapi.comparing.schemas.inclusion import are_disjoint, are_same
from callback_contract.openapi.comparing.schemas.normal_form import Flat, Group, flatten, merged
from callback_contract.openapi.comparing.schemas.schema_nodes import ANYTHING, Node
from callback_contract.openapi.comparing.schemas.walk import Finding, Walk, best, is_safe, severity, shown

__all__ = ["alternatives", "conditions", "groups", "negations"]

Judge = Callable[[Walk, Flat, Flat], list[Finding]]


def alternatives(flat: Flat, group: Group) -> list[Flat]:
    """Return one conjunction per branch of a group.

    Together they allow at least the values that the whole schema allows.
    """
    base = replace(flat, groups=tuple(other for other in flat.groups if other is not group))
    return [merged(base, flatten(branch)) for branch in group.branches]


def groups(walk: Walk, sub: Flat, sup: Flat, judge: Judge) -> Iterator[Finding]:
    """Yield a finding for each value of `sub` that fits no branch of a group of `sup`."""
    kept = [(group, _counterpart(group, sub)) for group in sup.groups]
    free = [group for group in sub.groups if not any(group is same for _, same in kept)]
    for theirs, same in kept:
        if same is not None:
            for mine_branch, branch in zip(same.branches, theirs.branches, strict=True):
                yield from walk.descend(walk, mine_branch, branch)
        elif free:
            mine = next((group for group in free if group.keyword == theirs.keyword), free[0])
            yield from _fitted(walk, (sub, mine), theirs, judge)
        else:
            yield from _fitted(walk, (sub, None), theirs, judge)
    for mine in free:
        if not sup.groups:
            where = walk.where(mine.keyword, sub, sup)
            yield walk.found("narrowed", where, f"{mine.keyword} {'removed' if walk.answer else 'added'}")


def _counterpart(group: Group, flat: Flat) -> Group | None:
    for other in flat.groups:
        if (
            other.keyword == group.keyword
            and len(other.branches) == len(group.branches)
            and all(are_same(a, b) for a, b in zip(other.branches, group.branches, strict=True))
        ):
            return other
    return None


def _fitted(walk: Walk, mine: tuple[Flat, Group | None], theirs: Group, judge: Judge) -> Iterator[Finding]:
    sub, group = mine
    branches = [flatten(branch) for branch in theirs.branches]
    if group is None:
        parts = [sub] if len(branches) == 1 or len(_by_kind(sub)) == 1 else _by_kind(sub)
    else:
        parts = alternatives(sub, group)
    used: set[int] = set()
    for index, part in enumerate(parts):
        pair = None if group is None else _namesake(group.branches[index], theirs, index, len(parts))
        found, chosen = _fit(walk, part, branches, judge, pair)
        if not is_safe(found) and len(_by_kind(part)) > 1:
            split = [_fit(walk, piece, branches, judge, None) for piece in _by_kind(part)]
            if all(is_safe(piece) for piece, _ in split):
                found, chosen = [finding for piece, _ in split for finding in piece], None
                used |= {other for _, other in split if other is not None}
        used |= set() if chosen is None else {chosen}
        if is_safe(found) or pair is not None:
            yield from found
        else:
            yield _whole(
                walk,
                found,
                f"values of type {'/'.join(sorted(part.kinds))}"
                if group is None
                else f"the alternative {_title(group.branches[index])}",
                _place(part, group, index, theirs),
            )
        if theirs.keyword == "oneOf" and not _fits_only_one(walk, (part, index), branches, chosen, group):
            yield walk.found("overlap", _place(part, group, index, theirs), "oneOf changed")
    for index in set(range(len(branches))) - used:
        what = f"the alternative {_title(theirs.branches[index])} is {'new' if walk.answer else 'gone'}"
        yield walk.found("narrowed", theirs.branches[index][0].in_document, what)


def _by_kind(flat: Flat) -> list[Flat]:
    number = flat.kinds & {"integer", "fraction"}
    kinds = [number] if number else []
    kinds += [frozenset([kind]) for kind in sorted(flat.kinds - number)]
    return [replace(flat, kinds=kind) for kind in kinds]


def _fit(
    walk: Walk, part: Flat, branches: list[Flat], judge: Judge, pair: int | None
) -> tuple[list[Finding], int | None]:
    """Return the findings for the branch that a part fits best, and its index.

    Among equals, the branch at the same index wins.
    """
    order = sorted(range(len(branches)), key=lambda index: index != pair)
    tried: dict[int, list[Finding]] = {}
    for index in order:
        tried[index] = judge(walk.trial(), part, branches[index])
        if is_safe(tried[index]):
            break
    chosen = min(tried, key=lambda index: severity(tried[index]), default=None)
    if chosen is None:
        return [walk.found("alternative", "", "no alternatives")], None
    return tried[chosen], chosen


def _namesake(branch: Node, theirs: Group, index: int, count: int) -> int | None:
    """Return the index of the branch that an alternative was, or became.

    It is the branch of the same name, or else the one at the same index.
    """
    names = [_name(other) for other in theirs.branches]
    if _name(branch) and names.count(_name(branch)) == 1:
        return names.index(_name(branch))
    return index if count == len(names) else None


def _whole(walk: Walk, found: list[Finding], subject: str, where: str) -> Finding:
    """Return the finding that an alternative as a whole is new (or gone).

    Its level is that of the branch that the alternative fits best.
    """
    level = LEVELS[severity(found)]
    whole = walk.found(
        "alternative",
        where,
        f"{subject} {'fit no alternative any more' if walk.answer else 'are new'}"
        if subject.startswith("values")
        else f"{subject} is {'gone' if walk.answer else 'new'}",
    )
    if level == whole.level:
        return whole
    return replace(whole, level=level, reason=next(finding.reason for finding in found if finding.level == level))


def _place(part: Flat, group: Group | None, index: int, theirs: Group) -> str:
    if group is not None:
        return group.branches[index][0].in_document
    return part.place.in_document if part.place else theirs.at.in_document


def _name(node: Node) -> str:
    value = node[0].value if node else {}
    if isinstance(value, dict) and "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2].rpartition(".")[2]
    return str(value.get("title", "")) if isinstance(value, dict) else ""


def _title(node: Node) -> str:
    return _name(node) or shown(node[0].value if node else {})


def _fits_only_one(
    walk: Walk, part: tuple[Flat, int], branches: list[Flat], chosen: int | None, group: Group | None
) -> bool:
    """Return whether each value that fits the chosen branch fits no other one.

    `oneOf` requires it.
    """
    flat, index = part
    siblings = (
        []
        if group is None or group.keyword != "oneOf"
        else [branch for other, branch in enumerate(group.branches) if other != index]
    )
    return (
        all(
            position == chosen
            or are_disjoint(flat, branch)
            # It fits none of its old siblings, so it fits no branch that one of them includes.
            or any(are_same(branch.sources, sibling) or walk.includes(branch.sources, sibling) for sibling in siblings)
            for position, branch in enumerate(branches)
        )
        and (
            chosen is not None
            or all(are_disjoint(one, other) for i, one in enumerate(branches) for other in branches[:i])
        )
    )


def negations(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Yield a finding for each value that `sup` excludes and `sub` does not.

    An exclusion of `sup` holds when something that `sub` excludes includes it.
    """
    for forbidden in sup.nots:
        if any(walk.includes((forbidden,), (mine,)) for mine in sub.nots) or are_disjoint(sub, flatten((forbidden,))):
            continue
        dropped = not sub.nots
        change = ("added" if walk.answer else "removed") if dropped else "changed"
        yield walk.found("constraint dropped" if dropped else "unjudged", walk.where("not", sub, sup), f"not {change}")
    if sub.nots and not sup.nots:
        yield walk.found("narrowed", walk.where("not", sub, sup), f"not {'removed' if walk.answer else 'added'}")


def conditions(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare `if`, `then` and `else`: branch by branch under an equal condition."""
    for theirs in sup.conditionals:
        same = next((c for c in sub.conditionals if are_same((c.child("if"),), (theirs.child("if"),))), None)
        for key in ("then", "else"):
            wanted: Node = (theirs.child(key),) if key in theirs.value else ANYTHING
            mine: Node = (same.child(key),) if same is not None and key in same.value else ANYTHING
            ways = [walk.tried(sub.sources, wanted)] + ([walk.tried(mine, wanted)] if same is not None else [])
            if is_safe(best(ways)):
                continue
            if same is not None:
                yield from walk.descend(walk, mine, wanted)
                continue
            dropped = not sub.conditionals
            change = ("added" if walk.answer else "removed") if dropped else "changed"
            kind = "constraint dropped" if dropped else "unjudged"
            yield walk.found(kind, walk.where("if", sub, sup), f"if {change}")
