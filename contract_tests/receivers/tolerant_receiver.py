"""A tolerant receiver in Flask: it takes every JSON object that names a message and a status, and ignores the rest.

It is as correct as its strict sibling: a status takes effect once, and no message ever goes back.
Start it with ``PORT=8080 STORE=receiver.sqlite3 python tolerant_receiver.py``; it needs flask and waitress.
"""

import json
import os
import re
import sqlite3
import threading
from typing import NoReturn, TypeGuard

import waitress
from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

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

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

database = sqlite3.connect(os.environ.get("STORE", ":memory:"), check_same_thread=False, isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT)")
database_lock = threading.Lock()


@app.post("/callbacks/whatsapp")
def receive() -> ResponseReturnValue:
    """Stores one delivery, if it says which message and which status."""
    if request.mimetype != "application/json":  # Flask has dropped the parameters and lower-cased the rest
        abort(415, "the media type has to be application/json")
    try:
        text = request.get_data().decode("utf-8")
        callback = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, integers past 4300 digits, very deep nesting
        abort(400, "the body is not JSON in UTF-8, or cannot be read here")
    if not isinstance(callback, dict):
        abort(400, "the body is not a JSON object")
    msg_id, status = callback.get("msg_id"), callback.get("status")
    if not (is_text(msg_id) and is_text(status)):
        abort(400, "msg_id and status have to be texts that are not empty")
    store(msg_id, status, text)
    return {}


@app.get("/callbacks/whatsapp/<path:msg_id>")
def read_back(msg_id: str) -> ResponseReturnValue:
    """Shows what is stored about one message, whose id may have slashes."""
    with database_lock:
        row = database.execute("SELECT state, applied, last FROM message WHERE id = ?", [msg_id]).fetchone()
    if row is None:
        abort(404, "no such message")
    state, applied, last = row
    # The body goes out as it came in: parsing it again could only lose digits.
    head = json.dumps({"id": msg_id, "state": state, "applied": applied})
    return Response(f'{head[:-1]}, "last": {last}}}', mimetype="application/json")


@app.errorhandler(HTTPException)
def refuse(error: HTTPException) -> ResponseReturnValue:
    """Answers every error in JSON, in place of Flask's pages; its headers (Allow) stay."""
    response = error.get_response()
    response.data = json.dumps({"error": error.description})
    response.content_type = "application/json"
    return response


def is_text(value: object) -> TypeGuard[str]:
    """Tells whether a value can be a key: a text, not empty, without the lone surrogates that UTF-8 does not have."""
    return isinstance(value, str) and value != "" and not re.search("[\ud800-\udfff]", value)


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
    # waitress reads more than the limit, so that a sender of too much gets to see the 413.
    waitress.serve(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        threads=32,
        ident=None,
        max_request_body_size=16 * MAX_BODY_BYTES,
    )
