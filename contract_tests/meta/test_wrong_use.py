"""Slips of the finger: one message that says what is meant, and nothing done before it."""

from __future__ import annotations

from contract_tests.meta.test_check import run


def test_mock_says_nothing_of_receiving_before_an_error():
    done = run("mock", "--port", "0", "--forward-to", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--forward-to" in done.stderr


def test_mistyped_command_is_told_the_near_one():
    done = run("chek")
    assert (done.returncode, "Did you mean 'check'?" in done.stderr) == (2, True)
