"""Configuration file: the precedence of options, rejected values, and the reported origin of each value."""

from __future__ import annotations

import click
import pytest

from callback_contract.contract_tests.cli.config_file import keys_of
from callback_contract.contract_tests.cli.main import cli
from callback_contract.openapi.text.errors import KitError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def configured(folder):
    return lambda text: (folder / "callback-contract.toml").write_text(f"[check]\n{text}\n")


def parsed(arguments):
    """What the values come to, secrets and all."""
    return cli.get_command(click.Context(cli), "check").make_context("check", arguments).params


@pytest.fixture
def printed(folder, capsys):
    """Each option's value and origin as `--print-config` shows them."""

    def run(*arguments, command="check"):
        cli.main([command, *arguments, "--print-config"], standalone_mode=False)
        rows = capsys.readouterr().out.splitlines()[1:]
        return {
            row.split()[0]: tuple(part.strip() for part in row.split("  ", 1)[1].strip().split("  ", 1)) for row in rows
        }

    return run


def test_file_gives_values_and_their_lines(configured, printed):
    configured("# pace\nrate = 5\nmax_deliveries = 7\nstrict = true\nstate-map = ['a=b', 'c=d']")
    shown = printed()
    assert shown["rate"] == ("5", "callback-contract.toml:3")
    assert shown["max-deliveries"] == ("7", "callback-contract.toml:4")
    assert shown["strict"] == ("true", "callback-contract.toml:5")
    assert shown["state-map"] == ("a=b, c=d", "callback-contract.toml:6")
    assert shown["seed"] == ("0", "default")


def test_option_of_several_parts_takes_a_list_as_well_as_commas(configured, folder):
    for text in ("rules = ['ACK-01', 'FWD']", "rules = 'ACK-01,FWD'"):
        configured(text)
        assert parsed([])["rules"] == "ACK-01,FWD"
    configured("rules = []")
    assert parsed([])["rules"] == ""


def test_command_line_wins_over_environment_over_file(configured, printed, monkeypatch):
    configured("rate = 1\nseed = 1\ndepth = 'quick'")
    monkeypatch.setenv("CALLBACK_CONTRACT_CHECK_RATE", "2")
    monkeypatch.setenv("CALLBACK_CONTRACT_CHECK_SEED", "2")
    shown = printed("--rate", "3")
    assert shown["rate"] == ("3.0", "command line")
    assert shown["seed"] == ("2", "environment CALLBACK_CONTRACT_CHECK_SEED")
    assert shown["depth"] == ("quick", "callback-contract.toml:4")


def test_pyproject_has_a_table_of_its_own(folder, printed):
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.callback-contract.check]\nseed = 4\n")
    assert printed()["seed"] == ("4", "pyproject.toml:4")


def test_own_file_wins_over_pyproject(configured, folder, printed):
    configured("seed = 3")
    (folder / "pyproject.toml").write_text("[tool.callback-contract.check]\nseed = 4\n")
    assert printed()["seed"] == ("3", "callback-contract.toml:2")


def test_pyproject_of_others_is_not_even_read_for_mistakes(folder, printed):
    (folder / "pyproject.toml").write_text("[tool.other\n")
    assert printed()["seed"] == ("0", "default")


def test_argument_comes_from_the_file_too(configured, printed):
    configured("url = 'https://receiver.invalid/callbacks?tenant=7'")
    assert printed()["url"][1] == "callback-contract.toml:2"


def test_each_command_has_its_section(folder, printed):
    (folder / "callback-contract.toml").write_text("[mock]\nport = 99\n[check]\nseed = 1\n")
    assert printed(command="mock")["port"] == ("99", "callback-contract.toml:2")


def test_path_is_relative_to_the_file(folder, printed):
    (folder / "ci").mkdir()
    (folder / "ci/kit.toml").write_text(
        "[check]\nplugin = 'read_back.py'\nreport-dir = 'out'\nsignature = 'own.yaml'\n"
    )
    params = parsed(["--config", "ci/kit.toml"])
    assert [str(params[name]) for name in ("plugin", "report_dir", "signature")] == [
        "ci/read_back.py",
        "ci/out",
        "ci/own.yaml",
    ]


