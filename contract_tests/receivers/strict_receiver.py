"""A strict receiver in FastAPI: it refuses every value that it does not expect, and no delivery that is valid.

It takes I-JSON (RFC 7493) without NUL, and every inferred format of the contract at its word. It still acknowledges
what the provider may send next year: unknown members, unknown statuses, and variables that are no texts.
Start it with ``PORT=8080 STORE=receiver.sqlite3 python strict_receiver.py``; it needs fastapi and uvicorn.
"""

import json
import math
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, NoReturn

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

MAX_BODY_BYTES = 1024 * 1024
MAX_INTEGER = 2**53  # up to here, every JSON implementation tells any two integers apart
LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z, the last one that RFC 3339 can write

RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)

# The states that each status may follow. A redelivery or a late older status finds none of them, and changes nothing.
FOLLOWS = {
    "wait": [],
    "send": ["wait"],
    "delivery": ["wait", "send"],
    "read": ["wait", "send", "delivery"],
    "replied": ["wait", "send", "delivery", "read"],
    "failed": ["wait", "send"],
}


def check_time(text: str) -> str:
    """Checks RFC 3339 in full, with any offset, any fraction and leap seconds."""
    parts = RFC3339.fullmatch(text)
    if parts is None:
        raise ValueError("not an RFC 3339 time")
    datetime.strptime(parts[1], "%Y-%m-%d")  # raises ValueError on the 30th of February
    return text


Text = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$")]  # tab and line ends are fine
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class WabaMessageStatus(BaseModel):
    """The callback. Members that it does not name are ignored: the provider may add some."""

    model_config = ConfigDict(strict=True, extra="ignore")

    workflow_id: Hex32
    workflow_name: Text
    nodetask_id: Hex32
    nodetask_name: Text
    waba_task_id: Hex32
    wfdetail_uuid: Hex32
    timestamp: Annotated[int, Field(ge=0, le=LAST_SECOND)]
    status: Annotated[Text, Field(min_length=1)]  # no Enum, which would refuse the value that comes next year
    msg_id: Hex32
    send_time: Annotated[str, AfterValidator(check_time)]
    waba_template_name: Text
    waba_template_id: Annotated[int, Field(ge=0, le=MAX_INTEGER)]
    channel_id: Annotated[str, Field(pattern=r"^[1-9][0-9]{1,14}$")]
    callee: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{1,14}$")]
    variables: dict[Text, Text | int | float | bool | list[Any] | dict[str, Any] | None]


app = FastAPI(openapi_url=None, redirect_slashes=False)

database = sqlite3.connect(os.environ.get("STORE", ":memory:"), check_same_thread=False, isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT)")
database_lock = threading.Lock()


@app.post("/callbacks/whatsapp")
async def receive(request: Request) -> dict[str, Any]:
    """Stores one delivery; every repeat of it gets the same answer."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            if len(body) <= MAX_BODY_BYTES:  # what is too much is read and dropped, so that its sender sees the 413
                body += chunk
    except ClientDisconnect:
        raise HTTPException(400, "the body ends early") from None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "the media type has to be application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "the body must not be compressed")
    if len(body) > MAX_BODY_BYTES:
        raise HTTPException(413, "the body is too large")
    try:
        text = body.decode("utf-8")
        callback = WabaMessageStatus.model_validate(decode(text))
    except (ValueError, RecursionError):  # pydantic's ValidationError and bad UTF-8 are ValueErrors
        raise HTTPException(422, "the body is not a callback as the contract describes it") from None
    await run_in_threadpool(store, callback.msg_id, callback.status, text)
    return {}


@app.get("/callbacks/whatsapp/{msg_id}")
def read_back(msg_id: str) -> Response:
    """Shows what is stored about one message."""
    with database_lock:
        row = database.execute("SELECT state, applied, last FROM message WHERE id = ?", [msg_id]).fetchone()
    if row is None:
        raise HTTPException(404, "no such message")
    state, applied, last = row
    head = json.dumps({"id": msg_id, "state": state, "applied": applied})
    return Response(f'{head[:-1]}, "last": {last}}}', media_type="application/json")


def decode(text: str) -> Any:
    """Reads I-JSON (RFC 7493) without NUL.

    Raises:
        ValueError: if it is none.
    """
    document = json.loads(
        text,
        object_pairs_hook=object_without_duplicates,
        parse_int=small_integer,
        parse_float=finite_number,
        parse_constant=refuse_constant,
    )
    for found in texts(document):
        found.encode("utf-8")  # raises on a lone surrogate
        if "\0" in found:
            raise ValueError("a text has a NUL")
    return document


def texts(value: Any) -> Iterator[str]:
    """Finds every text in a document, and every name."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Builds an object, and refuses one in which two readers may see different values."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is there twice")
    return members


def small_integer(digits: str) -> int:
    """Reads an integer that every JSON implementation reads alike."""
    number = int(digits)  # raises past 4300 digits
    if abs(number) > MAX_INTEGER:
        raise ValueError("an integer is past 2^53")
    return number


def finite_number(digits: str) -> float:
    """Reads a fraction or a number with an exponent that fits in a double."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


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


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", timeout_keep_alive=65)
