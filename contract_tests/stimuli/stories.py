"""Story stimuli: sequences of deliveries, such as redeliveries, orders of states, bursts and contents to store."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable

from callback_contract.contract_tests.generation.corpus import MAX_INTEGER, MAX_TEXT, Scope
from callback_contract.contract_tests.model.cases import Case, Draw, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli.missing_facts import lacking
from callback_contract.contract_tests.stimuli.off_schema import missing_members
from callback_contract.contract_tests.stimuli.texts import (
    INVISIBLE,
    KEYS,
    LINE_ENDS,
    MARKUP,
    SCRIPTS,
    SYMBOLS,
    text_members,
    with_keys,
)
from callback_contract.contract_tests.stimuli.valid import PHONES, put
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, in_detail

__all__ = [
    "BURST",
    "DISTANCE",
    "bursts",
    "distant_redeliveries",
    "each_state",
    "earlier_states",
    "ended_lives",
    "first_and_last_state",
    "group_mates",
    "interleavings",
    "kept_integers",
    "kept_maps",
    "kept_phones",
    "kept_texts",
    "mixed_bursts",
    "orders",
    "refused_after_stored",
    "respelt",
    "unended_orders",
]

BURST = 24
"""Messages in one burst: more than a pace sends at once, few for a staging host."""

_HARD_TEXTS = {
    "all scripts": SCRIPTS,
    "all symbols": SYMBOLS,
    "all markup": MARKUP,
    "all line ends": LINE_ENDS,
    "all invisible characters": INVISIBLE,
}

DISTANCE = 30
"""Messages between a delivery and its late redelivery."""


def _order(scope: Scope) -> Order:
    facts = scope.callback.delivery
    if facts.correlation is None or facts.state is None:
        missing = [
            fact for fact, given in (("correlation", facts.correlation), ("state", facts.state)) if given is None
        ]
        raise NotApplicable(in_detail(Text("reason.no-message-to-follow"), lacking(*missing)))
    if facts.order is None:
        raise NotApplicable(in_detail(Text("reason.no-older-state"), lacking("order")))
    order = facts.order.without(scope.refused) if scope.refused else facts.order
    if not order.edges:
        raise NotApplicable(Text("reason.no-following-states"))
    return order


def _events(scope: Scope) -> Order:
    if not scope.callback.delivery.idempotency:
        raise NotApplicable(in_detail(Text("reason.no-known-redelivery"), lacking("idempotency")))
    return _order(scope)


@stimuli("story")
def each_state(scope: Scope) -> Iterable[Case]:
    """A message in each state."""
    for state in _events(scope).states:
        yield Case(scope.callback, f"a message in the state {state!r}", scope.plain, states=(state,))


@stimuli("story")
def first_and_last_state(scope: Scope) -> Iterable[Case]:
    """A message in the first and in the last state of a life.

    At a thorough depth it is every state.
    """
    cases = list(each_state(scope))
    yield from cases if scope.depth.name == "thorough" else (cases[0], cases[-1])


@stimuli("story")
def earlier_states(scope: Scope) -> Iterable[Case]:
    """A message in each state that has successors, and the first successor."""
    order = _events(scope)
    for state in order.states:
        following = [later for earlier, later in order.edges if earlier == state]
        if following:
            yield Case(scope.callback, f"{state!r}, then {following[0]!r}", scope.plain, states=(state, following[0]))


@stimuli("story")
def respelt(scope: Scope) -> Iterable[Case]:
    """A message, and a spelling in which the same event is sent again."""
    state = _events(scope).states[0]
    spellings = ("compact, escaped", "indented, CRLF", "reversed key order", "tabs and spaces around everything")
    for spelling in spellings if scope.callback.is_json else ("compact, escaped", "reversed key order"):
        yield Case(scope.callback, f"a redelivery spelt otherwise: {spelling}", scope.plain, states=(state, spelling))


@stimuli("story")
def distant_redeliveries(scope: Scope) -> Iterable[Case]:
    """A message that is sent again after many others."""
    state = _events(scope).states[0]
    yield Case(scope.callback, f"a redelivery after {DISTANCE} other messages", scope.plain, states=(state,))


@stimuli("story")
def orders(scope: Scope) -> Iterable[Case]:
    """Lives in other orders: all permutations of short ones, drawn ones of long ones."""
    order = _order(scope)
    chance = scope.random("orders")
    most = scope.depth.pick(4, 6, 120)
    drawn = scope.depth.pick(4, 5, 120)  # long lives are sent interleaved, too
    for life in order.lives:
        if math.factorial(len(life)) <= most:
            told = [list(p) for p in itertools.permutations(life)]
        else:
            told = [list(life), list(reversed(life))]
            told += [chance.sample(life, len(life)) for _ in range(drawn - len(told))]
        for states in {tuple(states): None for states in told}:
            yield Case(scope.callback, f"the order {', '.join(states)}", scope.plain, states=states)


@stimuli("story")
def unended_orders(scope: Scope) -> Iterable[Case]:
    """Lives without a terminal state, in other orders."""
    terminal = _order(scope).terminal
    yield from (case for case in orders(scope) if not set(case.states) & set(terminal))


@stimuli("story")
def ended_lives(scope: Scope) -> Iterable[Case]:
    """A terminal state, followed by late earlier states."""
    order = _order(scope)
    if not order.terminal:
        raise NotApplicable(lacking("order.terminal"))
    for end in order.terminal:
        late = tuple(state for state in order.states if order.is_before(state, end))
        yield Case(scope.callback, f"{end!r}, then late {', '.join(late)}", scope.plain, states=(end, *late))


@stimuli("story")
def group_mates(scope: Scope) -> Iterable[Case]:
    """Three messages that share every member that messages can share."""
    order = _order(scope)
    if not scope.callback.delivery.groups:
        raise NotApplicable(lacking("groups"))
    life = max(order.lives, key=len)
    yield Case(scope.callback, "three messages of one group", scope.plain, states=life[:3])


@stimuli("story")
def interleavings(scope: Scope) -> Iterable[Case]:
    """Several messages of one group, their states in any interleaving."""
    order = _order(scope)
    runs, steps = scope.depth.pick((2, 15), (2, 15), (30, 16))
    draw = Draw(scope.random("interleavings").getrandbits(32), runs, steps)
    yield Case(scope.callback, "interleaved messages of one group", scope.plain, states=order.states, draw=draw)


@stimuli("story")
def kept_texts(scope: Scope) -> Iterable[Case]:
    """Contents with hard free texts: scripts, symbols, and texts that trims change."""
    _order(scope)
    members = [member for member in text_members(scope) if member.is_free_text]
    if not members:
        raise NotApplicable(Text("reason.no-free-text"))
    texts = {label: " ".join(kind.values()) for label, kind in _HARD_TEXTS.items()}
    texts |= {"blanks around": "  a  ", "decomposed accents": "e\u0301"}
    if scope.depth.name == "thorough":
        texts |= {label: text for kind in _HARD_TEXTS.values() for label, text in kind.items()}
    for label, text in texts.items():
        content = scope.plain
        for member in members:
            content = jp.replaced(content, member.pointer, text)
        yield Case(scope.callback, f"{label} in every free text", content)
    # One at a time: together they would exceed the size that a receiver has to accept.
    for member in members[: scope.depth.pick(1, len(members), len(members))]:
        content = jp.replaced(scope.plain, member.pointer, "长" * MAX_TEXT)
        yield Case(scope.callback, f"{MAX_TEXT} characters at {member.pointer}", content)


@stimuli("story")
def kept_integers(scope: Scope) -> Iterable[Case]:
    """Contents with integers that are hard to store."""
    _order(scope)
    stamped = scope.callback.delivery.stamped
    members = scope.with_members(lambda m: m.types == ("integer",) and m.pointer not in stamped)
    if not members:
        raise NotApplicable(Text("reason.no-free-integer"))
    for member in members:
        for value in (1, 2**31, 2**32 + 1, MAX_INTEGER - 1, MAX_INTEGER):
            yield Case(scope.callback, f"{member.pointer} = {value}", jp.replaced(scope.plain, member.pointer, value))


@stimuli("story")
def kept_phones(scope: Scope) -> Iterable[Case]:
    """Phone numbers, with a leading plus sign."""
    _order(scope)
    members = scope.with_members(lambda member: member.format in {"e164", "msisdn"})
    if not members:
        raise NotApplicable(Text("reason.no-phone-number"))
    for member in members:
        for number in PHONES[: scope.depth.pick(2, 4, 6)]:
            shown = number if member.format == "e164" else number.lstrip("+")
            edit = functools.partial(put, pointer=member.pointer, value=shown)
            yield Case(scope.callback, f"{member.pointer} = {shown}", scope.plain, edit=edit)


@stimuli("story")
def kept_maps(scope: Scope) -> Iterable[Case]:
    """Map with customer-defined keys."""
    _order(scope)
    members = scope.with_members(lambda member: member.is_free_map)
    if not members:
        raise NotApplicable(Text("reason.no-customer-map"))
    for member in members:
        for label, value in (
            ("every awkward key", {key: f"value of {key}" for key in KEYS}),
            ("a hundred keys and a long value", {f"Key {i}": str(i) for i in range(100)} | {"long": "长" * MAX_TEXT}),
            ("every hard text", {label: text for kind in _HARD_TEXTS.values() for label, text in kind.items()}),
            ("texts that look like numbers", {"a": "007", "b": "1e3", "c": "true", "d": "null", "e": ""}),
        ):
            yield Case(scope.callback, f"{label} at {member.pointer}", with_keys(scope, member, dict(value)))


@stimuli("story", in_turn=True)
def refused_after_stored(scope: Scope) -> Iterable[Case]:
    """A broken delivery of a stored message's later state, and one of a new message."""
    order = _order(scope)
    facts = scope.callback.delivery
    life = max(order.lives, key=len)
    needed = {facts.correlation, facts.state, *facts.idempotency, ""}
    for case in missing_members(scope):
        pointer = case.label.partition(" ")[0]
        if pointer.startswith("/") and pointer not in needed:
            broken = functools.partial(jp.without, pointer=pointer)
            for label, states in (("", life[:2]), (" about a new message", life[:1])):
                told = f"a refused delivery without {pointer}{label}"
                yield Case(scope.callback, told, scope.plain, edit=broken, states=states)
            return
    raise NotApplicable(Text("reason.no-unidentifying-member"))


@stimuli("story")
def bursts(scope: Scope) -> Iterable[Case]:
    """Many messages of one group at once."""
    order = _order(scope)
    yield Case(scope.callback, f"{BURST} messages at once", scope.plain, states=(order.states[0],))


@stimuli("story")
def mixed_bursts(scope: Scope) -> Iterable[Case]:
    """All states of one message at once."""
    life = max(_order(scope).lives, key=len)
    for number in range(scope.depth.pick(1, 2, 10)):
        yield Case(scope.callback, f"all states of a message at once, {number + 1}", scope.plain, states=life)
