"""Decides how what a receiver stored compares with what it was told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from contract_tests.bench import Contact
from contract_tests.readback import NOTHING_SHOWN, Stored
from contract_tests.verdicts import NotApplicable
from mock_server.delivery import Exchange
from openapi import pointer as jp
from openapi.members import Member
from openapi.order import Order
from openapi.pointer import Json

__all__ = ["different_members", "effects", "furthest", "shown_last"]


def effects(receiver: Contact, told: Exchange) -> Stored:
    """What is stored once the delivery took effect.

    Raises:
        AssertionError: It was not acknowledged, or the message never becomes known.
    """
    assert told.acknowledged, "an acknowledgement (2xx)"
    stored = receiver.stored(lambda stored: stored is not None)
    if stored is None:
        raise AssertionError("a known message <- the message is not known")
    return stored


def furthest(order: Order, states: Iterable[str]) -> set[str]:
    """The states in which a message may end that was told these: none of the others comes after them.

    A terminal state is not judged once the message went past it on another branch (judgement.md, "Order").
    """
    told = list(states)
    return {state for state in told if not any(order.is_before(state, other) for other in told)}


def shown_last(receiver: Contact) -> Json:
    """Delivers the case and gives the last callback as the receiver stored it.

    Raises:
        NotApplicable: The receiver does not show it.
    """
    stored = effects(receiver, receiver.deliver())
    if stored.last is NOTHING_SHOWN:
        raise NotApplicable("needs a read-back that shows `last`, the last callback as it is stored")
    return stored.last


def different_members(receiver: Contact, last: Json, wanted: Callable[[Member], bool]) -> str:
    """Names the first member that was stored otherwise than sent; empty when all are equal."""
    sent = json.loads(receiver.exchanges[0].delivery.body)
    for member in receiver.case.callback.members:
        if not member.pointer or not wanted(member):
            continue
        try:
            was = jp.get(sent, member.pointer)
        except LookupError:
            continue
        try:
            now = jp.get(last, member.pointer)
        except LookupError:
            return f"{member.pointer} is not there"
        if was != now or type(was) is not type(now):
            return f"{member.pointer} is {_brief(now)} instead of {_brief(was)}"
    return ""


def _brief(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text)} characters)"
