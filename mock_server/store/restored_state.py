"""Restored state: gives a receiver the message states that the deliveries of its store imply."""

from __future__ import annotations

from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.store.reader import Reader

__all__ = ["restore"]


def restore(receiver: Receiver, reader: Reader) -> None:
    """Apply the acknowledged deliveries in order.

    Read-back then shows the states from before the restart.
    """
    callbacks = {callback.name: callback for callback in receiver.contract.callbacks}
    last = 0
    while some := reader.after(last, limit=500, whole=True):
        last = some[-1].id
        for arrival in some:
            if arrival.acknowledged and arrival.callback in callbacks:
                try:
                    receiver.states.apply(callbacks[arrival.callback], arrival.json, arrival.body_bytes)
                except LookupError:  # the store was written with another contract
                    continue
