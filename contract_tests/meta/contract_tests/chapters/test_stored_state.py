"""Stored state: how a member deviates is said with both values, cut to where they differ."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import deviation
from callback_contract.contract_tests.chapters.receivers.test_idm import equal_at_once
from callback_contract.contract_tests.chapters.receivers.test_lod import states_at_once
from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.stimuli.stories import equal_deliveries, meeting_states
from callback_contract.openapi.contract.loading import load_contract

LONG = "a" * 50


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (1, "1", '/m is "1" instead of 1'),
        ("one", "two", '/m is "two" instead of "one"'),
        ({"a": 1}, {"a": 2}, '/m is {"a": 2} instead of {"a": 1}, as "a" shows: 2 instead of 1'),
        ({"a": 1}, {}, '/m is {} instead of {"a": 1}, as "a" shows: nothing instead of 1'),
        ({}, {"a": 1}, '/m is {"a": 1} instead of {}'),
        (f"{LONG}b", LONG, f'/m is "{LONG}" instead of "{LONG}b", from character 51 on: "" instead of "b"'),
        (
            "b" * 80,
            "c",
            f'/m is "c" instead of "{"b" * 39}… (82 characters), from character 1 on: "c" instead of "{"b" * 12}"',
        ),
    ],
)
def test_deviation_is_said_with_both_values(was, now, said):
    assert deviation("/m", was, now) == said


def told_at_once(story, case):
    """The message and the state of each delivery of a story that is told at once."""
    told = []
    receiver = SimpleNamespace(
        case=case,
        event=lambda state, message: (message, state),
        deliver_at_once=lambda events, meeting: told.extend(events),
    )
    story.tell(receiver)
    return told


@pytest.fixture(scope="module")
def scope():
    return Scope(load_contract().callbacks[0], DEPTHS["standard"], 0)


def test_many_messages_are_told_in_pairs_and_single_ones_by_more(scope):
    (*few, many) = equal_deliveries(scope)
    told = Counter(told_at_once(equal_at_once, many))
    assert set(told.values()) == {2} and len(told) == len(many.states)
    assert [list(Counter(told_at_once(equal_at_once, case)).values()) for case in few] == [[4], [4]]


def test_two_states_of_a_message_meet_in_either_order(scope):
    *_, case = meeting_states(scope)
    told = told_at_once(states_at_once, case)
    pairs = list(zip(told[::2], told[1::2], strict=True))
    assert [{message for message, _ in pair} for pair in pairs] == [{number} for number in range(len(pairs))]
    (one, often), (other, as_often) = Counter(tuple(state for _, state in pair) for pair in pairs).items()
    assert (one, often) == (other[::-1], as_often)
