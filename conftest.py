"""Entry of pytest: puts the rules before a receiver when pytest itself runs them (`pytest [--receiver-url URL]`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from callback_contract.contract_tests.runner.bench import Bench
from callback_contract.contract_tests.runner.pytest_plugin import RulesPlugin


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option, which names the receiver."""
    parser.addoption("--receiver-url", default=None, help="Receiver under test; the mock is judged without it.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the rules' plugin, which opens a bench when the first rule is due."""
    config.pluginmanager.register(RulesPlugin(lambda: _bench(config.getoption("--receiver-url"))), "rules")


@contextlib.contextmanager
def _bench(url: str | None) -> Iterator[Bench]:
    from callback_contract.contract_tests.runner.first_contact import make_first_contact
    from callback_contract.contract_tests.runner.setup import receiver_at
    from callback_contract.contract_tests.target.read_back import own_read_back
    from callback_contract.mock_server.client.sender import Access, Pace, Sender
    from callback_contract.openapi.contract.loading import load_contract
    from callback_contract.openapi.rules.catalogue import load_catalogue

    contract, catalogue = load_contract(), load_catalogue()
    with receiver_at(url, contract) as target:
        sender = Sender(Access(target), Pace.towards(target))
        bench = Bench(contract, catalogue, catalogue.rules, contract.default_callbacks, sender)
        if url is None:
            bench.state = own_read_back(target.removesuffix("/callbacks"), contract)
        try:
            make_first_contact(bench)
            yield bench
        finally:
            bench.close()
