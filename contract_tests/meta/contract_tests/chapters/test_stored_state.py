"""Stored state: how a member deviates is said with both values, cut to where they differ."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import deviation
from callback_contract.contract_tests.chapters.receivers.test_lod import states_at_once
from callback_contract.contract_tests.generation.corpus import DEPTHS, Scope
from callback_contract.contract_tests.stimuli.stories import meeting_states
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


def test_two_states_of_a_message_meet_in_either_order():
    *_, case = meeting_states(Scope(load_contract().callbacks[0], DEPTHS["standard"], 0))
    told = []
    receiver = SimpleNamespace(
        case=case,
        event=lambda state, message: (message, state),
        deliver_at_once=lambda events, meeting: told.extend(events),
    )
    states_at_once.tell(receiver)
    pairs = list(zip(told[::2], told[1::2], strict=True))
    assert [{message for message, _ in pair} for pair in pairs] == [{number} for number in range(len(pairs))]
    (one, often), (other, as_often) = Counter(tuple(state for _, state in pair) for pair in pairs).items()
    assert (one, often) == (other[::-1], as_often)
