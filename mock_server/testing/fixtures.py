"""Fixtures for a partner's own tests: a mock receiver and a provider, named in the partner's conftest.py.

pytest_plugins = ["callback_contract.mock_server.testing.fixtures"]
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from callback_contract.mock_server.provider.in_process import Provider
from callback_contract.mock_server.testing.mock_receiver import MockReceiver

__all__ = ["callback_provider", "mock_receiver"]


@pytest.fixture
def mock_receiver() -> Iterator[MockReceiver]:
    """A receiver on a free port for one test, which records its deliveries."""
    with MockReceiver() as mock:
        yield mock


@pytest.fixture
def callback_provider() -> Iterator[Provider]:
    """The provider as a callable, with its own run.

    Applications that it started end with the test.
    """
    with Provider() as provider:
        yield provider
