"""Maker of the GitHub action's inputs: one for each option of `check`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from callback_contract.contract_tests.cli.check_command import check
from callback_contract.contract_tests.meta.generating.made import ROOT, Made
from callback_contract.mock_server.cli.target_options import Lines

ACTION = ROOT / ".github/actions/callback-contract/action.yml"

# What a pipeline does not ask of an action, and what the action says in words of its own.
_LEFT_OUT = frozenset({"dry_run", "help_all", "jsonl", "verbose", "quiet", "print_config", "debug"})
_OWN = frozenset({"config", "report_dir"})


def made() -> Made:
    """Writes an input and an environment variable for each option."""
    text = ACTION.read_text("utf-8")
    for name, lines in (("inputs", _inputs()), ("environment", _environment())):
        text = re.sub(rf"(?ms)(^ *# {name}, generated\n).*?(^ *# end of them\n)", rf"\g<1>{''.join(lines)}\g<2>", text)
    return Made({ACTION: text})


def options() -> Iterator[click.Parameter]:
    """The options of `check` that the action takes, and the URL."""
    for option in check.params:
        if option.name and option.name not in _LEFT_OUT | _OWN:
            yield option


def _inputs() -> Iterator[str]:
    for option in options():
        told = getattr(option, "help", None) or "URL of the receiver; a path with `app`."
        several = ""
        if getattr(option, "multiple", False):
            several = " One a line." if isinstance(option.type, Lines) else " Blanks between several."
        yield f"  {_key(option)}:\n    description: {_quoted(told + several)}\n"


def _environment() -> Iterator[str]:
    for option in options():
        variable = f"CALLBACK_CONTRACT_CHECK_{str(option.name).upper()}"
        yield f"        {variable}: ${{{{ inputs.{_key(option)} || env.{variable} }}}}\n"


def _key(option: click.Parameter) -> str:
    return str(option.name).replace("_", "-")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
