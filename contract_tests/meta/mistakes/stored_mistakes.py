"""SQLite receiver with one mistake in its stored state, which ``MISTAKE`` names; without it, a correct one.

Start it with ``PORT=8080 STORE=statuses.sqlite3 MISTAKE=check_then_insert python stored_mistakes.py``. The correct
receiver of the standard library answers HTTP; what differs is the store, which several threads use side by side.
"""

import json
import os
import sqlite3
import sys
import threading
import time
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "receivers"))

import stdlib_receiver
from stdlib_receiver import RANK, RefusedError, Server, decode

MISTAKE = os.environ.get("MISTAKE", "")
STORE = os.environ.get("STORE", "statuses.sqlite3")
_CHECK_S = 0.005  # what a look into a database over the network takes, and time enough for another thread

# What the mistaken receiver takes for the key of a row.
KEY = {"last_of_task": "nodetask_id"}.get(MISTAKE, "msg_id")


def _key(event):
    return json.dumps(event[KEY])  # a lone surrogate, escaped, can be stored


class Store:
    """What is known of each message: a connection for each call, as in a small web application."""

    def __init__(self, path):
        self.path = path
        with closing(self.connect()) as db, db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE event (msg_id TEXT, status TEXT)")
            db.execute(
                "CREATE TABLE message (key TEXT PRIMARY KEY, msg_id TEXT, state TEXT, applied INTEGER, last TEXT)"
            )
            db.execute(
                "CREATE UNIQUE INDEX one_event ON event (msg_id, status)" if MISTAKE != "check_then_insert" else ""
            )

    def connect(self):
        db = sqlite3.connect(self.path, timeout=0 if MISTAKE == "locked_database" else 30, isolation_level=None)
        db.execute("PRAGMA synchronous = OFF")
        return db

    def record(self, event, text):
        with closing(self.connect()) as db:
            if MISTAKE == "check_then_insert":
                self.check_then_insert(db, event, text)
                return
            if MISTAKE == "late_overwrite":
                self.late_overwrite(db, event, text)
                return
            db.execute("BEGIN IMMEDIATE")
            with db:
                added = db.execute("INSERT OR IGNORE INTO event VALUES (?, ?)", (event["msg_id"], event["status"]))
                if added.rowcount:
                    self.apply(db, event, text)
                if MISTAKE == "locked_database":
                    time.sleep(_CHECK_S)  # work inside the transaction

    def check_then_insert(self, db, event, text):
        """The mistake: two threads look, both find nothing, and both let the event take effect."""
        key = (event["msg_id"], event["status"])
        if db.execute("SELECT 1 FROM event WHERE msg_id = ? AND status = ?", key).fetchone():
            return
        time.sleep(_CHECK_S)
        db.execute("BEGIN IMMEDIATE")
        with db:
            db.execute("INSERT INTO event VALUES (?, ?)", key)
            self.apply(db, event, text)

    def late_overwrite(self, db, event, text):
        """The mistake: what is read before a moment's work is taken for what is stored after it."""
        row = db.execute("SELECT state FROM message WHERE key = ?", (_key(event),)).fetchone()
        time.sleep(_CHECK_S)
        if row is None or stdlib_receiver.advances(row[0], event["status"]):
            values = (event["msg_id"], event["status"], text, _key(event))
            db.execute("REPLACE INTO message (msg_id, state, applied, last, key) VALUES (?, ?, 1, ?, ?)", values)

    def apply(self, db, event, text):
        """Counts the event and moves the state on, never back."""
        row = db.execute("SELECT msg_id, state FROM message WHERE key = ?", (_key(event),)).fetchone()
        values = (event["msg_id"], event["status"], text, _key(event))
        if row is None or row[0] != event["msg_id"]:
            db.execute("REPLACE INTO message (msg_id, state, applied, last, key) VALUES (?, ?, 1, ?, ?)", values)
        elif event["status"] in RANK and stdlib_receiver.advances(row[1], event["status"]):
            db.execute(
                "UPDATE message SET msg_id = ?, state = ?, applied = applied + 1, last = ? WHERE key = ?", values
            )
        else:
            db.execute("UPDATE message SET applied = applied + 1 WHERE key = ?", (_key(event),))

    def find(self, msg_id):
        with closing(self.connect()) as db:
            return db.execute("SELECT state, applied, last FROM message WHERE msg_id = ?", (msg_id,)).fetchone()


class Handler(stdlib_receiver.Handler):
    """Answers 500 where the database says no, as a framework would."""

    def route(self, path, body):
        try:
            return super().route(path, body)
        except sqlite3.OperationalError as error:
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)) from None


class Recorder:
    """Puts the store in the place of the correct receiver's."""

    def __init__(self, store):
        self.store = store
        self.find = store.find

    def record(self, msg_id, status, text):
        self.store.record(decode(text.encode())[1], text)


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    Handler.store = Recorder(Store(STORE))
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
