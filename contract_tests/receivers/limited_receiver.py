"""A correct receiver in Starlette that takes some 50 deliveries a second, and asks for patience with 429 beyond that.

A delivery that gets 429 leaves no trace, so that the sender's next try is as good as the first.
Start it with ``PORT=8080 STORE=receiver.sqlite3 python limited_receiver.py``; it needs starlette and uvicorn.
"""

import json
import os
import re
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from typing import Any, NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MAX_BODY_BYTES = 1024 * 1024

STRINGS = [
    *("workflow_id", "workflow_name", "nodetask_id", "nodetask_name", "waba_task_id", "wfdetail_uuid"),
    *("status", "msg_id", "send_time", "waba_template_name", "channel_id", "callee"),
]
INTEGERS = ["timestamp", "waba_template_id"]

# The states that each status may follow. A redelivery or a late older status finds none of them, and changes nothing.
FOLLOWS = {
    "wait": [],
    "send": ["wait"],
    "delivery": ["wait", "send"],
    "read": ["wait", "send", "delivery"],
    "replied": ["wait", "send", "delivery", "read"],
    "failed": ["wait", "send"],
}

database = sqlite3.connect(os.environ.get("STORE", ":memory:"), check_same_thread=False, isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT)")
database_lock = threading.Lock()


@dataclass
class Bucket:
    """Tokens that come back at a steady rate; each delivery takes one. Used by the event loop only, hence no lock."""

    per_second: float
    tokens: float
    filled_s: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        """Takes a token, if there is one."""
        now_s = time.monotonic()
        self.tokens = min(self.tokens + (now_s - self.filled_s) * self.per_second, self.per_second)
        self.filled_s = now_s
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


bucket = Bucket(per_second=50, tokens=50)


async def receive(request: Request) -> Response:
    """Stores one delivery; every repeat of it gets the same answer."""
    body = await read_body(request)  # to its end in any case: an answer before that may break the connection
    if not bucket.take():
        raise HTTPException(429, "too many deliveries at once", headers={"Retry-After": "1"})
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "the media type has to be application/json")
    if len(body) > MAX_BODY_BYTES:
        raise HTTPException(413, "the body is too large")
    text, callback = decode(body)
    await run_in_threadpool(store, callback["msg_id"], callback["status"], text)
    return JSONResponse({})


def read_back(request: Request) -> Response:
    """Shows what is stored about one message."""
    msg_id = request.path_params["msg_id"]
    with database_lock:
        row = database.execute("SELECT state, applied, last FROM message WHERE id = ?", [msg_id]).fetchone()
    if row is None:
        raise HTTPException(404, "no such message")
    state, applied, last = row
    # The body goes out as it came in: parsing it again could only lose digits.
    head = json.dumps({"id": msg_id, "state": state, "applied": applied})
    return Response(f'{head[:-1]}, "last": {last}}}', media_type="application/json")


async def read_body(request: Request) -> bytes:
    """Reads a body, and keeps little more of it than the limit; Starlette itself has none."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            if len(body) <= MAX_BODY_BYTES:
                body += chunk
    except ClientDisconnect:
        raise HTTPException(400, "the body ends early") from None
    return bytes(body)


def decode(body: bytes) -> tuple[str, dict[str, Any]]:
    """Reads one callback, with the checks that make every later step safe."""
    try:
        text = body.decode("utf-8")  # from bytes, json.loads would also take UTF-16 and a byte order mark
        callback = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, integers past 4300 digits, very deep nesting
        raise HTTPException(400, "the body is not JSON in UTF-8, or cannot be read here") from None
    usable = (
        isinstance(callback, dict)
        and all(isinstance(callback.get(name), str) for name in STRINGS)
        and all(type(callback.get(name)) is int for name in INTEGERS)  # not isinstance: to Python, true is an int
        and isinstance(callback.get("variables"), dict)
        and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", callback["msg_id"])  # what a key and a URL carry without escapes
    )
    if not usable:
        raise HTTPException(400, "a member is missing, or is not what the contract says")
    return text, callback


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


def store(msg_id: str, status: str, text: str) -> None:
    """Lets a status take effect where it may; one statement, so that concurrent deliveries cannot race."""
    if status not in FOLLOWS:
        return  # a value that came into use after this was written: acknowledged, and nothing to do
    with database_lock:
        database.execute(
            """
            INSERT INTO message (id, state, applied, last) VALUES (?, ?, 1, ?)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, applied = applied + 1, last = excluded.last
            WHERE state IN (SELECT value FROM json_each(?))
            """,
            [msg_id, status, text, json.dumps(FOLLOWS[status])],
        )


app = Starlette(
    routes=[
        Route("/callbacks/whatsapp", receive, methods=["POST"]),
        Route("/callbacks/whatsapp/{msg_id}", read_back),
    ]
)
app.router.redirect_slashes = False  # a sender takes a redirect for a failure

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", timeout_keep_alive=65)
