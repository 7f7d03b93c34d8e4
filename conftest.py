"""Puts the rules before a receiver when pytest itself runs them: `pytest [--receiver-url URL]`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from contract_tests.bench import Bench
from contract_tests.plugin import RulesPlugin


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the one option that names the receiver."""
    parser.addoption("--receiver-url", default=None, help="Receiver under test; the mock is judged without it.")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the rules' plugin with a bench that opens when the first rule is due."""
    config.pluginmanager.register(RulesPlugin(lambda: _bench(config.getoption("--receiver-url"))), "rules")


@contextlib.contextmanager
def _bench(url: str | None) -> Iterator[Bench]:
    from contract_tests.first_contact import make_first_contact
    from contract_tests.readback import own_read_back
    from contract_tests.setting_up import receiver_at
    from mock_server.sending import Access, Pace, Sender
    from openapi.catalogue import load_catalogue
    from openapi.loading import load_contract

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
