"""Verdict table of the comparison: the level of each kind of schema change in each direction, with its reason.

A delivery is written by the provider and read by the receiver; an answer the other way round. What its reader was told
before has to stay true for everything that its writer may write now, so one direction's widening is the other's
narrowing. A *forward-compatible* receiver (judgement.md) reads by the tolerant form of the old schema: closed lists of
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
    """A level and the sentence that explains it."""

    level: str
    reason: str


_SAFE_DELIVERY = "Every delivery that the new contract allows, the old one allowed, too."
_SAFE_ANSWER = "Every answer that the old contract allowed is still accepted."

_DELIVERY = {
    "type": ("breaking", "A receiver that reads the old type fails on a value of another one."),
    "value": (
        "risky",
        "A receiver that knows only the listed values may refuse or misread a new one; a forward-compatible "
        "receiver stores it as it came.",
    ),
    "value refused": ("breaking", "The old contract refuses this value, and so may a receiver that relies on it."),
    "list opened": (
        "risky",
        "Values that no list names may come; a forward-compatible receiver stores them as they come, a strict"
        " one refuses them.",
    ),
    "values opened": ("breaking", "The old contract named every value that can come, and now others can."),
    "bound": (
        "breaking",
        "A value beyond the old bound may come, and a receiver may have a column, a type or a check of "
        "exactly that size.",
    ),
    "pattern dropped": ("breaking", "A receiver that takes texts of the old form apart fails on any other text."),
    "pattern": (
        "unclear",
        "Whether the new regular expression allows a text that the old one refused cannot be decided here; "
        "compare the two.",
    ),
    "format": (
        "risky",
        "A format only annotates, so no validation changes, but a receiver that parses values of the old form"
        " may fail on another one.",
    ),
    "encoding": ("risky", "A receiver that decodes the text as the old contract says may fail on it."),
    "member added": (
        "risky",
        "A receiver that refuses members it does not know fails; a forward-compatible one ignores the member.",
    ),
    "member lost": ("breaking", "A receiver that relies on the member, which was always there, fails without it."),
    "optional lost": (
        "risky",
        "Receivers cope without it, but what it carried no longer comes, and nothing says any more what may "
        "stand under that name.",
    ),
    "required dropped": ("breaking", "The member may be missing now, and a receiver that relies on it fails."),
    "object opened": (
        "risky",
        "Members that no name announces may come; a forward-compatible receiver ignores them, a strict one "
        "refuses the body.",
    ),
    "constraint dropped": ("breaking", "Bodies that the old contract excluded may come now."),
    "alternative": ("breaking", "A body of this form fits none of the forms that a receiver was told of."),
    "overlap": (
        "unclear",
        "The old contract wants exactly one form to fit, and whether a body may fit two of them cannot be "
        "decided here.",
    ),
    "discriminator": ("breaking", "A receiver that chooses the form by this member chooses wrongly or not at all."),
    "discriminator value": ("risky", "A receiver that chooses the form by this value does not know the new one."),
    "discriminator lost": ("safe", "The value no longer comes; no delivery is new."),
}
_ANSWER = {
    "type": ("breaking", "A receiver that answers a value of the old type is no longer understood."),
    "value refused": ("breaking", "A receiver that answers this value is no longer understood."),
    "values opened": ("breaking", "A receiver may answer a value that is not in the new list."),
    "bound": ("breaking", "A receiver may answer a value that the old bounds allowed and the new ones refuse."),
    "pattern dropped": ("breaking", "A receiver may answer a text that does not have the newly demanded form."),
    "pattern": (
        "unclear",
        "Whether the new regular expression refuses a text that the old one allowed cannot be decided here; "
        "compare the two.",
    ),
    "format": ("risky", "A format only annotates, but a provider that parses the answer may expect the new form."),
    "encoding": ("risky", "A provider that decodes the answer as the new contract says may fail on an old one."),
    "answer member named": (
        "risky",
        "A receiver that already answers something else under this name is no longer understood.",
    ),
    "answer member refused": ("breaking", "A receiver that answers this member is no longer understood."),
    "required dropped": ("breaking", "A receiver that was right to leave the member out is now wrong."),
    "object opened": ("breaking", "A receiver that answers members of its own is no longer understood."),
    "constraint dropped": ("breaking", "A receiver may answer what the new constraint excludes."),
    "alternative": ("breaking", "A receiver that answers in this form is no longer understood."),
    "overlap": (
        "unclear",
        "The new contract wants exactly one form to fit, and whether an old answer may fit two of them cannot"
        " be decided here.",
    ),
    "discriminator": ("breaking", "The provider chooses the form by this member and misreads old answers."),
    "discriminator value": ("safe", "A receiver need not answer the new form."),
    "discriminator lost": ("breaking", "A receiver that answers this form is no longer understood."),
}
_BOTH = {
    "text": ("safe", "Only words changed; no delivery and no answer differs."),
    "direction mark": (
        "unclear",
        "Tools disagree about what readOnly and writeOnly mean in a callback; ask the provider whether the "
        "member still comes.",
    ),
    "unjudged": ("unclear", "This comparison does not judge that part of a schema; compare the two by hand."),
}


def verdict(kind: str, *, answer: bool) -> Verdict:
    """Return the verdict on a kind of change; `narrowed` is safe by inclusion."""
    if kind == "narrowed":
        return Verdict("safe", _SAFE_ANSWER if answer else _SAFE_DELIVERY)
    return Verdict(*(_BOTH.get(kind) or (_ANSWER if answer else _DELIVERY)[kind]))
