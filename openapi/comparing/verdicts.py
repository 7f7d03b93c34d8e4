"""Verdict table of the comparison: the level of each kind of schema change in each direction, with its reason.

A delivery is written by the provider and read by the receiver; an answer the other way round. What its reader was told
before has to stay true for everything that its writer may write now, so one direction's widening is the other's
narrowing. A *forward-compatible* receiver reads by the tolerant form of the old schema: closed lists of
scalars and closed objects are open to it. Hence, for a delivery:

    every body of the new schema satisfies the old one                              safe
    every one satisfies at least the old one's tolerant form                        risky
    some body does not satisfy even that                                            breaking
    it cannot be decided (a changed regular expression, overlapping alternatives)   unclear

and for an answer, whose reader (the provider) is promised nothing but the contract:

    every answer of the old schema satisfies the new one                            safe
    some does not                                                                   breaking

Three kinds are judged by what happens rather than by the letter of open objects, and are risky for it: a member that
is named for the first time, an optional member that is named no longer (the letter of the open object allows any
value there now; a provider that stops documenting a member stops sending it), and a member that answers may have now
(only a receiver that already answers something else under that name is hurt). None of the three is called safe, so
that "safe" always means inclusion.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Verdict", "verdict"]


@dataclass(frozen=True)
class Verdict:
    """A level and the key of the sentence that explains it."""

    level: str
    why: str


_DELIVERY = {
    "narrowed": "safe",
    "type": "breaking",
    "value": "risky",
    "value refused": "breaking",
    "list opened": "risky",
    "values opened": "breaking",
    "bound": "breaking",
    "pattern dropped": "breaking",
    "pattern": "unclear",
    "format": "risky",
    "encoding": "risky",
    "member added": "risky",
    "member lost": "breaking",
    "optional lost": "risky",
    "required dropped": "breaking",
    "object opened": "risky",
    "constraint dropped": "breaking",
    "alternative": "breaking",
    "overlap": "unclear",
    "discriminator": "breaking",
    "discriminator value": "risky",
    "discriminator lost": "safe",
    "default": "risky",
}
_ANSWER = {
    "narrowed": "safe",
    "type": "breaking",
    "value refused": "breaking",
    "values opened": "breaking",
    "bound": "breaking",
    "pattern dropped": "breaking",
    "pattern": "unclear",
    "format": "risky",
    "encoding": "risky",
    "answer member named": "risky",
    "answer member refused": "breaking",
    "required dropped": "breaking",
    "object opened": "breaking",
    "constraint dropped": "breaking",
    "alternative": "breaking",
    "overlap": "unclear",
    "discriminator": "breaking",
    "discriminator value": "safe",
    "discriminator lost": "breaking",
    "default": "risky",
}
_BOTH = {
    "text": "safe",
    "direction mark": "unclear",
    "unjudged": "unclear",
}


def verdict(kind: str, *, answer: bool) -> Verdict:
    """Return the verdict on a kind of change; `narrowed` is safe by inclusion."""
    name = kind.replace(" ", "-")
    if kind in _BOTH:
        return Verdict(_BOTH[kind], f"diff-why.{name}")
    if answer:
        return Verdict(_ANSWER[kind], f"diff-why.answer-{name}")
    return Verdict(_DELIVERY[kind], f"diff-why.delivery-{name}")