def test_environment_completes_a_text(configured, printed, monkeypatch):
    monkeypatch.setenv("TOKEN", "hush-hush")
    configured("header = ['Authorization: Bearer ${TOKEN}', 'X-Literal: $${TOKEN}']")
    assert parsed([])["header"] == (
        "Authorization: Bearer hush-hush",
        "X-Literal: ${TOKEN}",
    )
    assert "hush-hush" not in str(printed())


def test_variable_of_an_option_that_is_overridden_need_not_be_set(configured, printed):
    configured("auth = 'me:${NOT_SET_ANYWHERE}'")
    assert printed("--auth", "a:b")["auth"] == ("***", "command line")


def test_secrets_of_the_command_line_are_not_printed(printed, monkeypatch):
    monkeypatch.setenv("CALLBACK_CONTRACT_CHECK_HEADER", "X-Key: hush-1\nX-Other: hush-2")
    shown = str(printed("https://me:hush-3@h/?token=hush-4", "--auth", "me:hush-5", "--proxy", "http://a:hush-6@h"))
    assert "hush" not in shown
    assert "X-Key: ***, X-Other: ***" in shown


REFUSED = {
    "rat = 5": "Did you mean 'rate'?",
    "rate = 'fast'": "callback-contract.toml:2, check.rate: a number is wanted, not a text",
    "rate = true": "a number is wanted, not true or false",
    "rate = 0": "check.rate: 0.0 is not in the range",
    "seed = 1.5": "a whole number is wanted",
    "seed = 2026-01-01": "not a date or time",
    "strict = 'yes'": "true or false is wanted",
    "depth = 'fast'": "'fast' is not one of",
    "name = 3": "a text is wanted, not a number",
    "header = [1]": "a list of texts",
    "rules = ['ACK', 1]": "a text or a list of texts is wanted",
    "name = ['x']": "a text is wanted, not such a list",
    "auth = 'me:pw'": "write ${NAME} here",
    "header = 'Authorization: Bearer x'": "the value of Authorization stands in the file",
    "state-header = ['X-Api-Key: x']": "the value of X-Api-Key",
    "url = 'https://me:pw@h/'": "a user or a password",
    "url = 'https://h/?access_token=x'": "the value of access_token",
    "auth = 'me:${NOT_SET_ANYWHERE}'": "the environment has no NOT_SET_ANYWHERE",
    "url =": "is not TOML",
    "seed = 1\nseed = 2": "is not TOML",
    "[chek]": "Did you mean 'check'?",
    "[rate]": "Put it below [check]",
}


@pytest.mark.parametrize("text", REFUSED)
def test_mistake_in_the_file_is_one_message_that_names_it(configured, printed, text):
    configured(text)
    with pytest.raises(KitError) as caught:
        printed()
    assert REFUSED[text] in str(caught.value)
    assert str(caught.value).startswith("callback-contract.toml")
    assert caught.value.exit_code == 2


def test_variable_that_is_set_to_nothing_is_missing(configured, printed, monkeypatch):
    monkeypatch.setenv("NOTHING", "")
    configured("auth = '${NOTHING}'")
    with pytest.raises(KitError, match="has no NOTHING"):
        printed()


@pytest.mark.parametrize("header", ["X-Tenant: 7", "X-Author: me", "Idempotency-Key: 1", "Cookie: ${SESSION}"])
def test_header_without_a_secret_may_stand_in_the_file(configured, printed, monkeypatch, header):
    monkeypatch.setenv("SESSION", "x")
    configured(f"header = ['{header}']")
    assert printed()["header"][0] == header


@pytest.mark.parametrize("made", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_bytes(b"\xff")])
def test_file_that_cannot_be_read_is_said(folder, printed, made):
    made(folder / "x.toml")
    with pytest.raises(KitError, match=r"x\.toml"):
        printed("--config", "x.toml")


def test_every_option_of_every_command_has_a_key_in_the_file():
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert {param.name for param in keys_of(command).values()} == {
            param.name for param in command.params if param.expose_value
        }
