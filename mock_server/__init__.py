"""Both ends of the wire, made from the contract.

For a partner's own tests:

    from mock_server import MockReceiver, Provider

    with MockReceiver() as mock:            # a receiver in this process, for testing a sender
        send_something_to(mock.url)
        mock.wait_for(count=1, timeout=5)

    Provider()(app, state="read")           # a callback to an ASGI or WSGI application, without a network

Importing this package imports nothing else; what it names is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.mock_receiver import DidNotArrive, MockReceiver
    from mock_server.provider.in_process import Provider
    from mock_server.recording.arrival import Arrival

__all__ = ["Arrival", "DidNotArrive", "MockReceiver", "Provider"]

_WHERE = {
    "Arrival": "mock_server.recording.arrival",
    "DidNotArrive": "mock_server.mock_receiver",
    "MockReceiver": "mock_server.mock_receiver",
    "Provider": "mock_server.provider.in_process",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
