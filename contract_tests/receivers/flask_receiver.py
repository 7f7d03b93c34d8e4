"""A correct receiver in Flask: each status of a message takes effect once, and no message ever goes back.

It needs flask and waitress. Callbacks come by POST to /callbacks/whatsapp, and GET on /callbacks/whatsapp/{id} shows
what is stored of a message. To start it, and to have it judged:

    PORT=8080 STORE=receiver.sqlite3 python flask_receiver.py
    URL=http://127.0.0.1:8080/callbacks/whatsapp
    callback-contract check "$URL" --state-url "$URL/{id}"
"""

import json
import os
import re
import sqlite3
import threading
from typing import Any, NoReturn

import waitress
from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

MAX_BODY_BYTES = 1024 * 1024

# The members that every callback carries. There may be others, now or next year: they are kept and not looked at.
REQUIRED: dict[str, type] = {
    "workflow_id": str,
    "workflow_name": str,
    "nodetask_id": str,
    "nodetask_name": str,
    "waba_task_id": str,
    "wfdetail_uuid": str,
    "timestamp": int,
    "status": str,
    "msg_id": str,
    "send_time": str,
    "waba_template_name": str,
    "waba_template_id": int,
    "channel_id": str,
    "callee": str,
    "variables": dict,
}

# No format is documented for ids, so this asks only for what a key and a URL can carry without escapes.
USABLE_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")

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
# region: limit
app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES  # app: Flask's; MAX_BODY_BYTES: as 1024 * 1024
# endregion

# isolation_level=None: each statement is committed when it returns, so what was answered with 200 is stored.
database = sqlite3.connect(os.environ.get("STORE", ":memory:"), check_same_thread=False, isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT)")
database_lock = threading.Lock()


@app.post("/callbacks/whatsapp")
def receive() -> ResponseReturnValue:
    """Stores one delivery; every repeat of it gets the same answer."""
    # region: media-type
    if request.mimetype != "application/json":  # Flask has dropped the parameters and lower-cased the rest
        abort(415, "the media type has to be application/json")
    # endregion
    text, callback = decode(request.get_data())
    # region: members
    # callback: the parsed body; REQUIRED: {"msg_id": str, …}
    if not isinstance(callback, dict):
        abort(400, "the body is not a JSON object")
    for name, kind in REQUIRED.items():
        if type(callback.get(name)) is not kind:  # not isinstance: to Python, true is an int
            abort(400, f"{name} is missing or of another type")
    # endregion
    if not USABLE_ID.fullmatch(callback["msg_id"]):
        abort(400, "msg_id is no usable id")
    store(callback["msg_id"], callback["status"], text)
    return {}  # only now: when storing fails, Flask answers 500, and the provider tries again


@app.get("/callbacks/whatsapp/<msg_id>")
def read_back(msg_id: str) -> ResponseReturnValue:
    """Shows what is stored about one message, to tests: personal data, so ask for credentials or leave it out."""
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


def decode(body: bytes) -> tuple[str, Any]:
    """Reads RFC 8259 JSON in UTF-8, which is narrower than what `json.loads` takes."""
    # region: parse
    # refuse_constant: a function that raises ValueError, for NaN
    try:
        text = body.decode("utf-8")  # request.get_data(): of bytes, json.loads takes UTF-16
        callback = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, integers past 4300 digits, very deep nesting
        abort(400, "the body cannot be read as JSON in UTF-8")
    # endregion
    return text, callback


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


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
    # waitress reads more than the limit, so that a sender of too much gets to see the 413.
    waitress.serve(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        threads=32,
        ident=None,
        max_request_body_size=16 * MAX_BODY_BYTES,
    )
