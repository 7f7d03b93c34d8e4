"""Stored state: an acknowledged delivery is stored, and unchanged.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.meaning import as_bodies, changed_members
from callback_contract.contract_tests.chapters.checks.stored_state import (
    deviation,
    different_members,
    redelivered,
    shown_last,
)
from callback_contract.contract_tests.model.observations import NOTHING_SHOWN, described
from callback_contract.contract_tests.model.verdicts import LacksMeans, Means, Mismatch
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import stories
from callback_contract.contract_tests.stimuli.stored import acknowledged_contents
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.openapi.text.message import Text


@pytest.mark.rule("STA-01")
@each(stories.each_state, story=redelivered)
def test_acknowledged_delivery_is_stored(receiver):
    (state,) = receiver.case.states
    assert receiver.told.first.acknowledged, Mismatch(Text("expected.acknowledged"), receiver.told.first.described())
    stored = receiver.told.stored
    assert stored is not None, Mismatch(Text("expected.state", state=repr(state)), Text("actual.message-not-known"))
    assert stored.state == state, Mismatch(Text("expected.state", state=repr(state)), stored.described())


@pytest.mark.rule("STA-02")
@each(stories.kept_texts, sends=1)
def test_texts_are_stored_unchanged(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.is_free_text)
    assert flaw is None, Mismatch(Text("expected.texts-as-sent"), flaw)


@pytest.mark.rule("STA-03")
@each(stories.kept_integers, sends=1)
def test_integers_are_stored_unchanged(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.types == ("integer",))
    assert flaw is None, Mismatch(Text("expected.integers-as-sent"), flaw)


@pytest.mark.rule("STA-04")
@each(stories.kept_phones, sends=1)
def test_phone_numbers_are_stored_unchanged(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.format in {"e164", "msisdn"})
    assert flaw is None, Mismatch(Text("expected.phones-as-sent"), flaw)


@pytest.mark.rule("STA-05")
@each(stories.kept_maps, sends=1)
def test_every_key_of_a_map_is_stored(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.is_free_map)
    assert flaw is None, Mismatch(Text("expected.map-as-sent"), flaw)


@pytest.mark.rule("STA-06")
@each(stories.group_mates, sends=3)
def test_messages_of_one_group_do_not_overwrite_each_other(receiver):
    for message, state in enumerate(receiver.case.states):
        receiver.tell(state, message=message, later_s=message)  # each message's own time is a second before the last
    for message, state in enumerate(receiver.case.states):
        stored = receiver.stored(lambda shown, told=state: shown is not None and shown.state == told, message=message)
        shown = stored.described() if stored else Text("actual.message-not-known")
        assert stored is not None and stored.state == state, Mismatch(
            Text("expected.state-of-message", number=message + 1, state=repr(state)), shown
        )


@pytest.mark.rule("STA-07")
@each(stories.refused_after_stored, sends=lambda case: len(case.states) + 1)
def test_refused_delivery_leaves_no_trace(receiver):
    *before, told = receiver.case.states
    whole = receiver.without_edit()
    for state in before:
        whole.tell(state)
    refused = receiver.tell(told)
    stored = whole.stored_at_last(known=bool(before))
    expected = Text("expected.state", state=repr(before[0])) if before else Text("expected.no-message")
    kept = not refused.rejected or ([stored.state] if stored else []) == before
    assert kept, Mismatch(Text("expected.after-refused", what=expected, state=repr(told)), described(stored))


def looked_at_of(count):
    """Return which events of a delivery are looked up: the first, the second and the last one."""
    return sorted({0, 1, count - 1} & set(range(count)))


def lost(number, count):
    if count == 1:
        return Text("actual.acknowledged-and-lost")
    return Text("actual.item-lost", number=number + 1, count=count)


@pytest.mark.rule("STA-08")
@each(acknowledged_contents, sends=1)
def test_no_acknowledged_content_is_lost(receiver):
    exchange = receiver.delivered()
    ids = exchange.delivery.ids if receiver.has_to_be_kept(exchange) else ()
    for number in looked_at_of(len(ids)):
        assert receiver.looked_up(ids[number]) is not None, Mismatch(
            Text("expected.known-message"), lost(number, len(ids))
        )


@pytest.mark.rule("STA-09")
@each(acknowledged_contents, sends=1)
def test_what_is_shown_of_a_delivery_means_what_was_sent(receiver):
    exchange = receiver.delivered()
    stored = receiver.looked_up(exchange.delivery.ids[0]) if receiver.has_to_be_kept(exchange) else None
    if stored is None:
        return
    if stored.last is NOTHING_SHOWN:
        raise LacksMeans(Means.SHOWN_LAST, Text("reason.needs-last"))
    callback = receiver.case.callback
    sent, shown = as_bodies(callback, decode_body(callback, exchange.delivery.body), stored.last)
    changed = next(changed_members(callback, sent, shown), None)
    assert changed is None, Mismatch(Text("expected.members-as-sent"), changed and deviation(*changed))
