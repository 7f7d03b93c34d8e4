"""Comparison of `anyOf`, `oneOf`, `not` and `if`: compares each alternative with what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from callback_contract.openapi.comparing.change import LEVELS, Fact, Finding, fact
from callback_contract.openapi.comparing.schemas.inclusion import are_disjoint, are_same, listed_in
from callback_contract.openapi.comparing.schemas.normal_form import Flat, Group, flatten, merged
from callback_contract.openapi.comparing.schemas.pairing import Alternative, paired
from callback_contract.openapi.comparing.schemas.scalars import null_new
from callback_contract.openapi.comparing.schemas.schema_nodes import ANYTHING, Node
from callback_contract.openapi.comparing.schemas.walk import Walk, best, is_safe, severity

__all__ = ["by_alternative", "conditions", "groups", "negations"]

Judge = Callable[[Walk, Flat, Flat], list[Finding]]


def _alternatives(flat: Flat, group: Group, *, plain: bool = False) -> list[Alternative]:
    """Return one conjunction per branch of a group.

    Together they allow at least the values that the whole schema allows.

    Args:
        plain: Leave out other combinations, which are compared on their own.
    """
    base = replace(flat, groups=tuple(other for other in flat.groups if other is not group))
    if plain:
        base = replace(base, groups=(), nots=(), conditionals=(), rest=())
    parts = [(branch, flatten(branch)) for branch in group.branches]
    # A branch that refers to its own schema allows nothing that the others do not.
    kept = [part for part in parts if all(inner.at.key != group.at.key for inner in part[1].groups)] or parts
    return [Alternative(branch, merged(base, flat)) for branch, flat in kept]


def by_alternative(walk: Walk, sub: Flat, group: Group, sup: Flat, judge: Judge) -> list[Finding]:
    """Compare each alternative of `sub` with the constraints that `sup` has for all values.

    A guarantee that the whole does not give may be given by each of its alternatives. Where `sup` has no alternatives,
    it is the one form that became one of several.
    """
    mine = _alternatives(sub, group)
    found = [judge(walk.trial(), each.flat, sup) for each in mine]
    broken = [index for index, findings in enumerate(found) if not is_safe(findings)]
    kept = set(broken) if sup.groups else _kept(mine, broken, sup)
    told = [each for findings in found if is_safe(findings) for each in findings if each.level != "safe"]
    for index in broken:
        if index in kept:
            several = len(mine) > 1
            told += [_within(each, mine[index]) if several else each for each in found[index] if each.level != "safe"]
        else:
            told.append(_as_a_whole(walk, found[index], mine[index], mine[index].node[0].in_document))
    return told


def _kept(mine: Sequence[Alternative], broken: Sequence[int], sup: Flat) -> set[int]:
    """Return the broken alternatives that continue the one form of before; any other one is new.

    It is continued at most once for values of one type: by the alternative of its name, else by one that is not broken.
    """
    form = Alternative(sup.sources, sup)
    if form.name and (named := {index for index in broken if mine[index].name == form.name}):
        return named
    whole = [index for index in range(len(mine)) if index not in broken]
    free = [
        index
        for index in broken
        if mine[index].flat.kinds & sup.kinds
        and not any(mine[index].flat.kinds & mine[other].flat.kinds & sup.kinds for other in whole)
    ]
    if len(free) == 1:
        return set(free)
    pairs = paired([mine[index] for index in free], [form])
    return {free[index] for index in pairs}


def _within(finding: Finding, alternative: Alternative) -> Finding:
    """Return a finding in words that are true of one alternative, whatever the others have."""
    if finding.what.key != "diff.member-gone":
        return finding
    name = str(finding.what.argument("name"))
    return replace(finding, what=fact("diff.member-not-in", name=name, alternative=alternative.title))


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
            yield from _fitted(walk, (sub, mine), (sup, theirs), judge)
        elif sub.groups or listed_in(theirs) is None:  # a list that was dropped is reported as one
            yield from _fitted(walk, (sub, None), (sup, theirs), judge)


def _counterpart(group: Group, flat: Flat) -> Group | None:
    for other in flat.groups:
        if (
            other.keyword == group.keyword
            and len(other.branches) == len(group.branches)
            and all(are_same(a, b) for a, b in zip(other.branches, group.branches, strict=True))
        ):
            return other
    return None


def _fitted(walk: Walk, mine: tuple[Flat, Group | None], theirs: tuple[Flat, Group], judge: Judge) -> Iterator[Finding]:
    sub, group = mine
    others = _alternatives(*theirs, plain=True)
    if group is not None:
        parts = _alternatives(sub, group)
    elif len(others) == 1 or len(_by_kind(sub)) == 1:
        parts = [Alternative(sub.sources, sub)]
    else:
        parts = [Alternative((), piece) for piece in _by_kind(sub)]
    pairs = paired(parts, others)
    used = set(pairs.values())
    for index, part in enumerate(parts):
        pair = pairs.get(index)
        found, chosen = _fit(walk, part, others, judge, pair)
        if not is_safe(found) and len(_by_kind(part.flat)) > 1:
            pieces = [Alternative((), piece) for piece in _by_kind(part.flat)]
            split = [_fit(walk, piece, others, judge, None) for piece in pieces]
            if all(is_safe(piece) for piece, _ in split):
                found, chosen = [finding for piece, _ in split for finding in piece], None
                used |= {other for _, other in split if other is not None}
        used |= set() if chosen is None or not is_safe(found) else {chosen}
        where = part.node[0].in_document if part.node else _place(part.flat, theirs[1])
        if pair is not None and pair == chosen:
            yield from found
        elif not is_safe(found):
            yield _as_a_whole(walk, found, part, where)
        else:
            yield from (each for each in found if each.level != "safe")  # notes
            yield from _safe(
                walk, part, judge(walk.trial(), part.flat, others[pair].flat) if pair is not None else None
            )
        if (
            theirs[1].keyword == "oneOf"
            and is_safe(found)
            and not _fits_only_one(walk, (part.flat, index), [each.flat for each in others], chosen, group)
        ):
            yield walk.found("overlap", where, fact("diff.may-overlap", alternative=part.title))
    for index in sorted(set(range(len(others))) - used):
        yield walk.found("narrowed", others[index].node[0].in_document, _come(others[index], new=walk.answer))


def _safe(walk: Walk, part: Alternative, findings: list[Finding] | None) -> Iterator[Finding]:
    """Yield what changed in an alternative that another one of before includes; that it is new if it was none."""
    if findings is not None:
        for each in findings:
            yield walk.found("narrowed", each.where, each.what)
    elif part.node:
        yield walk.found("narrowed", part.node[0].in_document, _come(part, new=not walk.answer))


def _come(alternative: Alternative, *, new: bool) -> Fact:
    if alternative.flat.kinds == {"null"}:
        return fact("diff.null-new") if new else fact("diff.null-gone")
    title = alternative.title
    return fact("diff.alternative-new", title=title) if new else fact("diff.alternative-gone", title=title)


def _by_kind(flat: Flat) -> list[Flat]:
    number = flat.kinds & {"integer", "fraction"}
    kinds = [number] if number else []
    kinds += [frozenset([kind]) for kind in sorted(flat.kinds - number)]
    return [replace(flat, kinds=kind) for kind in kinds]


def _fit(
    walk: Walk, part: Alternative, branches: Sequence[Alternative], judge: Judge, pair: int | None
) -> tuple[list[Finding], int | None]:
    """Return the findings for the branch that a part was, and its index.

    Any branch will do that includes the part; a part that was none is compared with the one that it fits best.
    """
    order = sorted(range(len(branches)), key=lambda index: index != pair)
    tried: dict[int, list[Finding]] = {}
    for index in order:
        if pair is not None and index != pair and part.is_told_from(branches[index]):
            continue
        tried[index] = judge(walk.trial(), part.flat, branches[index].flat)
        if is_safe(tried[index]):
            return tried[index], index
    chosen = pair if pair is not None else min(tried, key=lambda index: severity(tried[index]), default=None)
    if chosen is None:
        return [walk.found("alternative", "", fact("diff.no-alternatives"))], None
    return tried[chosen], chosen


def _as_a_whole(walk: Walk, found: list[Finding], part: Alternative, where: str) -> Finding:
    """Return the finding that an alternative as a whole is new (or gone).

    Its level is that of the branch that the alternative fits best.
    """
    if part.flat.kinds == {"null"}:
        return walk.found("type", where, null_new(walk))
    level = LEVELS[severity(found)]
    what = (
        _come(part, new=not walk.answer) if part.node else fact("diff.fit-none", kinds=tuple(sorted(part.flat.kinds)))
    )
    whole = walk.found("alternative", where, what)
    if level == whole.level:
        return whole
    return replace(whole, level=level, why=next(finding.why for finding in found if finding.level == level))


def _place(flat: Flat, theirs: Group) -> str:
    return flat.place.in_document if flat.place else theirs.at.in_document


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
        kind = "unjudged" if sub.nots else "constraint dropped"
        what = fact("diff.part-changed", keyword="not") if sub.nots else walk.dropped("not")
        yield walk.found(kind, walk.where("not", sub, sup), what)
    if sub.nots and not sup.nots:
        yield walk.found("narrowed", walk.where("not", sub, sup), walk.gained("not"))


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
            kind = "unjudged" if sub.conditionals else "constraint dropped"
            what = fact("diff.part-changed", keyword="if") if sub.conditionals else walk.dropped("if")
            yield walk.found(kind, walk.where("if", sub, sup), what)
