"""Entry of pytest: puts the rules before a receiver when pytest itself runs them (`pytest [--receiver-url URL]`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from callback_contract.contract_tests.runner.collection import RulesPlugin
from callback_contract.contract_tests.runner.state import RunContext


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option, which names the receiver."""
    parser.addoption("--receiver-url", default=None, help="Receiver under test; the mock is judged without it.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the rules' plugin, which opens a run when the first rule is due."""
    config.pluginmanager.register(RulesPlugin(lambda: _run_at(config.getoption("--receiver-url"))), "rules")


@contextlib.contextmanager
def _run_at(url: str | None) -> Iterator[RunContext]:
    from callback_contract.contract_tests.runner.config import RunConfig
    from callback_contract.contract_tests.runner.first_contact import make_first_contact
    from callback_contract.contract_tests.runner.setup import receiver_at
    from callback_contract.contract_tests.target.read_back import own_read_back
    from callback_contract.mock_server.client.sender import Access, Pace, Sender
    from callback_contract.openapi.contract.loading import load_contract
    from callback_contract.openapi.rules.catalogue import load_catalogue

    contract, catalogue = load_contract(), load_catalogue()
    with receiver_at(url, contract) as target:
        sender = Sender(Access(target), Pace.towards(target))
        read_back = None if url else own_read_back(target.removesuffix("/callbacks"), contract)
        config = RunConfig(
            contract, catalogue, catalogue.rules, contract.default_callbacks, sender, read_back=read_back
        )
        with contextlib.closing(RunContext.of(config)) as run:
            make_first_contact(run)
            yield run
