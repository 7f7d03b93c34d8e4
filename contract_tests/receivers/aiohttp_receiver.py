"""A correct receiver in aiohttp: each status of a message takes effect once, and no message ever goes back.

It needs aiohttp. Callbacks come by POST to /callbacks/whatsapp, and GET on /callbacks/whatsapp/{id} shows what is
stored of a message. To start it, and to have it judged:

    PORT=8080 STORE=receiver.sqlite3 python aiohttp_receiver.py
    URL=http://127.0.0.1:8080/callbacks/whatsapp
    callback-contract check "$URL" --state-url "$URL/{id}"
"""

import asyncio
import json
import os
import re
import sqlite3
import threading
from typing import Any, NoReturn

from aiohttp import web

MAX_BODY_BYTES = 1024 * 1024

STRINGS = [
    *("workflow_id", "workflow_name", "nodetask_id", "nodetask_name", "waba_task_id", "wfdetail_uuid"),
    *("status", "msg_id", "send_time", "waba_template_name", "channel_id", "callee"),
]
INTEGERS = ["timestamp", "waba_template_id"]
REQUIRED: dict[str, type] = dict.fromkeys(STRINGS, str) | dict.fromkeys(INTEGERS, int) | {"variables": dict}

# The states that each status may follow. A redelivery or a late older status finds none of them, and changes nothing.
FOLLOWS = {
    "wait": [],
    "send": ["wait"],
    "delivery": ["wait", "send"],
    "read": ["wait", "send", "delivery"],
    "replied": ["wait", "send", "delivery", "read"],
    "failed": ["wait", "send"],
}


class Store:
    """What is known about each message, in SQLite. Its methods block, so they run in threads."""

    def __init__(self, path: str) -> None:
        # isolation_level=None: each statement is committed when it returns, so what was answered with 200 is stored.
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT)"
        )
        self._lock = threading.Lock()

    def record(self, msg_id: str, status: str, text: str) -> None:
        """Lets a status take effect where it may; one statement, so that concurrent deliveries cannot race.

        A message's first delivery creates its row. Any other finds it by the primary key, and WHERE lets it change the
        row only from a state that its status may follow: that is never so for a redelivery.
        """
        # region: status
        # FOLLOWS: each known status with the states that it may follow
        if status not in FOLLOWS:
            return  # to the caller, which acknowledges: a value of next year
        # endregion
        with self._lock:
            # region: store
            # self._database: sqlite3; id: PRIMARY KEY; FOLLOWS["read"]: all before it
            self._database.execute(
                "INSERT INTO message (id, state, applied, last) VALUES (?, ?, 1, ?)"
                " ON CONFLICT (id) DO UPDATE SET"
                " state = excluded.state, applied = applied + 1, last = excluded.last"
                " WHERE state IN (SELECT value FROM json_each(?))",
                [msg_id, status, text, json.dumps(FOLLOWS.get(status, []))],
            )
            # endregion

    def find(self, msg_id: str) -> tuple[str, int, str] | None:
        """Looks a message up: its state, how many callbacks took effect, and the last one's body."""
        with self._lock:
            row: tuple[str, int, str] | None = self._database.execute(
                "SELECT state, applied, last FROM message WHERE id = ?", [msg_id]
            ).fetchone()
        return row


STORE = web.AppKey("store", Store)
routes = web.RouteTableDef()


@routes.post("/callbacks/whatsapp")
async def receive(request: web.Request) -> web.Response:
    """Stores one delivery; every repeat of it gets the same answer."""
    # region: media-type
    if request.content_type != "application/json":  # aiohttp has dropped the parameters and lower-cased the rest
        raise web.HTTPUnsupportedMediaType(text="the body has to be JSON")
    # endregion
    try:
        body = await request.read()  # which raises the 413
    except web.RequestPayloadError:  # compressed, and not as Content-Encoding says
        raise web.HTTPBadRequest(text="the body cannot be read") from None
    text, callback = decode(body)
    await asyncio.to_thread(request.app[STORE].record, callback["msg_id"], callback["status"], text)
    return web.json_response({})  # only now: when storing fails, aiohttp answers 500, and the provider tries again


@routes.get("/callbacks/whatsapp/{msg_id}")
async def read_back(request: web.Request) -> web.Response:
    """Shows what is stored about one message, to tests: personal data, so ask for credentials or leave it out."""
    msg_id = request.match_info["msg_id"]
    found = await asyncio.to_thread(request.app[STORE].find, msg_id)
    if found is None:
        raise web.HTTPNotFound(text="no such message")
    state, applied, last = found
    head = json.dumps({"id": msg_id, "state": state, "applied": applied})
    # The body goes out as it came in: parsing it again could only lose digits.
    return web.Response(text=f'{head[:-1]}, "last": {last}}}', content_type="application/json")


def decode(body: bytes) -> tuple[str, dict[str, Any]]:
    """Reads one callback, with the checks that make every later step safe."""
    # region: parse
    # refuse_constant: a function that raises ValueError, for NaN
    try:
        text = body.decode("utf-8")  # request.json() would replace or guess at what is not UTF-8
        callback = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, integers past 4300 digits, very deep nesting
        raise web.HTTPBadRequest(text="the body cannot be read") from None
    # endregion
    # region: members
    # callback: the parsed body; REQUIRED: {"msg_id": str, …}
    if not isinstance(callback, dict):
        raise web.HTTPBadRequest(text="the body is no object")
    for name, kind in REQUIRED.items():
        if type(callback.get(name)) is not kind:  # not isinstance: to Python, true is an int
            raise web.HTTPBadRequest(text=f"{name} is missing or mistyped")
    # endregion
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", callback["msg_id"]):  # what a key and a URL carry without escapes
        raise web.HTTPBadRequest(text="msg_id is no usable id")
    return text, callback


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


if __name__ == "__main__":
    # region: limit
    app = web.Application(client_max_size=MAX_BODY_BYTES)  # MAX_BODY_BYTES: as 1024 * 1024
    # endregion
    app[STORE] = Store(os.environ.get("STORE", ":memory:"))
    app.add_routes(routes)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None, print=None)
