"""Wrong use: a mistyped command gets one message with the likely intention, before anything is done."""

from __future__ import annotations

import io

import pytest

from callback_contract.contract_tests.cli.commands import cli
from callback_contract.contract_tests.cli.main import run_command
from callback_contract.contract_tests.meta.contract_tests.cli.test_check import run
from callback_contract.contract_tests.meta.support.hostile import answer, raw_server


def test_mock_says_nothing_of_receiving_before_an_error():
    done = run("mock", "--port", "0", "--forward-to", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--forward-to" in done.stderr


def test_mistyped_command_is_told_the_near_one():
    done = run("chek")
    assert (done.returncode, "Did you mean 'check'?" in done.stderr) == (2, True)


def test_variable_that_is_no_option_is_told_and_its_value_is_not():
    done = run("check", "--print-config", CALLBACK_CONTRACT_CHECK_RULS="hush", CALLBACK_CONTRACT_CHECK_RULES="ACK")
    assert (done.returncode, "hush" in done.stdout + done.stderr) == (0, False)
    assert done.stderr == (
        "note: CALLBACK_CONTRACT_CHECK_RULS names no option of check. Did you mean 'CALLBACK_CONTRACT_CHECK_RULES'?\n"
    )


def test_variable_of_several_commands_is_no_typo():
    done = run("docs", "--print-config", CALLBACK_CONTRACT_DOCS_URL="https://example.com/")
    assert (done.returncode, done.stderr) == (0, "")


def test_built_in_contract_is_called_that():
    done = run("send", "http://127.0.0.1:9/", "--callback", "nope")
    assert (done.returncode, done.stderr.startswith("error: the built-in contract: no callback is called")) == (2, True)


def test_delivery_that_is_put_off_for_too_long_is_no_stack_trace():
    later = answer("429 Too Many Requests", b"", "Retry-After: 100")
    with raw_server(lambda connection, _: connection.sendall(later)) as base:
        done = run("send", base, "--max-time", "5")
    assert (done.returncode, "Traceback" in done.stderr, "--max-time" in done.stderr) == (1, False, True)


class _Screen(io.StringIO):
    def isatty(self):
        return True


def test_error_in_a_narrow_terminal_ends_its_lines_between_words(monkeypatch):
    monkeypatch.setattr("sys.argv", ["callback-contract", "check", f"ftp://{'a' * 30}.example.com/"])
    monkeypatch.setattr("sys.stderr", screen := _Screen())
    monkeypatch.setenv("COLUMNS", "60")
    assert run_command() == 2
    assert screen.getvalue().splitlines() == [
        "error: URL:",
        f"  'ftp://{'a' * 30}.example.com/' is not",
        "  a complete http or https URL.",
        "  Use http or https.",
    ]


class Panic(BaseException):
    """As a library in Rust raises it."""


@pytest.mark.parametrize("error", [ValueError("odd"), Panic("odd"), AssertionError("odd")])
def test_unexpected_exception_is_one_sentence_and_exit_code_3(error, monkeypatch, capsys):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli, "main", fail)
    assert run_command() == 3
    assert capsys.readouterr().err.splitlines()[0] == f"error: {type(error).__name__}: odd"
