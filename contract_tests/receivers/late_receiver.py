"""A correct receiver that answers first and works later: an inbox in the database, and one worker that empties it.

What is acknowledged is not lost when the process dies, and what takes long or fails does not delay the answer. One
worker takes deliveries as they came, so that no two are worked on at once. Each waits 250 ms here, to show the gap.
Start it with ``PORT=8080 STORE=receiver.sqlite3 python late_receiver.py``; it needs flask and waitress.
"""

import json
import os
import re
import sqlite3
import threading
import time
from typing import Any, NoReturn

import waitress
from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

MAX_BODY_BYTES = 1024 * 1024
DELAY_S = 0.25

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

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

database = sqlite3.connect(os.environ.get("STORE", ":memory:"), check_same_thread=False)
database.executescript(
    """
    CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT);
    CREATE TABLE IF NOT EXISTS inbox
        (number INTEGER PRIMARY KEY AUTOINCREMENT, received_s REAL, msg_id TEXT, status TEXT, body TEXT);
    """
)
database_lock = threading.Lock()
arrived = threading.Event()


@app.post("/callbacks/whatsapp")
def receive() -> ResponseReturnValue:
    """Puts one delivery into the inbox; redeliveries too, since telling them apart is part of the work."""
    if request.mimetype != "application/json":  # Flask has dropped the parameters and lower-cased the rest
        abort(415, "the media type has to be application/json")
    text, callback = decode(request.get_data())
    with database_lock, database:
        database.execute(
            "INSERT INTO inbox (received_s, msg_id, status, body) VALUES (?, ?, ?, ?)",
            [time.time(), callback["msg_id"], callback["status"], text],
        )
    arrived.set()
    return {}


@app.get("/callbacks/whatsapp/<msg_id>")
def read_back(msg_id: str) -> ResponseReturnValue:
    """Shows what is stored about one message."""
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


def decode(body: bytes) -> tuple[str, dict[str, Any]]:
    """Reads one callback. What cannot be worked on is refused here, before it is acknowledged."""
    try:
        text = body.decode("utf-8")  # from bytes, json.loads would also take UTF-16 and a byte order mark
        callback = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, integers past 4300 digits, very deep nesting
        abort(400, "the body is not JSON in UTF-8, or cannot be read here")
    usable = (
        isinstance(callback, dict)
        and all(isinstance(callback.get(name), str) for name in STRINGS)
        and all(type(callback.get(name)) is int for name in INTEGERS)  # not isinstance: to Python, true is an int
        and isinstance(callback.get("variables"), dict)
        and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", callback["msg_id"])  # what a key and a URL carry without escapes
        and not re.search("[\ud800-\udfff]", callback["status"])  # SQLite cannot store lone surrogates
    )
    if not usable:
        abort(400, "a member is missing, or is not what the contract says")
    return text, callback


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


def work() -> NoReturn:
    """Takes deliveries out of the inbox, in the order in which they came, for ever."""
    while True:
        arrived.clear()  # before looking: what arrives after the look sets it again
        with database_lock:
            (oldest_s,) = database.execute("SELECT min(received_s) FROM inbox").fetchone()
        if oldest_s is None:
            arrived.wait()
            continue
        time.sleep(min(max(oldest_s + DELAY_S - time.time(), 0), DELAY_S))  # clocks may jump
        due_s = max(time.time() - DELAY_S, oldest_s)
        with database_lock, database:  # one transaction: the effects and the removal happen all, or none of them
            due = database.execute(
                "SELECT msg_id, status, body FROM inbox WHERE received_s <= ? ORDER BY number", [due_s]
            ).fetchall()
            for msg_id, status, body in due:
                apply(msg_id, status, body)
            database.execute("DELETE FROM inbox WHERE received_s <= ?", [due_s])


def apply(msg_id: str, status: str, text: str) -> None:
    """Lets a status take effect where it may."""
    if status not in FOLLOWS:
        return  # a value that came into use after this was written: nothing to do
    database.execute(
        """
        INSERT INTO message (id, state, applied, last) VALUES (?, ?, 1, ?)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, applied = applied + 1, last = excluded.last
        WHERE state IN (SELECT value FROM json_each(?))
        """,
        [msg_id, status, text, json.dumps(FOLLOWS[status])],
    )


if __name__ == "__main__":
    threading.Thread(target=work, daemon=True).start()
    # waitress reads more than the limit, so that a sender of too much gets to see the 413.
    waitress.serve(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        threads=32,
        ident=None,
        max_request_body_size=16 * MAX_BODY_BYTES,
    )
