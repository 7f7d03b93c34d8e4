"""Schema comparison: walks two schemas in parallel and reports each difference with its pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from callback_contract.openapi.comparing.change import Finding, fact
from callback_contract.openapi.comparing.schemas.alternatives import by_alternative, conditions, groups, negations
from callback_contract.openapi.comparing.schemas.annotations import notes
from callback_contract.openapi.comparing.schemas.containers import arrays, objects
from callback_contract.openapi.comparing.schemas.inclusion import are_same, listed_in, values_of
from callback_contract.openapi.comparing.schemas.normal_form import Flat, flatten, kind_of
from callback_contract.openapi.comparing.schemas.scalars import list_fact, listed, numbers, strings, types
from callback_contract.openapi.comparing.schemas.schema_nodes import Located, Node, Reader
from callback_contract.openapi.comparing.schemas.walk import Walk, best, is_safe

__all__ = ["compared_schemas"]

_KEYWORDS = (
    # the types to which each group of keywords applies; values of other types satisfy all of its keywords
    (frozenset(["integer", "fraction"]), numbers),
    (frozenset(["string"]), strings),
    (frozenset(["array"]), arrays),
    (frozenset(["object"]), objects),
)


def compared_schemas(old: Reader, new: Reader, *, answer: bool = False) -> list[Finding]:
    """Compare two schemas.

    Args:
        answer: Whether the receiver writes the value (a response) and the provider reads it; else the provider
            writes it (a delivery).

    Returns:
        The changes; all of them are safe only if inclusion is proved (see `verdicts`).
    """
    nodes = [(Located(reader, reader.root, ""),) for reader in ((old, new) if answer else (new, old))]
    walk = Walk(answer=answer, alike=old.alike, descend=_nodes)
    return list(dict.fromkeys(_nodes(walk, nodes[0], nodes[1])))


def _nodes(walk: Walk, sub: Node, sup: Node) -> list[Finding]:
    if not sup:
        return []  # an empty node excludes nothing, so nothing can break it
    key = (tuple(located.key for located in sub), tuple(located.key for located in sup))
    if walk.alike.are(sub, sup):
        return []
    if key in walk.seen or key in walk.stack:
        return []  # a recursive schema: what is being shown may be used below, since JSON values are finite
    inner = walk.entered(key)
    if inner.is_exhausted:
        return [walk.found("unjudged", walk.where_node(sub, sup), fact("diff.too-large"))]
    try:
        findings = _flats(inner, flatten(sub), flatten(sup))
        told = [finding for finding in findings if finding.note]
        return told if len(told) == len(findings) or are_same(sub, sup) else findings
    except (ValueError, ArithmeticError) as cause:
        why = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        return [walk.found("unjudged", walk.where_node(sub, sup), fact("diff.cannot-compare", why=why))]


def _flats(walk: Walk, sub: Flat, sup: Flat) -> list[Finding]:
    if walk.is_exhausted:
        where = sub.place or sup.place
        return [walk.found("unjudged", where.in_document if where else "", fact("diff.too-large"))]
    values = values_of(sub)
    if not sub.kinds or values == ():
        return []  # nothing satisfies it
    remarks = list(notes(walk, sub, sup))
    walk = replace(walk, optional=False)
    found = _guaranteed(walk, sub, sup)
    if values is not None:
        return [*found, *remarks]
    combined = [*_combined(walk, sub, sup)]
    if sub.groups and not sup.groups and is_safe([*found, *combined]):
        keyword = sub.groups[0].keyword
        combined.append(walk.found("narrowed", walk.where(keyword, sub, sup), walk.gained(keyword)))
    return [*found, *combined, *remarks]


def _guaranteed(walk: Walk, sub: Flat, sup: Flat) -> list[Finding]:
    """Compare the constraints of `sup` for all values with what `sub` or each of its alternatives guarantees."""
    found = _constraints(walk, sub, sup)
    if is_safe(found) or walk.is_exhausted or values_of(sub) is not None:
        return found
    return best([*(by_alternative(walk, sub, group, sup, _guaranteed) for group in sub.groups), found])


def _constraints(walk: Walk, sub: Flat, sup: Flat) -> list[Finding]:
    """Compare everything but combinations of schemas."""
    values = values_of(sub)
    if not sub.kinds or values == ():
        return []
    if values is not None:
        kinds = frozenset(map(kind_of, values))
        return [*types(walk, sub, sup, kinds), *listed(walk, values, sub, sup)]
    found = list(types(walk, sub, sup, sub.possible_kinds))
    common = replace(sub, kinds=sub.kinds & sup.kinds)
    found += _opened(walk, common, sup)
    for kinds, compare in _KEYWORDS:
        if common.kinds & kinds:
            found += compare(walk, common, sup)
    return found


def _opened(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Yield that `sup` lists what may come, by itself or as alternatives, and `sub` does not."""
    for keyword, values in [("", sup.values), *((group.keyword, listed_in(group)) for group in sup.groups)]:
        if values is None or not sub.kinds or (keyword and sub.groups):
            continue
        plain = not any(isinstance(value, (list, dict)) for value in values)
        plain = plain and (not keyword or sub.kinds <= set(map(kind_of, values)))
        kind = "list opened" if plain and not walk.answer else "values opened"
        where = walk.where(keyword or ("const" if "const" in sup.at else "enum"), sub, sup)
        yield walk.found(kind, where, list_fact(added=walk.answer))


def _combined(walk: Walk, sub: Flat, sup: Flat) -> Iterator[Finding]:
    """Compare the combined parts: groups, negations and conditions."""
    common = replace(sub, kinds=sub.kinds & sup.kinds)
    if common.kinds:
        yield from groups(walk, common, sup, _flats)
    yield from negations(walk, sub, sup)
    yield from conditions(walk, sub, sup)
    for index, part in enumerate(sup.rest):
        candidates = [*sub.rest[index : index + 1], replace(sub, rest=()), *sub.rest]
        yield from best([_flats(walk.trial(), mine, part) for mine in candidates])
    for keyword in ("unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$id"):
        if keyword in sup.many or (keyword == "$id" and keyword in sub.many):
            yield walk.found("unjudged", walk.where(keyword, sub, sup), fact("diff.schema-with", keyword=keyword))
