"""pytest plugin: the rules as items of a partner's own suite, and a fixture that judges a receiver in one test.

pytest loads it wherever the kit is installed: nothing of the kit is imported until one of both is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

__all__ = ["callback_contract", "callback_read_back", "pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name the receiver, and where its reports are kept."""
    group = parser.getgroup("callback-contract", "a receiver of callbacks, judged by its contract")
    group.addoption("--callback-url", metavar="URL", help="Judge this receiver: one item for each rule.")
    group.addoption("--callback-app", metavar="MODULE:APP", help="Judge this ASGI or WSGI app; URL is a path then.")
    group.addoption("--callback-report-dir", metavar="DIR", help="Keep the reports there.  [a folder of this run]")


def pytest_configure(config: pytest.Config) -> None:
    """Add the rules' items where an option names a receiver."""
    if config.getoption("--callback-url") or config.getoption("--callback-app"):
        from callback_contract.contract_tests.cli.pytest_plugin.items import RuleItems

        config.pluginmanager.register(RuleItems(config), "callback-contract-rules")


@pytest.fixture
def callback_read_back() -> Callable[[str], Any] | None:
    """None; one of yours returns a function from a message's id to what your receiver stored, as a plugin file has."""
    return None


@pytest.fixture
def callback_contract(request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    """Judges a receiver: call it with its URL and options of `check`; returns the report, as report.json has it."""

    def judge(*arguments: object) -> dict[str, Any]:
        from callback_contract.contract_tests.cli.pytest_plugin.items import judge_in_one_item

        return judge_in_one_item(request, *map(str, arguments))

    return judge
