"""Comparison of `x-delivery`: judges changes of the numbers and names on which receivers rely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from callback_contract.openapi.comparing.change import Finding, fact
from callback_contract.openapi.comparing.schemas.walk import changed_value, shown
from callback_contract.openapi.contract.model import Callback, Retry
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, listed

__all__ = ["compared_facts"]

_NAMES = {
    # a pointer (or a set of pointers), and the consequence for receivers when it changes
    "correlation": "diff-why.find-by-it",
    "idempotency": "diff-why.drop-repeats",
    "state": "diff-why.store-from-there",
}


def compared_facts(old: Callback, new: Callback) -> Iterator[Finding]:
    """Yield the changes between the delivery facts of two versions of a callback."""
    before, after = old.delivery, new.delivery
    yield from _deadline(old, new)
    yield from _retry(old, new)
    yield from _limits(old, new)
    for name, reason in _NAMES.items():
        yield from _named(old, new, name, reason)
    yield from _order(_at(old, new, "order"), before.order, after.order)
    yield from _shared(old, new)
    if dict(before.stamped) != dict(after.stamped):
        yield Finding(
            "safe",
            _at(old, new, "stamped"),
            fact("diff.part-changed", keyword="stamped"),
            "diff-why.only-test-messages",
            words=True,
        )
    for name in dict.fromkeys([*before.provenance, *after.provenance]):
        if name in before.provenance and name in after.provenance and before.provenance[name] != after.provenance[name]:
            was, is_now = before.provenance[name], after.provenance[name]
            what = fact("diff.provenance-changed", name=name, old=was, new=is_now)
            yield Finding(
                "safe",
                _at(old, new, name.partition(".")[0]),
                what,
                "diff-why.how-known",
                words=True,
            )


def _at(old: Callback, new: Callback, name: str) -> str:
    gone = getattr(new.delivery, name) in (None, ()) and getattr(old.delivery, name) not in (None, ())
    return (old if gone else new).pointer + jp.join(["x-delivery", name])


def _deadline(old: Callback, new: Callback) -> Iterator[Finding]:
    before, after = old.delivery.deadline_s, new.delivery.deadline_s
    if before == after:
        return
    where = _at(old, new, "deadline_s")
    if after is None:
        yield Finding("unclear", where, fact("diff.deadline-gone", before=before or 0), "diff-why.ask-how-long")
    elif before is None:
        yield Finding("risky", where, fact("diff.deadline-new", after=after), "diff-why.takes-longer")
    else:
        level, why = ("breaking", "used-the-time") if after < before else ("safe", "have-longer")
        yield Finding(level, where, fact("diff.deadline-changed", before=before, after=after), f"diff-why.{why}")


def _retry(old: Callback, new: Callback) -> Iterator[Finding]:
    before, after = old.delivery.retry, new.delivery.retry
    if before is not None and after is not None and before.final != after.final:
        yield _final(_at(old, new, "retry"), before, after)
        before = replace(before, final=after.final)
    if before == after:
        return
    where = _at(old, new, "retry")
    if after is None:
        yield Finding(
            "risky",
            where,
            fact("diff.retries-gone"),
            "diff-why.may-be-lost",
        )
    elif before is None:
        yield Finding(
            "risky",
            where,
            fact("diff.retries-new", count=after.max_tries)
            if after.max_tries
            else fact("diff.retries-new-within", within=after.horizon_s),
            "diff-why.arrives-twice",
        )
    else:
        what = fact(
            "diff.retries-changed",
            tries=after.max_tries,
            after=after.after_s,
            old_tries=before.max_tries,
            old_after=before.after_s,
        )
        if any(each.schedule_s or each.within_s is not None for each in (before, after)):
            what = fact("diff.retries-within", within=after.horizon_s, old_within=before.horizon_s)
        if 0 < after.max_tries < before.max_tries or after.horizon_s < before.horizon_s:
            yield Finding("risky", where, what, "diff-why.gives-up-earlier")
        else:
            yield Finding("safe", where, what, "diff-why.tries-as-long")


def _final(where: str, before: Retry, after: Retry) -> Finding:
    """Statuses that end the tries, in the one version and in the other."""
    shown = [Text("diff.no-statuses") if not each.final else listed(each.final) for each in (before, after)]
    what = fact("diff.final-changed", old=shown[0], new=shown[1])
    if set(after.final or ()) - set(before.final or ()):
        return Finding("risky", where, what, "diff-why.ends-the-tries")
    return Finding("safe", where, what, "diff-why.tries-as-long")


def _limits(old: Callback, new: Callback) -> Iterator[Finding]:
    for level, harm in (("must", "breaking"), ("should", "risky")):
        before = getattr(old.delivery.accept_body_bytes, level)
        after = getattr(new.delivery.accept_body_bytes, level)
        if before == after:
            continue
        where = (old if after is None else new).pointer + jp.join(["x-delivery", "accept_body_bytes", level])
        told = Text("diff.nothing-said") if before is None else Text("diff.so-many-before", before=before)
        if after is not None and (before is None or after > before):
            yield Finding(
                harm,
                where,
                fact("diff.accept-bytes", level=level, after=after, told=told),
                "diff-why.limits-bodies",
            )
        else:
            what = fact("diff.accept-bytes", level=level, after=after, told=told)
            what = what if after else fact("diff.accept-unstated", level=level, told=told)
            yield Finding("safe", where, what, "diff-why.accept-more")


def _named(old: Callback, new: Callback, name: str, reason: str) -> Iterator[Finding]:
    before, after = getattr(old.delivery, name), getattr(new.delivery, name)
    if before == after or (name == "idempotency" and set(before) == set(after)):
        return
    where = _at(old, new, name)
    if not before:
        yield Finding(
            "risky",
            where,
            fact("diff.fact-new", name=name, value=shown(after)),
            "diff-why.chose-another",
        )
    elif not after:
        yield Finding(
            "risky",
            where,
            fact("diff.fact-gone", name=name, value=shown(before)),
            "diff-why.built-upon",
        )
    else:
        yield Finding("breaking", where, changed_value(name, before, after), reason)


def _order(where: str, before: Order | None, after: Order | None) -> Iterator[Finding]:
    if before == after:
        return
    if before is None:
        yield Finding(
            "risky",
            where,
            fact("diff.order-new"),
            "diff-why.older-over-newer",
        )
        return
    if after is None:
        yield Finding(
            "risky",
            where,
            fact("diff.order-gone"),
            "diff-why.may-drop-new",
        )
        return
    known = [state for state in before.states if state in after.states]
    for state in after.states:
        if state not in before.states:
            yield Finding(
                "risky",
                where,
                fact("diff.state-ordered", state=shown(state)),
                "diff-why.knows-old-states",
            )
    for a in known:
        for b in known:
            if before.is_before(a, b) and not after.is_before(a, b):
                yield Finding(
                    "breaking",
                    where,
                    fact("diff.no-longer-before", first=shown(a), second=shown(b)),
                    "diff-why.drops-new-state",
                )
            elif after.is_before(a, b) and not before.is_before(a, b) and not before.is_before(b, a):
                yield Finding(
                    "risky",
                    where,
                    fact("diff.before-now", first=shown(a), second=shown(b)),
                    "diff-why.may-go-back",
                )
    for state in before.terminal:
        if state not in after.terminal:
            yield Finding(
                "breaking",
                where,
                fact("diff.no-longer-ends", state=shown(state)),
                "diff-why.ignores-new-states",
            )
    for state in after.terminal:
        if state not in before.terminal:
            yield Finding(
                "risky",
                where,
                fact("diff.ends-now", state=shown(state)),
                "diff-why.stores-uncounted",
            )


def _shared(old: Callback, new: Callback) -> Iterator[Finding]:
    before, after = old.delivery.groups, new.delivery.groups
    for pointer in after:
        if pointer not in before and before:
            yield Finding(
                "risky",
                _at(old, new, "groups"),
                fact("diff.shared-now", pointer=pointer),
                "diff-why.takes-for-unique",
            )
    if set(before) - set(after) or (after and not before):
        gone = tuple(pointer for pointer in before if pointer not in after)
        yield Finding(
            "safe",
            _at(old, new, "groups"),
            fact("diff.groups-gone", pointers=gone) if gone else fact("diff.part-added", keyword="groups"),
            "diff-why.nothing-shared",
        )
