"""A correct receiver without a framework: each status takes effect once, and no message ever goes back.

Start it with ``PORT=8080 STORE=receiver.sqlite3 python stdlib_receiver.py``. `http.server` leaves to its user what a
framework does: reading chunked bodies, leaving no byte of a request unread, and answering unknown methods.
"""

import json
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn
from urllib.parse import unquote

PATH = "/callbacks/whatsapp"
MAX_BODY_BYTES = 1024 * 1024
MAX_READ_BYTES = 16 * MAX_BODY_BYTES

STRINGS = [
    *("workflow_id", "workflow_name", "nodetask_id", "nodetask_name", "waba_task_id", "wfdetail_uuid"),
    *("status", "msg_id", "send_time", "waba_template_name", "channel_id", "callee"),
]
INTEGERS = ["timestamp", "waba_template_id"]

# The rank of each status. `failed` comes after `wait` or `send` only, and nothing comes after it.
RANK = {"wait": 0, "send": 1, "failed": 2, "delivery": 3, "read": 4, "replied": 5}


class RefusedError(Exception):
    """A request that gets an error: its status and a reason that quotes nothing of the request."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Store:
    """What is known about each message, in SQLite."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, state TEXT, applied INTEGER, last TEXT)"
        )
        self._lock = threading.Lock()  # makes read-then-write one step; several processes would need BEGIN IMMEDIATE

    def record(self, msg_id: str, status: str, text: str) -> None:
        """Lets a status take effect, unless it is a repeat, late or unknown."""
        with self._lock, self._database:
            state, applied, _ = self._find(msg_id) or (None, 0, None)
            if advances(state, status):
                self._database.execute(
                    "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?)", (msg_id, status, applied + 1, text)
                )

    def find(self, msg_id: str) -> tuple[str, int, str] | None:
        """Looks a message up: its state, how many callbacks took effect, and the last one's body."""
        with self._lock:
            return self._find(msg_id)

    def _find(self, msg_id: str) -> tuple[str, int, str] | None:
        row: tuple[str, int, str] | None = self._database.execute(
            "SELECT state, applied, last FROM message WHERE id = ?", (msg_id,)
        ).fetchone()
        return row


def advances(state: str | None, status: str) -> bool:
    """Return whether a status takes effect on a message in a state."""
    if status not in RANK:
        return False  # a value that came into use after this was written: acknowledged, and nothing to do
    if state is None:
        return True
    return state != "failed" and RANK[status] > RANK[state]


