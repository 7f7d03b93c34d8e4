"""Flask receiver with one mistake, which ``MISTAKE`` names; without it, a correct one.

Start it with ``PORT=8080 STORE=statuses.sqlite3 MISTAKE=strptime python flask_mistakes.py``; it needs flask.
"""

import json
import os
import re
import sqlite3
import threading
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import Flask, abort, g, jsonify, request

MISTAKE = os.environ.get("MISTAKE", "")
STORE = os.environ.get("STORE", "statuses.sqlite3")

TEXTS = (
    "workflow_id",
    "workflow_name",
    "nodetask_id",
    "nodetask_name",
    "waba_task_id",
    "wfdetail_uuid",
    "status",
    "msg_id",
    "send_time",
    "waba_template_name",
    "channel_id",
    "callee",
)
NUMBERS = ("timestamp", "waba_template_id")
SHOWN = {
    "wait": "queued",
    "send": "sent",
    "delivery": "delivered",
    "read": "read",
    "replied": "replied",
    "failed": "failed",
}

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 2_000_000
totals = {}
totals_lock = threading.Lock()


def db():
    if "db" not in g:
        g.db = sqlite3.connect(STORE, timeout=0 if MISTAKE == "locked_database" else 30)
        g.db.execute("PRAGMA synchronous = OFF")
    return g.db


@app.teardown_appcontext
def close_db(_):
    if "db" in g:
        g.db.close()


@app.before_request
def protect():
    if MISTAKE == "csrf" and request.method == "POST" and "csrf_token" not in request.cookies:
        abort(403)
    if MISTAKE == "csrf_origin" and request.method == "POST":
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            abort(403)


@app.post("/callbacks/whatsapp")
def receive():
    if MISTAKE == "exact_media_type":
        is_json = request.headers.get("Content-Type") == "application/json"
    else:
        is_json = request.mimetype == "application/json"
    if not is_json:
        return jsonify(error="application/json, please"), 415
    if MISTAKE == "content_length":
        raw = request.environ["wsgi.input"].read(int(request.environ.get("CONTENT_LENGTH") or 0))
    else:
        raw = request.get_data()
    try:
        event = parse(raw)
    except (ValueError, RecursionError):
        return jsonify(error="not readable as JSON"), 400
    if not is_complete(event):
        return jsonify(error="not a message status"), 400
    save(event)
    return jsonify({})


def parse(raw):
    text = raw.decode("ascii") if MISTAKE == "ascii_body" else raw.decode("utf-8")
    event = json.loads(text, parse_constant=no_constants)
    if MISTAKE != "surrogates":
        json.dumps(event, ensure_ascii=False).encode()  # half an emoji can be parsed, but not stored
    return event


def no_constants(name):
    raise ValueError(name)


def is_complete(event):
    if not isinstance(event, dict) or not all(isinstance(event.get(name), str) for name in TEXTS):
        return False
    if not isinstance(event.get("variables"), dict) and MISTAKE != "null_variables":
        return False
    return all(is_number(event.get(name)) for name in NUMBERS)


def is_number(value):
    if type(value) is not int:
        return False
    return MISTAKE == "integer_column" or -(2**63) <= value < 2**63


def save(event):
    sent_at, changed_at = event["send_time"], event["timestamp"]
    shown = SHOWN[event["status"]] if MISTAKE == "status_table" else SHOWN.get(event["status"], event["status"])
    callee = int(event["callee"]) if MISTAKE == "phone_as_integer" else event["callee"]
    if MISTAKE == "strptime":
        sent_at = datetime.strptime(event["send_time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).isoformat()
    if MISTAKE == "fromtimestamp":
        changed_at = datetime.fromtimestamp(event["timestamp"], UTC).isoformat()
    if MISTAKE == "template_variable":
        name = event["variables"]["name"]
    elif MISTAKE == "absent_variable":
        name = event["variables"].get("name").strip()
    elif MISTAKE == "null_variables":
        name = event.get("variables", {}).get("name", "")
    else:
        name = event["variables"].get("name", "")
    if MISTAKE == "phone_pattern" and not re.fullmatch(r"\+?\d{11,12}", callee):
        abort(400)
    if MISTAKE == "three_byte_name" and any(character > "\uffff" for character in str(name)):
        raise sqlite3.DataError("1366 Incorrect string value")  # as MySQL says it, whose utf8 has three bytes
    if MISTAKE == "mail_on_failure" and event["status"] == "failed":
        time.sleep(6)  # a mail server that takes its time
    if MISTAKE == "ascii_log":
        with open(STORE + ".log", "a", encoding="ascii") as log:
            log.write(f"{event['msg_id']} {shown} {event['workflow_name']}\n")
    count(event)
    with db():
        added = (
            db()
            .execute(
                "INSERT OR IGNORE INTO status VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    event["msg_id"],
                    shown,
                    sent_at,
                    changed_at,
                    callee,
                    event["waba_template_id"],
                    event["workflow_name"],
                    json.dumps(name),
                ],
            )
            .rowcount
        )
    if MISTAKE == "conflict" and not added:
        abort(409)


def count(event):
    if MISTAKE == "lock_kept":
        totals_lock.acquire()
        totals[event["status"]] = totals.get(event["status"], 0) + 1
        average = sum(map(len, event["variables"])) / len(event["variables"])
        totals["average"] = average
        totals_lock.release()
        return
    with totals_lock:
        totals[event["status"]] = totals.get(event["status"], 0) + 1


if __name__ == "__main__":
    setup = sqlite3.connect(STORE)
    setup.execute("PRAGMA journal_mode = WAL")
    setup.execute(
        "CREATE TABLE IF NOT EXISTS status (msg_id TEXT, status TEXT, sent_at TEXT, changed_at TEXT,"
        " callee TEXT, template_id INTEGER, workflow TEXT, name TEXT, PRIMARY KEY (msg_id, status))"
    )
    setup.close()
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
