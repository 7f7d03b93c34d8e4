"""Story stimuli: sequences of deliveries, such as redeliveries, orders of states, bursts and contents to store."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from callback_contract.contract_tests.generation.corpus import MAX_TEXT, Scope
from callback_contract.contract_tests.model.cases import Case, Draw, purpose_of, stimuli
from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.contract_tests.stimuli.missing_facts import lacking
from callback_contract.contract_tests.stimuli.off_schema import required_members
from callback_contract.contract_tests.stimuli.stored import repeated
from callback_contract.contract_tests.stimuli.texts import (
    KEYS,
    awkward_keys,
    invisible_texts,
    line_ends,
    many_keys,
    markup_texts,
    scripts,
    symbols,
    text_members,
    with_keys,
)
from callback_contract.contract_tests.stimuli.valid import integers, phone_forms, plain, state_values
from callback_contract.openapi.contract.order import Order
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, in_detail

__all__ = [
    "BURST",
    "DISTANCE",
    "EQUAL",
    "bursts",
    "distant_redeliveries",
    "each_state",
    "earlier_states",
    "ended_lives",
    "equal_deliveries",
    "first_and_last_state",
    "group_mates",
    "interleavings",
    "kept_integers",
    "kept_maps",
    "kept_phones",
    "kept_texts",
    "meeting_states",
    "mixed_bursts",
    "orders",
    "overtaken_states",
    "redeliveries_past_retries",
    "refused_after_stored",
    "respelt",
    "same_second",
    "unended_orders",
]

BURST = 24
"""Messages in one burst: more than a pace sends at once, few for a staging host."""

_HARD_TEXTS = (scripts, symbols, markup_texts, line_ends, invisible_texts)

EQUAL, PAIR = 4, 2
"""Equal deliveries of one message that meet, and those of each of many messages: two that race show as much as four."""

DISTANCE = 110
"""Messages between a delivery and its late redelivery: more than the hundred that a small cache remembers."""


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
    """A message in each state, at a quick depth in the first and the last one.

    It is the message that told of that state as a listed value, where one did.
    """
    delivered = {case.listed[1]: case.looks_at for case in _told_states(scope) if case.listed}
    every = _events(scope).states
    for state in scope.depth.pick((every[0], every[-1]), every, every):
        label = Text("case.in-state", state=repr(state))
        yield Case(scope.callback, label, scope.plain, states=(state,), looks_at=delivered.get(state))


def _told_states(scope: Scope) -> Iterator[Case]:
    with contextlib.suppress(NotApplicable):  # no list of states
        yield from state_values(scope)


@stimuli("story")
def first_and_last_state(scope: Scope) -> Iterable[Case]:
    """A message in the first and in the last state of a life.

    At a thorough depth it is every state, and at a quick one only the last.
    """
    cases = [replace(case, looks_at=None) for case in each_state(scope)]
    yield from scope.depth.pick(cases[-1:], [cases[0], cases[-1]], cases)


@stimuli("story")
def equal_deliveries(scope: Scope) -> Iterable[Case]:
    """Messages that are told several times at once, and many that are told twice at once."""
    yield from first_and_last_state(scope)
    count = scope.depth.pick(2, 20, 80)
    label = Text("case.equal-at-once", messages=count, count=PAIR)
    yield Case(scope.callback, label, scope.plain, states=(_events(scope).states[0],) * count)


@stimuli("story")
def earlier_states(scope: Scope) -> Iterable[Case]:
    """A message in each state that has successors, and the first successor."""
    order = _events(scope)
    for state in order.states:
        following = [later for earlier, later in order.edges if earlier == state]
        if following:
            label = Text("case.then", first=repr(state), second=repr(following[0]))
            yield Case(scope.callback, label, scope.plain, states=(state, following[0]))


@stimuli("story")
def respelt(scope: Scope) -> Iterable[Case]:
    """A message, and a spelling in which the same event is sent again."""
    state = _events(scope).states[0]
    spellings = ("compact-escaped", "indented", "reversed-keys", "tabs-and-spaces")
    for spelling in spellings if scope.callback.is_json else ("compact-escaped", "reversed-keys"):
        label = Text("case.respelt", what=Text(f"spelling.{spelling}"))
        yield Case(scope.callback, label, scope.plain, states=(state, spelling))


@stimuli("story", in_turn=True)
def distant_redeliveries(scope: Scope) -> Iterable[Case]:
    """The first message of the run, sent again at its end."""
    _events(scope)
    retry = scope.callback.delivery.retry
    if retry is not None and not retry.horizon_s:
        raise NotApplicable(Text("reason.never-retried"))
    yield Case(scope.callback, Text("case.distant"), scope.plain, looks_at=(purpose_of(plain), 0))


@stimuli("story", in_turn=True)
def redeliveries_past_retries(scope: Scope) -> Iterable[Case]:
    """The first message of the run, sent again when the provider would not try it any more."""
    _events(scope)
    if scope.callback.delivery.retry is None:
        raise NotApplicable(lacking("retry"))
    yield Case(scope.callback, Text("case.distant-past-retries"), scope.plain, looks_at=(purpose_of(plain), 0))


@stimuli("story")
def overtaken_states(scope: Scope) -> Iterable[Case]:
    """A state, the one that follows it, and the first one again."""
    life = max(_events(scope).lives, key=len)
    label = Text("case.overtaken", first=repr(life[0]), second=repr(life[1]))
    yield Case(scope.callback, label, scope.plain, states=life[:2])


@stimuli("story")
def orders(scope: Scope) -> Iterable[Case]:
    """Lives in other orders: all permutations of short ones, drawn ones of long ones; quickly, two backwards."""
    order = _order(scope)
    found = dict.fromkeys(_backwards(order) if scope.depth.name == "quick" else (*_reordered(scope), *_ended(order)))
    begun = {states[:count] for states in found for count in range(len(states))}
    for states in found:
        if states not in begun:  # what another one begins with is told by that one
            yield Case(scope.callback, Text("case.order", states=states), scope.plain, states=states)


def _reordered(scope: Scope) -> Iterator[tuple[str, ...]]:
    chance = scope.random("orders")
    most = scope.depth.pick(4, 6, 120)
    drawn = scope.depth.pick(4, 5, 120)  # long lives are sent interleaved, too
    for life in _order(scope).lives:
        if math.factorial(len(life)) <= most:
            yield from itertools.permutations(life)
            continue
        yield from (life, life[::-1])
        yield from (tuple(chance.sample(life, len(life))) for _ in range(drawn - 2))


def _backwards(order: Order) -> Iterator[tuple[str, ...]]:
    """Yield the longest life and one with an end, both from their last state to the first."""
    yield max(order.lives, key=len)[::-1]
    yield from [life[::-1] for life in order.lives if life[-1] in order.terminal][:1]


def _ended(order: Order) -> Iterator[tuple[str, ...]]:
    """Yield each terminal state, followed by late earlier states."""
    for end in order.terminal:
        yield (end, *(state for state in order.states if order.is_before(state, end)))


@stimuli("story")
def unended_orders(scope: Scope) -> Iterable[Case]:
    """Lives without a terminal state, in other orders."""
    terminal = _order(scope).terminal
    yield from (case for case in orders(scope) if not set(case.states) & set(terminal))


@stimuli("story")
def same_second(scope: Scope) -> Iterable[Case]:
    """States of one message with equal times, in order and out of order."""
    life = max(_order(scope).lives, key=len)[:2]
    if "time" not in scope.callback.delivery.stamped.values():
        raise NotApplicable(lacking("stamped"))
    for states in (life, life[::-1]):
        label = Text("case.same-second", states=states)
        yield Case(scope.callback, label, scope.plain, states=states)


@stimuli("story")
def ended_lives(scope: Scope) -> Iterable[Case]:
    """A terminal state, followed by late earlier states."""
    order = _order(scope)
    if not order.terminal:
        raise NotApplicable(lacking("order.terminal"))
    told, quickly = {case.states: case for case in orders(scope)}, scope.depth.name == "quick"
    for states in [states for states in told if states[0] in order.terminal] if quickly else _ended(order):
        label = Text("case.then-late", first=repr(states[0]), others=states[1:])
        yield Case(scope.callback, label, scope.plain, states=states, goes_on=told.get(states))


@stimuli("story")
def group_mates(scope: Scope) -> Iterable[Case]:
    """Three messages that share every member that messages can share, two of them also state and second."""
    order = _order(scope)
    if not scope.callback.delivery.groups:
        raise NotApplicable(lacking("groups"))
    life = max(order.lives, key=len)
    yield Case(scope.callback, Text("case.group"), scope.plain, states=(*life[:2], life[1]))


@stimuli("story")
def interleavings(scope: Scope) -> Iterable[Case]:
    """Several messages of one group, their states in any interleaving."""
    order = _order(scope)
    runs, steps = scope.depth.pick((2, 8), (2, 15), (30, 16))
    draw = Draw(scope.random("interleavings").getrandbits(32), runs, steps)
    label = Text("case.interleaved")
    yield Case(scope.callback, label, scope.plain, states=order.states, draw=draw)


@stimuli("story", in_turn=True)
def kept_texts(scope: Scope) -> Iterable[Case]:
    """Contents with hard free texts: scripts, symbols, and texts that trims change."""
    _order(scope)
    members = [member for member in text_members(scope) if member.is_free_text]
    if not members:
        raise NotApplicable(Text("reason.no-free-text"))
    for source in _HARD_TEXTS:
        yield from repeated(source, scope)
    around = scope.plain
    for member in members:
        around = jp.replaced(around, member.pointer, "  a  ")
    yield Case(scope.callback, Text("case.everywhere", what=Text("term.blanks-around")), around)
    # One at a time: together they would exceed the size that a receiver has to accept.
    for member in members[: scope.depth.pick(1, len(members), len(members))]:
        content = jp.replaced(scope.plain, member.pointer, "长" * MAX_TEXT)
        label = Text("case.characters-at", count=MAX_TEXT, pointer=member.pointer)
        yield Case(scope.callback, label, content)


@stimuli("story", in_turn=True)
def kept_integers(scope: Scope) -> Iterable[Case]:
    """Contents with integers that are hard to store."""
    _order(scope)
    yield from repeated(integers, scope)


@stimuli("story", in_turn=True)
def kept_phones(scope: Scope) -> Iterable[Case]:
    """Phone numbers, with a leading plus sign."""
    _order(scope)
    yield from repeated(phone_forms, scope)


@stimuli("story", in_turn=True)
def kept_maps(scope: Scope) -> Iterable[Case]:
    """Map with customer-defined keys."""
    _order(scope)
    members = scope.with_members(lambda member: member.is_free_map)
    if not members:
        raise NotApplicable(Text("reason.no-customer-map"))
    for source in (many_keys, awkward_keys, *_HARD_TEXTS):
        with contextlib.suppress(NotApplicable):
            yield from repeated(source, scope)
    number_like = {"a": "007", "b": "1e3", "c": "true", "d": "null", "e": ""}
    for member in members:
        full: dict[str, jp.Json] = {key: f"value of {key}" for key in KEYS} | number_like | {"long": "长" * MAX_TEXT}
        label = Text("case.at", what=Text("term.all-keys"), pointer=member.pointer)
        yield Case(scope.callback, label, with_keys(scope, member, full))


@stimuli("story", in_turn=True)
def refused_after_stored(scope: Scope) -> Iterable[Case]:
    """A broken delivery of a stored message's later state, and one of a new message."""
    order = _order(scope)
    facts = scope.callback.delivery
    life = max(order.lives, key=len)
    needed = {facts.correlation, facts.state, *facts.idempotency, ""}
    pointer = next((m.pointer for m in required_members(scope) if m.pointer not in needed), None)
    if pointer is None:
        raise NotApplicable(Text("reason.no-unidentifying-member"))
    broken = functools.partial(jp.without, pointer=pointer)
    for key, states in (("case.refused", life[:2]), ("case.refused-of-new", life[:1])):
        yield Case(scope.callback, Text(key, pointer=pointer), scope.plain, edit=broken, states=states)


@stimuli("story")
def bursts(scope: Scope) -> Iterable[Case]:
    """Many messages of one group at once."""
    order = _order(scope)
    yield Case(scope.callback, Text("case.burst", count=BURST), scope.plain, states=(order.states[0],))


@stimuli("story")
def mixed_bursts(scope: Scope) -> Iterable[Case]:
    """All states of a message at once, in order, of several messages: a state that comes again is another one's."""
    life = max(_order(scope).lives, key=len)
    count = scope.depth.pick(1, 2, 10)
    yield Case(scope.callback, Text("case.states-at-once", messages=count), scope.plain, states=life * count)


@stimuli("story")
def meeting_states(scope: Scope) -> Iterable[Case]:
    """The same, and messages of which two states meet, each of them first as often as last."""
    yield from mixed_bursts(scope)
    first, *_, last = max(_order(scope).lives, key=len)
    pairs = scope.depth.pick(0, 4, 20)
    if pairs:
        label = Text("case.two-states-at-once", messages=2 * pairs)
        yield Case(scope.callback, label, scope.plain, states=(first, last, last, first) * pairs)
