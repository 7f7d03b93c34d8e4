"""Signature stimuli: forged signatures, and correct ones in unusual spellings."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from callback_contract.contract_tests.generation.corpus import Scope
from callback_contract.contract_tests.model.cases import Case, Stimuli, stimuli
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, NotApplicable
from callback_contract.contract_tests.stimuli.http import accented
from callback_contract.contract_tests.stimuli.texts import text_members
from callback_contract.contract_tests.stimuli.valid import put
from callback_contract.mock_server.signing import Scheme, has_meaning
from callback_contract.openapi.text.message import Text, in_detail

__all__ = [
    "altered",
    "by_another_algorithm",
    "by_another_key",
    "from_the_future",
    "header_names",
    "incomplete",
    "of_old_events",
    "rotated",
    "serialised",
    "several",
    "stale",
    "tracing",
    "truncated",
    "unreadable",
    "unsigned",
]


def _scheme(scope: Scope) -> Scheme:
    if scope.signature is None:
        needs = in_detail(Text("reason.needs-signature"), Text("reason.give-signature"))
        raise LacksMeans(Means.SCHEME, needs)
    return scope.signature


def _without(scheme: Scheme, what: str) -> Text:
    why = Text(f"reason.scheme-{what}", scheme=scheme.name)
    return in_detail(why, Text("reason.name-two-keys")) if what == "one-key" else why


def _sealed(why_none: str, *kinds: str, crashes: bool = False) -> Stimuli:
    """Return stimuli that are plain but for their signature.

    With `crashes`, liveness is checked after each.
    """

    @stimuli("signature", hostile=crashes, in_turn=True)  # a receiver may block a sender of forgeries
    def forged(scope: Scope) -> Iterable[Case]:
        scheme = _scheme(scope)
        cases = [
            Case(scope.callback, Text(f"seal.{kind}"), scope.plain, seal=kind)
            for kind in kinds
            if has_meaning(scheme, kind)
        ]
        if not cases:
            limits_none = scheme.timed and why_none == _NO_TIME
            raise NotApplicable(_without(scheme, "no-limit" if limits_none else why_none))
        return cases

    forged.__qualname__ = "sealed: " + ", ".join(kinds)  # identities are numbered by it
    return forged


_NO_TIME, _NO_CASE = "no-time", "no-such-case"

unsigned = _sealed(_NO_CASE, "missing", "unsecured")
by_another_key = _sealed(_NO_CASE, "wrong")
truncated = _sealed(_NO_CASE, "truncated", "empty")
unreadable = _sealed(_NO_CASE, "non-ascii", crashes=True)
stale = _sealed(_NO_TIME, "stale")
from_the_future = _sealed(_NO_TIME, "future")
incomplete = _sealed("no-time-or-id", "missing-timestamp", "unreadable-timestamp", "missing-id", crashes=True)
by_another_algorithm = _sealed(_NO_CASE, "other-algorithm")
header_names = _sealed(_NO_CASE, "names-lower", "names-upper")
several = _sealed("one-signature", "wrong-first", "wrong-last", "version-last")
rotated = _sealed("one-key", "second-key")


@stimuli("signature", in_turn=True)
def altered(scope: Scope) -> Iterable[Case]:
    """A delivery that was changed after it was signed."""
    scheme = _scheme(scope)
    covers = (lambda _: scheme.signs_the_url) if scope.callback.by_query else scheme.covers
    signed = (member for member in text_members(scope) if member.is_free_text and covers(member.pointer))
    if member := next(signed, None):
        edit = functools.partial(put, pointer=member.pointer, value="changed after signing")
        label = Text("case.altered-text", pointer=member.pointer)
        yield Case(scope.callback, label, scope.plain, edit=edit)
    kinds = [kind for kind in ("redated", "other-id") if has_meaning(scheme, kind)]
    yield from (Case(scope.callback, Text(f"seal.{kind}"), scope.plain, seal=kind) for kind in kinds)
    if member is None and not kinds:
        raise NotApplicable(_without(scheme, "no-text"))


@stimuli("signature", in_turn=True, about_json=True)
def serialised(scope: Scope) -> Iterable[Case]:
    """What serialisers write in different ways."""
    scheme = _scheme(scope)
    if not scheme.signs_the_body:
        raise NotApplicable(_without(scheme, "no-body"))
    # No markup: a firewall may refuse it in one spelling and not in another.
    yield Case(scope.callback, Text("case.serialised"), accented(scope, "a/b & é 中 \U0001f600"))


@stimuli("signature", in_turn=True)
def of_old_events(scope: Scope) -> Iterable[Case]:
    """An event older than the tolerance, signed now: a late retry."""
    scheme = _scheme(scope)
    if not scheme.timed:
        raise NotApplicable(_without(scheme, _NO_TIME))
    retry = scope.callback.delivery.retry
    age_s = int(scheme.tolerance_s + (retry.horizon_s if retry else 0))
    label = Text("case.old-event", age_s=age_s)
    yield Case(scope.callback, label, scope.plain, later_s=-age_s)


@stimuli("signature", in_turn=True)
def tracing(scope: Scope) -> Iterable[Case]:
    """A stored message, and a forged delivery with a later state of it."""
    scheme = _scheme(scope)
    order = scope.callback.delivery.order
    if order is None or scope.callback.delivery.correlation is None:
        raise NotApplicable(Text("reason.cannot-follow"))
    life = max(order.lives, key=len)
    for kind in scope.depth.pick(("wrong",), ("wrong",), ("wrong", "missing", "stale")):
        if has_meaning(scheme, kind):
            label = Text("case.later-state", what=Text(f"seal.{kind}"))
            yield Case(scope.callback, label, scope.plain, seal=kind, states=life[:2])
