"""Stored state: how a member deviates is said with both values, cut to where they differ."""

from __future__ import annotations

import pytest

from callback_contract.contract_tests.chapters.checks.stored_state import deviation

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
