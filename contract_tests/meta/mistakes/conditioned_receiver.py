"""Correct FastAPI receiver in a condition of its server, which ``CONDITION`` names with its number.

``limited:N`` takes N deliveries a second and asks for patience with 429 beyond that; ``chance:SHARE`` answers so many
deliveries with 500; ``late:S`` takes S seconds for each after the first fifty; ``hangs:N`` answers nothing any more
after N; ``dies:S`` ends S seconds after it stored a status that it does not know, ``dies-once:N`` after N deliveries.

Start it with ``PORT=8080 STORE=receiver.sqlite3 CONDITION=chance:0.02 python conditioned_receiver.py``.
"""

import asyncio
import json
import os
import random
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2] / "receivers"))

import fastapi_receiver

KIND, _, NUMBER = os.environ["CONDITION"].partition(":")
WORD = float(NUMBER)
_FAST = 50  # deliveries before it becomes late

seen = SimpleNamespace(arrived=0, free_at=0.0)  # deliveries, and when one that is limited takes the next


async def receiver(scope, receive, send):
    """Takes a request as the correct receiver does, unless the condition meets it."""
    if scope["type"] != "http" or scope["method"] != "POST":
        await fastapi_receiver.app(scope, receive, send)
        return
    seen.arrived += 1
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)

    async def again():
        return {"type": "http.request", "body": body, "more_body": False}

    if refusal := await met(body):
        status, headers = refusal
        await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        return
    await fastapi_receiver.app(scope, again, send)


async def met(body):
    """What the condition does to a delivery: a status and headers in the place of the receiver's answer, or nothing."""
    if KIND == "limited":
        if time.monotonic() < seen.free_at:
            return 429, [(b"retry-after", b"1")]
        seen.free_at = max(seen.free_at, time.monotonic()) + 1 / WORD
    elif KIND == "chance" and random.random() < WORD:
        return 500, []
    elif KIND == "late" and seen.arrived > _FAST:
        await asyncio.sleep(WORD)
    elif KIND == "hangs" and seen.arrived > WORD:
        time.sleep(3600)  # the whole process
    elif KIND == "dies" and is_unknown(body):
        asyncio.get_running_loop().call_later(WORD, os._exit, 1)
    elif KIND == "dies-once" and seen.arrived >= WORD and not Path(os.environ["STORE"] + ".died").exists():
        Path(os.environ["STORE"] + ".died").touch()
        os._exit(1)
    return None


def is_unknown(body):
    """Whether a delivery tells of a status that the receiver does not know."""
    try:
        return json.loads(body)["status"] not in fastapi_receiver.FOLLOWS
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


if __name__ == "__main__":
    uvicorn.run(receiver, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", timeout_keep_alive=65)
