"""Suggestion for a misspelt name."""

from __future__ import annotations

import pytest

from callback_contract.openapi.text.suggest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("untill", ["rule", "until"], ["until"]),
        ("pay-17", ["PAY-17", "PAY-18"], ["PAY-17"]),
        ("messagestatus", ["messageStatus"], ["messageStatus"]),
        ("gone", ["messageStatus"], []),
        ("", ["rule"], []),
        ("rule", [], []),
    ],
)
def test_nearest_name_is_found_in_any_letter_case(name, known, near):
    assert nearest(name, known) == near


def test_nearest_comes_first_and_no_more_come_than_were_asked_for():
    assert nearest("PAI-01", ["ACK-01", "PAY-02", "PAY-01"], most=2) == ["PAY-01", "PAY-02"]


def test_names_without_end_are_not_compared():
    assert nearest("x" * 10_000_000, ["x" * 10_000_000, "x"]) == []
    assert nearest("x" * 100, ["x" * 10_000_000, "x" * 99]) == ["x" * 99]


@pytest.mark.parametrize(
    ("near", "then", "said"),
    [
        (["a"], "", "Did you mean 'a'?"),
        (["a", "b"], "See c.", "Did you mean 'a' or 'b'? See c."),
        ([], "See c.", "See c."),
        ([], "", ""),
        (["\x1b[2J"], "", r"Did you mean '\x1b[2J'?"),
    ],
)
def test_question_names_what_is_near_and_stays_on_its_line(near, then, said):
    assert did_you_mean(near, then) == said
