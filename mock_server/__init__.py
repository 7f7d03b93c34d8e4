"""Both ends of the wire, made from the contract: a mock receiver and a provider that sends.

For a partner's own tests:

    from callback_contract.mock_server import MockReceiver, Provider

    with MockReceiver() as mock:            # a receiver in this process, for testing a sender
        send_something_to(mock.url)
        mock.wait_for(count=1, timeout=5)

    Provider()(app, state="read")           # a callback to an ASGI or WSGI application, without a network

Importing this package imports nothing else; what it names is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from callback_contract.mock_server.provider.in_process import Provider
    from callback_contract.mock_server.store.stored_delivery import StoredDelivery
    from callback_contract.mock_server.testing.mock_receiver import DidNotArrive, MockReceiver

__all__ = ["DidNotArrive", "MockReceiver", "Provider", "StoredDelivery"]

_WHERE = {
    "StoredDelivery": "callback_contract.mock_server.store.stored_delivery",
    "DidNotArrive": "callback_contract.mock_server.testing.mock_receiver",
    "MockReceiver": "callback_contract.mock_server.testing.mock_receiver",
    "Provider": "callback_contract.mock_server.provider.in_process",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
