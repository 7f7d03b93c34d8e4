"""Documents with field bodies, in the forms of well-known providers, and receivers of them."""

from __future__ import annotations

import contextlib
import http.server
import json
from urllib.parse import parse_qs

from werkzeug.formparser import parse_form_data

from callback_contract.contract_tests.meta.support.hostile import http_server
from callback_contract.openapi.bodies import FORM, MULTIPART

TEXT = {"type": "string"}
STATUSES = ["queued", "sent", "delivered", "undelivered", "failed"]
MESSAGE = {
    "type": "object",
    "required": ["MessageSid", "MessageStatus", "To", "NumMedia"],
    "properties": {
        "MessageSid": {"type": "string", "pattern": "^SM[0-9a-f]{32}$"},
        "MessageStatus": {"type": "string", "enum": STATUSES},
        "To": TEXT,
        "Body": TEXT,
        "NumMedia": {"type": "integer", "minimum": 0},
        "Price": {"type": ["number", "null"]},
        "Forwarded": {"type": "boolean"},
        "MediaUrl": {"type": "array", "items": {"type": "string", "format": "uri"}},
        "Tags": {"type": "array", "items": {"type": "integer"}},
    },
}
ACTION = {
    "type": "object",
    "required": ["payload"],
    "properties": {
        "payload": {
            "type": "object",
            "required": ["type", "user"],
            "properties": {
                "type": {"const": "block_actions"},
                "user": {"type": "object", "required": ["id"], "properties": {"id": TEXT}},
                "actions": {"type": "array", "items": {"type": "object", "properties": {"value": TEXT}}},
            },
        }
    },
}
EVENT = {
    "type": "object",
    "required": ["event", "sender"],
    "properties": {
        "event": ACTION["properties"]["payload"],
        "sender": TEXT,
        "attachment": {**TEXT, "format": "binary"},
    },
}
FACTS = {
    "correlation": {"value": "/MessageSid", "provenance": "inferred", "why": "w"},
    "state": {"value": "/MessageStatus", "provenance": "inferred", "why": "w"},
    "idempotency": {"value": ["/MessageSid", "/MessageStatus"], "provenance": "inferred", "why": "w"},
    "order": {
        "value": {"edges": [["queued", "sent"], ["sent", "delivered"]], "terminal": []},
        "provenance": "inferred",
        "why": "w",
    },
}


def fielded(schema, media_type=FORM, *, operation=None, **entry):
    """A document of one callback whose bodies are fields."""
    hook = {
        "requestBody": {"content": {media_type: {"schema": schema, **entry}}},
        "responses": {"200": {}},
        **(operation or {}),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "webhooks": {"message": {"post": hook}},
    }


TWILIO_LIKE = fielded(MESSAGE, encoding={"Tags": {"style": "form", "explode": False}})
SLACK_LIKE = fielded(ACTION, encoding={"payload": {"contentType": "application/json"}})
MAIL_LIKE = fielded(EVENT, MULTIPART, encoding={"event": {"contentType": "application/json"}})


def form_of(body, content_type):
    """The fields, by Python's own library."""
    return {name: texts[0] for name, texts in parse_qs(body.decode(), keep_blank_values=True).items()}


def parts_of(body, content_type):
    """The parts, by werkzeug's parser for WSGI."""
    import io

    kind, _, parameters = content_type.partition(";")  # the parser wants the type in lower case
    content_type = f"{kind.lower()};{parameters}"
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": content_type}
    _, form, _ = parse_form_data(environ | {"REQUEST_METHOD": "POST"})
    return form.to_dict()


@contextlib.contextmanager
def receiver(decide, media_type=FORM, read=form_of):
    """Serve a receiver of fields; `decide` returns the status of fields.

    An exception is a 500.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            told = self.headers.get("Content-Type", "")
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if told.partition(";")[0].strip().lower() != media_type:
                status = 415
            else:
                try:
                    status = decide(read(body, told))
                except Exception:
                    status = 500
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_other(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(405)
            self.send_header("Allow", "POST")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_other

        def log_message(self, *_):
            pass

    with http_server(Handler) as url:
        yield f"{url}/"


def right_about_messages(fields):
    """Return the status of a careful receiver of MESSAGE."""
    if not {"MessageSid", "MessageStatus", "To"} <= fields.keys():
        return 400
    return 200 if fields.get("NumMedia", "").isdigit() else 400


def right_about_events(parts):
    """Return the status of a careful receiver of EVENT."""
    return right_about_actions({"payload": parts["event"]}) if {"event", "sender"} <= parts.keys() else 400


def right_about_actions(fields):
    """Return the status of a careful receiver of ACTION."""
    try:
        payload = json.loads(fields["payload"])
        return 200 if payload["type"] and payload["user"]["id"] is not None else 400
    except (KeyError, ValueError, TypeError):
        return 400
