"""Stored state: an acknowledged delivery is stored, and unchanged."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import different_members, shown_last
from callback_contract.contract_tests.runner.rule_tests import each
from callback_contract.contract_tests.stimuli import stories


@pytest.mark.rule("STA-01")
@each(stories.each_state, sends=1)
def test_acknowledged_delivery_is_stored(receiver):
    (state,) = receiver.case.states
    assert receiver.tell(state).acknowledged, "an acknowledgement (2xx)"
    stored = receiver.stored(lambda stored: stored is not None and stored.state == state)
    assert stored is not None, f"the state {state!r} <- the message is not known"
    assert stored.state == state, f"the state {state!r} <- {stored.described()}"


@pytest.mark.rule("STA-02")
@each(stories.kept_texts, sends=1)
def test_texts_are_stored_unchanged(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.is_free_text)
    assert not flaw, f"the texts as they were sent <- {flaw}"


@pytest.mark.rule("STA-03")
@each(stories.kept_integers, sends=1)
def test_integers_are_stored_unchanged(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.types == ("integer",))
    assert not flaw, f"the integers as they were sent <- {flaw}"


@pytest.mark.rule("STA-04")
@each(stories.kept_phones, sends=1)
def test_phone_numbers_are_stored_unchanged(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.format in {"e164", "msisdn"})
    assert not flaw, f"the phone numbers as they were sent <- {flaw}"


@pytest.mark.rule("STA-05")
@each(stories.kept_maps, sends=1)
def test_every_key_of_a_map_is_stored(receiver):
    flaw = different_members(receiver, shown_last(receiver), lambda member: member.is_free_map)
    assert not flaw, f"the map as it was sent <- {flaw}"


@pytest.mark.rule("STA-06")
@each(stories.group_mates, sends=3)
def test_messages_of_one_group_do_not_overwrite_each_other(receiver):
    for message, state in enumerate(receiver.case.states):
        receiver.tell(state, message=message)
    for message, state in enumerate(receiver.case.states):
        stored = receiver.stored(lambda shown, told=state: shown is not None and shown.state == told, message=message)
        shown = stored.described() if stored else "the message is not known"
        assert stored is not None and stored.state == state, f"message {message + 1} in the state {state!r} <- {shown}"


@pytest.mark.rule("STA-07")
@each(stories.refused_after_stored, sends=lambda case: len(case.states) + 1)
def test_refused_delivery_leaves_no_trace(receiver):
    *before, told = receiver.case.states
    whole = receiver.without_edit()
    for state in before:
        whole.tell(state)
    refused = receiver.tell(told)
    stored = whole.stored_at_last(known=bool(before))
    expected = f"the state {before[0]!r}" if before else "no message"
    kept = not refused.rejected or ([stored.state] if stored else []) == before
    assert kept, f"{expected} after a refused {told!r} <- {stored.described() if stored else 'not known'}"
