"""A correct receiver in FastAPI: each status of a message takes effect once, and no message ever goes back.

It needs fastapi and uvicorn. Callbacks come by POST to /callbacks/whatsapp, and GET on /callbacks/whatsapp/{id} shows
what is stored of a message. To start it, and to have it judged:

    PORT=8080 STORE=receiver.sqlite3 python fastapi_receiver.py
    URL=http://127.0.0.1:8080/callbacks/whatsapp
    callback-contract check "$URL" --state-url "$URL/{id}"
"""

import json
import os
import sqlite3
import threading
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

MAX_BODY_BYTES = 1024 * 1024

# The states that each status may follow. A redelivery or a late older status finds none of them, and changes nothing.
FOLLOWS = {
    "wait": [],
    "send": ["wait"],
    "delivery": ["wait", "send"],
    "read": ["wait", "send", "delivery"],
    "replied": ["wait", "send", "delivery", "read"],
    "failed": ["wait", "send"],
}


class WabaMessageStatus(BaseModel):
    """One callback."""

    # region: members
    model_config = ConfigDict(
        # endregion
        # region: open
        extra="ignore",  # a member that it does not name: the provider may add some
        # endregion
        # region: members
        strict=True,  # "288" is not 288; a time and a status are declared as str
    )
    # endregion

    workflow_id: str
    workflow_name: str
    nodetask_id: str
    nodetask_name: str
    waba_task_id: str
    wfdetail_uuid: str
    timestamp: int
    # region: status
    status: str  # no Enum or Literal, which refuses what the provider adds next year
    # endregion
    msg_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]  # what a key and a URL carry without escapes
    send_time: str
    waba_template_name: str
    waba_template_id: int
    channel_id: str
    callee: str
    # region: map
    variables: dict[str, Any]  # strings today
    # endregion


# No redirects of slashes: a sender takes a redirect for a failure. No pages about the API either.
app = FastAPI(openapi_url=None, redirect_slashes=False)

# isolation_level=None: each statement is committed when it returns, so what was answered with 200 is stored.
database = sqlite3.connect(os.environ.get("STORE", ":memory:"), check_same_thread=False, isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT)")
database_lock = threading.Lock()


async def json_body(request: Request) -> bytes:
    """Reads a body of the right type and size; FastAPI itself limits neither."""
    body = bytearray()
    try:
        # region: limit
        # body: a bytearray; MAX_BODY_BYTES: as 1024 * 1024
        async for chunk in request.stream():
            if len(body) <= MAX_BODY_BYTES:  # what is too much is read and dropped, so that its sender sees the 413
                body += chunk
        # endregion
    except ClientDisconnect:
        raise HTTPException(400, "the body ends early") from None
    # region: media-type
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "the media type has to be application/json")
    # endregion
    if len(body) > MAX_BODY_BYTES:
        raise HTTPException(413, "the body is too large")
    return bytes(body)


@app.post("/callbacks/whatsapp")
async def receive(body: Annotated[bytes, Depends(json_body)]) -> dict[str, Any]:
    """Stores one delivery; every repeat of it gets the same answer."""
    # region: parse
    # body: the bytes, and no parameter of the type WabaMessageStatus, which
    # FastAPI reads with NaN and in UTF-16; from_json: of pydantic_core
    try:
        value = from_json(body, allow_inf_nan=False)
        callback = WabaMessageStatus.model_validate(value)
    except ValueError:  # of which pydantic's ValidationError is one
        raise HTTPException(422, "the body cannot be read") from None
    # endregion
    await run_in_threadpool(store, callback.msg_id, callback.status, body.decode("utf-8"))
    return {}  # only now: when storing fails, FastAPI answers 500, and the provider tries again


@app.get("/callbacks/whatsapp/{msg_id}")
def read_back(msg_id: str) -> Response:
    """Shows what is stored about one message, to tests: personal data, so ask for credentials or leave it out."""
    with database_lock:
        row = database.execute("SELECT state, applied, last FROM message WHERE id = ?", [msg_id]).fetchone()
    if row is None:
        raise HTTPException(404, "no such message")
    state, applied, last = row
    # The body goes out as it came in: parsing it again could only lose digits.
    head = json.dumps({"id": msg_id, "state": state, "applied": applied})
    return Response(f'{head[:-1]}, "last": {last}}}', media_type="application/json")


def store(msg_id: str, status: str, text: str) -> None:
    """Lets a status take effect where it may; one statement, so that concurrent deliveries cannot race.

    A message's first delivery creates its row. Any other finds it by the primary key, and WHERE lets it change the row
    only from a state that its status may follow: that is never so for a redelivery.
    """
    # region: status
    # FOLLOWS: each known status with the states that it may follow
    if status not in FOLLOWS:
        return  # to the caller, which acknowledges: a value of next year
    # endregion
    with database_lock:
        # region: store
        # database: sqlite3's; id: PRIMARY KEY; FOLLOWS["read"]: all before it
        database.execute(
            "INSERT INTO message (id, state, applied, last) VALUES (?, ?, 1, ?)"
            " ON CONFLICT (id) DO UPDATE SET"
            " state = excluded.state, applied = applied + 1, last = excluded.last"
            " WHERE state IN (SELECT value FROM json_each(?))",
            [msg_id, status, text, json.dumps(FOLLOWS.get(status, []))],
        )
        # endregion


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", timeout_keep_alive=65)
