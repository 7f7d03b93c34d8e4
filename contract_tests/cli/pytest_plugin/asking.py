"""Plugin file of a `check` that pytest started: asks the read-back of the tests in their process."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

__all__ = ["read_back"]

_WAIT_S = 30.0


def read_back(message_id: str) -> Any:
    """What the tests' fixture says is stored of a message."""
    place = os.environ.get("CALLBACK_CONTRACT_READ_BACK")
    if place is None:
        raise RuntimeError("this file asks a fixture of pytest, and serves no other run; give a plugin file of yours")
    port, _, token = place.partition(":")
    with (
        socket.create_connection(("127.0.0.1", int(port)), timeout=_WAIT_S) as connection,
        connection.makefile("rwb") as stream,
    ):
        stream.write(json.dumps({"token": token, "id": message_id}).encode() + b"\n")
        stream.flush()
        answer = json.loads(stream.readline())
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["stored"]