def decode(body: bytes) -> tuple[str, dict[str, Any]]:
    """Reads one callback, with the checks that make every later step safe."""
    try:
        text = body.decode("utf-8")  # from bytes, json.loads would also take UTF-16 and a byte order mark
        callback = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):  # also bad UTF-8, integers past 4300 digits, very deep nesting
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is not JSON in UTF-8, or cannot be read here") from None
    if not isinstance(callback, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    usable = (
        all(isinstance(callback.get(name), str) for name in STRINGS)
        and all(type(callback.get(name)) is int for name in INTEGERS)  # not isinstance: to Python, true is an int
        and isinstance(callback.get("variables"), dict)
        and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", callback["msg_id"])  # what a key and a URL carry without escapes
    )
    if not usable:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a member is missing, or is not what the contract says")
    return text, callback


def refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and the infinities, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not JSON")


class Handler(BaseHTTPRequestHandler):
    """Serves the callback and its read-back over HTTP/1.1."""

    protocol_version = "HTTP/1.1"  # the default, 1.0, has neither keep-alive nor chunked bodies
    default_request_version = "HTTP/1.0"  # of a request line that cannot be read; 0.9 has no status line to refuse it
    disable_nagle_algorithm = True  # otherwise head and body of an answer may leave 40 ms apart
    timeout = 65  # an idle or stuck sender does not keep its thread for ever
    store: Store

    def do_POST(self) -> None:
        """Answers every method that http.server is told about, after reading the whole request."""
        try:
            body = self.read_body()
        except RefusedError as error:
            self.close_connection = True  # where this request ends is not known, so nothing can follow it
            self.answer(error.status, json.dumps({"error": str(error)}))
            return
        try:
            self.answer(HTTPStatus.OK, self.route(self.path.partition("?")[0], body))
        except RefusedError as error:
            self.answer(error.status, json.dumps({"error": str(error)}))

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_POST

    def route(self, path: str, body: bytes) -> str:
        """Does what method and path ask for, and returns the answer's body."""
        if path == PATH:
            if self.command != "POST":
                raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "callbacks come by POST")
            if self.headers.get_content_type() != "application/json":  # without parameters, in lower case
                raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the media type has to be application/json")
            if len(body) > MAX_BODY_BYTES:
                raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
            text, callback = decode(body)
            self.store.record(callback["msg_id"], callback["status"], text)
            return "{}"
        if path.startswith(f"{PATH}/") and self.command == "GET":
            msg_id = unquote(path.removeprefix(f"{PATH}/"))
            if found := self.store.find(msg_id):
                state, applied, last = found
                # The body goes out as it came in: parsing it again could only lose digits.
                return json.dumps({"id": msg_id, "state": state, "applied": applied})[:-1] + f', "last": {last}}}'
        raise RefusedError(HTTPStatus.NOT_FOUND, "nothing here")

    def read_body(self) -> bytes:
        """Reads the body to its end, and keeps little more of it than the limit."""
        encodings = self.headers.get_all("Transfer-Encoding", [])
        lengths = self.headers.get_all("Content-Length", [])
        if not encodings and not lengths:
            return b""
        if encodings and not lengths and [value.strip().lower() for value in encodings] == ["chunked"]:
            pieces = self.read_chunks()
        elif lengths and not encodings and re.fullmatch("[0-9]{1,18}", lengths[0]) and len(set(lengths)) == 1:
            pieces = self.read_pieces(int(lengths[0]))
        else:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body's length is ambiguous")  # RFC 9112 section 6.3
        body, received_bytes = bytearray(), 0
        for piece in pieces:
            received_bytes += len(piece)
            if len(body) <= MAX_BODY_BYTES:
                body += piece
            elif received_bytes > MAX_READ_BYTES:
                raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        return bytes(body)

    def read_chunks(self) -> Iterator[bytes]:
        """Reads a chunked body (RFC 9112 section 7.1); extensions and trailers are ignored."""
        while True:
            line = re.fullmatch(rb"([0-9A-Fa-f]{1,15})[ \t]*(;.*)?\r?\n", self.rfile.readline(4096))
            if not line:
                raise RefusedError(HTTPStatus.BAD_REQUEST, "a chunk is malformed")
            size_bytes = int(line[1], 16)
            if size_bytes == 0:
                break
            yield from self.read_pieces(size_bytes)
            if self.rfile.readline(2) not in (b"\r\n", b"\n"):
                raise RefusedError(HTTPStatus.BAD_REQUEST, "a chunk is longer than it says")
        for _ in range(100):
            if self.rfile.readline(4096) in (b"\r\n", b"\n", b""):
                return
        raise RefusedError(HTTPStatus.BAD_REQUEST, "there are too many trailers")

    def read_pieces(self, size_bytes: int) -> Iterator[bytes]:
        """Reads that many bytes, a piece at a time: a header alone must not reserve memory."""
        while size_bytes:
            piece = self.rfile.read(min(size_bytes, 65536))
            if not piece:
                raise RefusedError(HTTPStatus.BAD_REQUEST, "the body ends early")
            size_bytes -= len(piece)
            yield piece

    def answer(self, status: HTTPStatus, text: str) -> None:
        """Sends one complete answer."""
        content = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Replaces the HTML that http.server sends about a request that it does not understand.

        It says 501 of an unknown method and 505 of an unknown HTTP version. Senders take a 5xx for "try again
        later", which would not help: such a request is refused for good.
        """
        status = {501: HTTPStatus.METHOD_NOT_ALLOWED, 505: HTTPStatus.BAD_REQUEST}.get(code, HTTPStatus(code))
        self.close_connection = True  # a body may follow, and nobody read it
        self.answer(status, json.dumps({"error": status.phrase}))

    def log_message(self, format: str, *args: Any) -> None:
        """Writes no access log."""


class Server(ThreadingHTTPServer):
    """A thread per connection, and room for many that arrive at once."""

    request_queue_size = 128  # the default of 5 makes the kernel drop connections of a burst, for a second or more

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Reports what went wrong here, and not a sender that went away before its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


if __name__ == "__main__":
    Handler.store = Store(os.environ.get("STORE", ":memory:"))
    Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Handler).serve_forever()
