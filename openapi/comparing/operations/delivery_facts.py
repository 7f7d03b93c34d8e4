"""Comparison of `x-delivery`: judges changes of the numbers and names on which receivers rely."""

from __future__ import annotations

from collections.abc import Iterator

from callback_contract.openapi.comparing.schemas.walk import Finding, shown
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["compared_facts"]

_NAMES = {
    # a pointer (or a set of pointers), and the consequence for receivers when it changes
    "correlation": "Receivers find the message by it, and would look where nothing or something else stands.",
    "idempotency": "Receivers drop what repeats under the old key, and would drop new events or apply one twice.",
    "state": "Receivers store the state from there, and would store something else.",
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
            "stamped changed",
            "It only tells this kit what to fill in test messages.",
            words=True,
        )
    for name in dict.fromkeys([*before.provenance, *after.provenance]):
        if name in before.provenance and name in after.provenance and before.provenance[name] != after.provenance[name]:
            what = f"provenance of {name} changed from {before.provenance[name]} to {after.provenance[name]}"
            yield Finding(
                "safe",
                _at(old, new, name.partition(".")[0]),
                what,
                "How a fact is known changed, not the fact.",
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
    if before is None:
        yield Finding(
            "risky",
            where,
            f"a deadline of {after} s is stated now",
            "A receiver that takes longer counts as failed; nobody told it before.",
        )
    elif after is None:
        yield Finding(
            "unclear",
            where,
            f"the deadline of {before} s is no longer stated",
            "How long the provider waits now has to be asked.",
        )
    elif after < before:
        yield Finding(
            "breaking",
            where,
            f"the deadline is {after} s instead of {before} s",
            "A receiver that used the time it had counts as failed now.",
        )
    else:
        yield Finding("safe", where, f"the deadline is {after} s instead of {before} s", "Receivers have longer.")


def _retry(old: Callback, new: Callback) -> Iterator[Finding]:
    before, after = old.delivery.retry, new.delivery.retry
    if before == after:
        return
    where = _at(old, new, "retry")
    if after is None:
        yield Finding(
            "risky",
            where,
            "retries are no longer promised",
            "A delivery that fails once may be lost; receivers that leaned on retries lose messages.",
        )
    elif before is None:
        yield Finding(
            "risky",
            where,
            f"failed deliveries are tried again, {after.max_tries} times",
            "The same event may arrive more than once, and a receiver that was never told applies it twice.",
        )
    else:
        what = (
            f"retries are {after.max_tries} times after {after.after_s} s instead of "
            f"{before.max_tries} times after {before.after_s} s"
        )
        if after.max_tries < before.max_tries or after.max_tries * after.after_s < before.max_tries * before.after_s:
            yield Finding(
                "risky",
                where,
                what,
                "The provider gives up earlier; a receiver that is down for as long as it could be before "
                "loses messages.",
            )
        else:
            yield Finding(
                "safe", where, what, "The provider tries for at least as long, and redeliveries were announced before."
            )


def _limits(old: Callback, new: Callback) -> Iterator[Finding]:
    for level, harm in (("must", "breaking"), ("should", "risky")):
        before = getattr(old.delivery.accept_body_bytes, level)
        after = getattr(new.delivery.accept_body_bytes, level)
        if before == after:
            continue
        where = (old if after is None else new).pointer + jp.join(["x-delivery", "accept_body_bytes", level])
        told = "nothing was said before" if before is None else f"{before} before"
        if after is not None and (before is None or after > before):
            yield Finding(
                harm,
                where,
                f"receivers {level} accept bodies of {after} bytes ({told})",
                "A receiver, or a proxy before it, that limits bodies to less refuses larger ones.",
            )
        else:
            yield Finding(
                "safe",
                where,
                f"receivers {level} accept bodies of {after or 'any stated number of'} bytes ({told})",
                "Receivers accept more than is asked.",
            )


def _named(old: Callback, new: Callback, name: str, reason: str) -> Iterator[Finding]:
    before, after = getattr(old.delivery, name), getattr(new.delivery, name)
    if before == after or (name == "idempotency" and set(before) == set(after)):
        return
    where = _at(old, new, name)
    if not before:
        yield Finding(
            "risky",
            where,
            f"{name} is {shown(after)}; nothing was said before",
            "A receiver that chose another one, for lack of a word, works differently now.",
        )
    elif not after:
        yield Finding(
            "risky",
            where,
            f"{name} {shown(before)} is no longer stated",
            "Receivers are built upon it, and nothing says any more that it holds.",
        )
    else:
        yield Finding("breaking", where, f"{name} is {shown(after)} instead of {shown(before)}", reason)


def _order(where: str, before: Order | None, after: Order | None) -> Iterator[Finding]:
    if before == after:
        return
    if before is None:
        yield Finding(
            "risky",
            where,
            "an order of states is stated now",
            "A receiver that stored states as they came may store an older one over a newer one.",
        )
        return
    if after is None:
        yield Finding(
            "risky",
            where,
            "the order of states is no longer stated",
            "A receiver that drops what comes late by the old order may drop what is new.",
        )
        return
    known = [state for state in before.states if state in after.states]
    for state in after.states:
        if state not in before.states:
            yield Finding(
                "risky",
                where,
                f"the state {shown(state)} takes part in the order",
                "A receiver that knows only the old states does not know what comes before and after it.",
            )
    for a in known:
        for b in known:
            if before.is_before(a, b) and not after.is_before(a, b):
                yield Finding(
                    "breaking",
                    where,
                    f"{shown(a)} no longer comes before {shown(b)}",
                    "A receiver that drops what comes late by the old order drops a new state.",
                )
            elif after.is_before(a, b) and not before.is_before(a, b) and not before.is_before(b, a):
                yield Finding(
                    "risky",
                    where,
                    f"{shown(a)} comes before {shown(b)} now",
                    "A receiver that knew no order between the two may go back from the later one.",
                )
    for state in before.terminal:
        if state not in after.terminal:
            yield Finding(
                "breaking",
                where,
                f"the state {shown(state)} no longer ends a message's life",
                "A receiver that ignores what comes after it ignores new states.",
            )
    for state in after.terminal:
        if state not in before.terminal:
            yield Finding(
                "risky",
                where,
                f"the state {shown(state)} ends a message's life now",
                "A receiver that goes on after it stores what no longer counts.",
            )


def _shared(old: Callback, new: Callback) -> Iterator[Finding]:
    before, after = old.delivery.groups, new.delivery.groups
    for pointer in after:
        if pointer not in before and before:
            yield Finding(
                "risky",
                _at(old, new, "groups"),
                f"many messages may share {pointer}",
                "A receiver that takes it for unique writes one message over another.",
            )
    if set(before) - set(after) or (after and not before):
        gone = ", ".join(pointer for pointer in before if pointer not in after) or "nothing"
        yield Finding(
            "safe",
            _at(old, new, "groups"),
            f"groups changed: {gone} no longer named",
            "Nothing new is shared by several messages.",
        )
