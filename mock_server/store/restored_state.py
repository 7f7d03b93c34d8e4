"""Restored state: gives a receiver the message states that the deliveries of its store imply."""

from __future__ import annotations

from callback_contract.mock_server.receiver.receiver import Receiver
from callback_contract.mock_server.receiver.request import Head
from callback_contract.mock_server.store.reader import Reader
from callback_contract.mock_server.wire.bodies import decode_body
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable

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
                    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in arrival.headers]
                    head = Head(arrival.method, "", raw, arrival.target.encode("latin-1"))
                    callback = callbacks[arrival.callback]
                    value = decode_body(callback, arrival.content, arrival.header("content-type") or "")
                    receiver.states.apply(callback, value, arrival.body_bytes, head)
                except (LookupError, Unparsable, Unusable):  # the store was written with another contract
                    continue
