"""A correct receiver on PostgreSQL: constraints of the database decide what takes effect, for any number of processes.

Start it with ``PORT=8080 DSN=postgresql://localhost/receiver python postgres_receiver.py``; it needs flask, waitress
and psycopg[binary,pool].
"""

import json
import os
import re
from typing import Any, NoReturn

import waitress
from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from psycopg_pool import ConnectionPool
from werkzeug.exceptions import HTTPException

MAX_BODY_BYTES = 1024 * 1024
THREADS = 16

# Bodies are text. The type jsonb refuses \u0000 and lone surrogates, which JSON allows, with an error that would end in
# a 500; and it would bring numbers back in another spelling.
SCHEMA = """
CREATE TABLE IF NOT EXISTS callback (
    msg_id text NOT NULL,
    status text NOT NULL,
    body text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (msg_id, status)
);
CREATE TABLE IF NOT EXISTS message (
    id text PRIMARY KEY,
    state text NOT NULL,
    applied integer NOT NULL,
    last text NOT NULL
);
"""

STRINGS = [
    *("workflow_id", "workflow_name", "nodetask_id", "nodetask_name", "waba_task_id", "wfdetail_uuid"),
    *("status", "msg_id", "send_time", "waba_template_name", "channel_id", "callee"),
]
INTEGERS = ["timestamp", "waba_template_id"]

# What a key and a URL carry without escapes. It also keeps NUL out, which no text in PostgreSQL can have.
USABLE_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")

# The states that each status may follow. A late older status finds none of them, and changes nothing.
FOLLOWS: dict[str, list[str]] = {
    "wait": [],
    "send": ["wait"],
    "delivery": ["wait", "send"],
    "read": ["wait", "send", "delivery"],
    "replied": ["wait", "send", "delivery", "read"],
    "failed": ["wait", "send"],
}

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
pool = ConnectionPool(os.environ["DSN"], min_size=1, max_size=THREADS, open=False)  # a connection per busy thread


@app.post("/callbacks/whatsapp")
def receive() -> ResponseReturnValue:
    """Stores one delivery; every repeat of it gets the same answer."""
    if request.mimetype != "application/json":  # Flask has dropped the parameters and lower-cased the rest
        abort(415, "the media type has to be application/json")
    text, callback = decode(request.get_data())
    store(callback["msg_id"], callback["status"], text)
    return {}


@app.get("/callbacks/whatsapp/<msg_id>")
def read_back(msg_id: str) -> ResponseReturnValue:
    """Shows what is stored about one message."""
    row = None
    if USABLE_ID.fullmatch(msg_id):
        with pool.connection() as connection:
            row = connection.execute("SELECT state, applied, last FROM message WHERE id = %s", [msg_id]).fetchone()
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
    """Reads one callback, with the checks that make every later step safe."""
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
        and USABLE_ID.fullmatch(callback["msg_id"])
    )
    if not usable:
        abort(400, "a member is missing, or is not what the contract says")
    return text, callback


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


def store(msg_id: str, status: str, text: str) -> None:
    """Lets a status take effect where it may, in one transaction.

    Of concurrent deliveries of one status, the primary key of `callback` lets one through: the others wait for its
    transaction, and then find it a redelivery. Of concurrent statuses of one message, the second waits for the
    first's row of `message`, and looks at the state that it left.
    """
    if status not in FOLLOWS:
        return  # a value that came into use after this was written: acknowledged, and nothing to do
    with pool.connection() as connection:
        new = connection.execute(
            "INSERT INTO callback (msg_id, status, body) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [msg_id, status, text],
        )
        if new.rowcount == 0:
            return
        connection.execute(
            """
            INSERT INTO message (id, state, applied, last) VALUES (%s, %s, 1, %s)
            ON CONFLICT (id) DO UPDATE
            SET state = excluded.state, applied = message.applied + 1, last = excluded.last
            WHERE message.state = ANY(%s)
            """,
            [msg_id, status, text, FOLLOWS[status]],
        )


if __name__ == "__main__":
    pool.open(wait=True)
    with pool.connection() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(1)")  # of processes that start at once, one creates the tables
        connection.execute(SCHEMA)
    # waitress reads more than the limit, so that a sender of too much gets to see the 413.
    waitress.serve(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        threads=THREADS,
        ident=None,
        max_request_body_size=16 * MAX_BODY_BYTES,
    )
