"""Bounds of a mock that runs for weeks: messages and bytes of its state and of its recordings."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from callback_contract.mock_server.receiver import state as state_module
from callback_contract.mock_server.receiver.state import States, Stored
from callback_contract.mock_server.store.retention import KEEP, KEEP_BYTES, Bounds


def stored(id, size=0):
    return Stored(id, "s", 1, None, size=size)


def kept(states, *given):
    for each in given:
        states.put(each)
    return list(states._messages)


def test_mock_knows_a_hundred_thousand_messages_and_their_bodies_to_32_mebibytes():
    assert (state_module._MOST_MESSAGES, state_module._MOST_BYTES) == (100_000, 32 * 1024 * 1024)


def test_mock_forgets_the_oldest_messages_beyond_their_number(monkeypatch):
    monkeypatch.setattr(state_module, "_MOST_MESSAGES", 3)
    assert kept(States(), *map(stored, "abc")) == ["a", "b", "c"]
    assert kept(States(), *map(stored, "abcde")) == ["c", "d", "e"]


@pytest.mark.parametrize(
    ("sizes", "left"),
    [
        ((5, 5), "ab"),
        ((5, 6), "b"),
        ((4, 4, 4), "bc"),
        ((1, 1, 9), "bc"),
        ((1, 1, 10), "c"),
        ((5, 11), "b"),
        ((11,), "a"),
    ],
)
def test_mock_forgets_the_oldest_messages_beyond_their_bytes_but_never_the_newest(monkeypatch, sizes, left):
    monkeypatch.setattr(state_module, "_MOST_BYTES", 10)
    assert kept(States(), *map(stored, "abc", sizes)) == list(left)


def test_message_that_was_stored_again_or_dropped_counts_its_bytes_once(monkeypatch):
    monkeypatch.setattr(state_module, "_MOST_BYTES", 10)
    states = States()
    kept(states, stored("a", 9), stored("a", 4), stored("b", 6))
    assert list(states._messages) == ["a", "b"]
    states.drop("b")
    states.drop("unknown")
    assert kept(states, stored("c", 6)) == ["a", "c"]


def test_recording_keeps_a_hundred_thousand_deliveries_and_256_mebibytes():
    assert (KEEP, KEEP_BYTES) == (100_000, 256 * 1024 * 1024)


@pytest.mark.parametrize(("on_disk", "slack", "slack_bytes"), [(True, 100, 1000), (False, 25, 250)])
def test_recording_exceeds_its_bounds_by_a_slack_and_by_a_stretch_on_top(on_disk, slack, slack_bytes):
    tables, waiting = SimpleNamespace(count=70, size=700), SimpleNamespace(count=50, size=500)
    bounds = Bounds(tables, waiting, 100, 1000, on_disk=on_disk)
    assert bounds.past() == (20, 200)
    assert bounds.past_slack() == (20 - slack, 200 - slack_bytes)
    assert bounds.past_all() == (20 - slack - 16_000, 200 - slack_bytes - 32 * 1024 * 1024)
