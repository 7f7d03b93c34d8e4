"""Comparison of scalars: compares types, bounds, patterns and listed values of two schemas."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from callback_contract.openapi.comparing.change import Fact, Finding, fact
from callback_contract.openapi.comparing.schemas.inclusion import refused, tolerated, values_of
from callback_contract.openapi.comparing.schemas.normal_form import Flat, canonical, kind_of
from callback_contract.openapi.comparing.schemas.walk import Walk, shown
from callback_contract.openapi.text.message import Text, either

__all__ = ["least", "list_fact", "listed", "most", "null_new", "numbers", "strings", "types"]


def types(walk: Walk, sub: Flat, sup: Flat, kinds: frozenset[str]) -> Iterator[Finding]:
    """Compare types; `kinds` are the types that `sub` can have."""
    extra = kinds - sup.kinds
    old, new = walk.old_new(kinds, sup.kinds)
    where = walk.where("type", sub, sup)
    if extra:
        only_null = extra == {"null"} and len(sup.kinds) > 0
        yield walk.found("type", where, null_new(walk) if only_null else _changed(old, new))
    elif not (sub.groups or sup.groups) and sub.kinds < sup.kinds and old != new:
        yield walk.found("narrowed", where, _changed(old, new))


def null_new(walk: Walk) -> Fact:
    """Return the fact that the writer may write null and the reader was promised none."""
    return fact("diff.null-gone") if walk.answer else fact("diff.null-new")


def _changed(old: frozenset[str], new: frozenset[str]) -> Fact:
    return fact("diff.type-changed", old=_named(old), new=_named(new))


def _named(kinds: frozenset[str]) -> Text:
    if len(kinds) == 7:
        return Text("diff.any-type")
    names = set(kinds)
    if "fraction" in names:
        names = names - {"fraction", "integer"} | {"number"}
    return either(sorted(names)) if names else Text("diff.no-type")


def listed(walk: Walk, values: tuple[Any, ...], sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare a schema with listed values: validate each value by the other schema."""
    values = tuple(value for value in values if kind_of(value) in sup.kinds)
    bad = refused(values, sup.sources)
    harmless = set() if walk.answer else set(map(canonical, tolerated(bad, sup.sources)))
    keyword = "const" if "const" in (sup if walk.answer else sub).at else "enum"
    where = walk.where(keyword, sub, sup)
    for value in bad:
        kind = "value" if canonical(value) in harmless else "value refused"
        yield walk.found(kind, where, value_fact(shown(value), new=not walk.answer))
    before = values_of(sup)
    if before is None:
        if sub.values is not None or sub.groups:
            yield walk.found("narrowed", where, list_fact(added=not walk.answer))
        return
    known = set(map(canonical, values))
    for value in before:
        if canonical(value) not in known:
            yield walk.found("narrowed", where, value_fact(shown(value), new=walk.answer))


def value_fact(value: str, *, new: bool) -> Fact:
    """Return the fact that a value may come now, or no longer."""
    return fact("diff.value-new", value=value) if new else fact("diff.value-gone", value=value)


def list_fact(*, added: bool) -> Fact:
    """Return the fact that a list closes what may come, or no longer."""
    return fact("diff.list-added") if added else fact("diff.list-removed")


def numbers(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare bounds and steps of numbers."""
    integral = "fraction" not in sub.kinds
    for side, sign in (("minimum", 1), ("maximum", -1)):
        mine, theirs = _edge(sub, side, sign, integral), _edge(sup, side, sign, integral)
        if mine[0] == theirs[0]:
            continue
        held = mine[0] >= theirs[0]
        keyword = mine[1] if mine[1] == theirs[1] or theirs[2] is None else theirs[1]
        yield walk.changed("narrowed" if held else "bound", keyword, sub, sup, (mine[2], theirs[2]))
    mine_steps = [step.value for step in sub.many.get("multipleOf", ())]
    theirs_steps = [step.value for step in sup.many.get("multipleOf", ())]
    of_mine = [Fraction(str(step)) for step in mine_steps] + ([Fraction(1)] if integral else [])
    for step in theirs_steps:
        if step not in mine_steps:
            held = any((mine_step / Fraction(str(step))).denominator == 1 for mine_step in of_mine)
            yield walk.changed(
                "narrowed" if held else "bound", "multipleOf", sub, sup, (mine_steps[0] if mine_steps else None, step)
            )
    if mine_steps and not theirs_steps:
        yield walk.changed("narrowed", "multipleOf", sub, sup, (mine_steps[0], None))


def _edge(flat: Flat, side: str, sign: int, integral: bool) -> tuple[tuple[Any, bool], str, Any]:
    """Return the effective bound as a comparable edge, with its keyword and value.

    The greater edge is the stricter bound.
    """
    strict = "exclusive" + side.capitalize()
    candidates: list[tuple[tuple[Any, bool], str, Any]] = [((-math.inf, False), side, None)]
    if side in flat.limits:
        value = flat.limits[side]
        candidates.append(((math.ceil(sign * value) if integral else sign * value, False), side, value))
    if strict in flat.limits:
        value = flat.limits[strict]
        edge = (math.floor(sign * value) + 1, False) if integral else (sign * value, True)
        candidates.append((edge, strict, value))
    return max(candidates, key=lambda candidate: candidate[0])


def strings(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare lengths and regular expressions of texts."""
    yield from least(walk, "minLength", sub, sup)
    yield from most(walk, "maxLength", sub, sup)
    mine = [pattern.value for pattern in sub.many.get("pattern", ())]
    theirs = [pattern.value for pattern in sup.many.get("pattern", ())]
    for pattern in theirs:
        if pattern not in mine:
            kind = "pattern" if mine else "pattern dropped"
            yield walk.changed(kind, "pattern", sub, sup, (mine[0] if mine else None, pattern))
    if mine and not theirs:
        yield walk.changed("narrowed", "pattern", sub, sup, (mine[0], None))


def least(walk: Walk, keyword: str, sub: Flat, sup: Flat, implied: int = 0) -> Iterator[Finding]:
    """Compare a lower bound of a count; `implied` is the bound by other keywords."""
    mine, theirs = sub.limits.get(keyword), sup.limits.get(keyword)
    if (mine or 0) != (theirs or 0):
        held = max(mine or 0, implied) >= (theirs or 0)
        yield walk.changed("narrowed" if held else "bound", keyword, sub, sup, (mine, theirs))


def most(walk: Walk, keyword: str, sub: Flat, sup: Flat, implied: float = math.inf) -> Iterator[Finding]:
    """Compare an upper bound of a count; `implied` is the bound by other keywords."""
    mine, theirs = sub.limits.get(keyword), sup.limits.get(keyword)
    if mine != theirs:
        held = theirs is None or min(math.inf if mine is None else mine, implied) <= theirs
        yield walk.changed("narrowed" if held else "bound", keyword, sub, sup, (mine, theirs))
