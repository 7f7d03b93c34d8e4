"""Receivers of well-known providers, each by the provider's own library or documentation, and contracts of their shape.

The environment names the provider, as in PROVIDER=stripe, and the mistake, as in MISTAKE=unverified.

The contracts are ours: an event of each provider's envelope, with the states of one message. What they leave to the
provider's facts is the deadline, the retries, and, but for WhatsApp, Mailgun and Slack, what identifies an event.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Flask, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from callback_contract.contract_tests.meta.support.fielded import TEXT
from callback_contract.contract_tests.meta.support.providers import (
    ADYEN_EXAMPLE,
    DOCUMENTS,
    KEY,
    KEYS,
    an_object,
    by_adyen,
    by_gitlab,
    by_mailgun,
    by_stripe,
    by_twilio,
    library,
)
from callback_contract.contract_tests.receivers.flask_receiver import decode, refuse
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.provider_facts import load_provider

STATES = ("created", "paid", "refunded")


def by_body(name, encode, prefix=""):
    """Verify as the documentation of GitHub, Meta and Shopify says: an HMAC of the body in a header."""

    def verify(headers, url, body):
        made = prefix + encode(hmac.digest(KEY.encode(), body, hashlib.sha256))
        return hmac.compare_digest(headers.get(name, "").encode(), made.encode())

    return verify


def by_github(headers, url, body):
    sansio, signature = library("gidgethub.sansio"), headers.get("X-Hub-Signature-256", "")
    try:
        sansio.validate_event(body, signature=signature, secret=KEY)
    except (sansio.ValidationFailure, TypeError):  # it compares texts, and Python's comparison takes ASCII only
        return False
    return signature.startswith("sha256=")  # it takes SHA-1, too


def by_standard_webhooks(headers, url, body):
    webhooks = library("standardwebhooks")
    try:
        webhooks.Webhook(KEYS["standard-webhooks"]).verify(body, dict(headers))
    except json.JSONDecodeError:
        return True  # it reads the body once the signature is right
    except (webhooks.WebhookVerificationError, ValueError, TypeError):
        return False
    return True


def by_slack(headers, url, body):
    try:
        return library("slack_sdk.signature").SignatureVerifier(KEY).is_valid_request(body, headers)
    except (ValueError, TypeError):  # a time that is no number; as above
        return False


def base64_of(digest):
    return base64.b64encode(digest).decode()


@dataclass(frozen=True)
class Kind:
    """A provider's contract and what its receiver reads.

    Attributes:
        event: Where a receiver finds what tells a repeated event, which the provider's facts name.
    """

    verify: Callable[..., object]
    needs: str
    schema: Mapping[str, object]
    example: object
    message: str
    state: str
    event: tuple[str, ...]
    states: tuple[str, ...] = STATES
    headers: Mapping[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    media_type: str = "application/json"
    key: str = KEY

    def rank(self, state):
        """How far a message is in a state; one that nobody knows is behind all others."""
        return self.states.index(state) if state in self.states else -1

    @property
    def document(self):
        """The contract, in which only what is about its own members is stated."""
        edges = [list(pair) for pair in zip(self.states, self.states[1:], strict=False)]
        facts = {"correlation": self.message, "state": self.state, "order": {"edges": edges}}
        facts |= {"idempotency": list(self.own)} if self.own else {}
        operation = {
            "parameters": [
                {"name": name, "in": "header", "required": True, "example": value, "schema": TEXT}
                for name, value in self.headers.items()
            ],
            "requestBody": {"content": {self.media_type: {"schema": self.schema, "example": self.example}}},
            "x-delivery": {name: {"value": value, "provenance": "house"} for name, value in facts.items()},
        }
        return {
            "openapi": "3.1.0",
            "info": {"title": "orders", "version": "1"},
            "webhooks": {"order": {"post": operation}},
        }


STATUS = {**TEXT, "enum": list(STATES)}
ORDER = an_object(["order", "status"], order=TEXT, status=STATUS, note=TEXT)
AN_ORDER = {"order": "a", "status": "created", "note": "n"}
STRIPE = an_object(
    ["id", "type", "data"],
    id=TEXT,
    type=STATUS,
    data=an_object(["object"], object=an_object(["id"], id=TEXT, description=TEXT)),
)
WHATSAPP_STATUS = an_object(["id", "status"], id=TEXT, status={**TEXT, "enum": ["sent", "delivered", "read"]})


def one(items):
    return {"type": "array", "minItems": 1, "maxItems": 1, "items": items}


WHATSAPP = an_object(
    ["object", "entry"],
    object=TEXT,
    entry=one(
        an_object(["changes"], changes=one(an_object(["value"], value=an_object([], statuses=one(WHATSAPP_STATUS)))))
    ),
)
WHATSAPP["properties"]["entry"]["items"]["properties"]["changes"]["items"]["properties"]["value"]["required"] = [
    "statuses"
]
_STATUSES = "/entry/0/changes/0/value/statuses/0"
_ITEM = "/notificationItems/0/NotificationRequestItem"


def _of(document, media_type="application/json"):
    content = document["webhooks"]["thing"]["post"]["requestBody"]["content"][media_type]
    return content["schema"], content["example"]


MAILGUN = an_object(
    ["signature", "event-data"],
    signature=_of(DOCUMENTS["mailgun-like"])[0]["properties"]["signature"],
    **{"event-data": ORDER},
)
SLACK = an_object(["type", "event_id", "event"], type={"const": "event_callback"}, event_id=TEXT, event=ORDER)


def header(name):
    return (f"$request.header.{name}",)


KINDS = {
    "github": Kind(
        *(by_github, "gidgethub", ORDER, AN_ORDER, "/order", "/status", header("x-github-delivery")),
        headers={"X-GitHub-Event": "order"},
    ),
    "stripe": Kind(
        *(by_stripe, "stripe", STRIPE),
        {"id": "evt_1", "type": "created", "data": {"object": {"id": "or_1", "description": "d"}}},
        *("/data/object/id", "/type", ("/id",)),
    ),
    "shopify": Kind(
        by_body("X-Shopify-Hmac-SHA256", base64_of),
        *("hmac", ORDER, AN_ORDER, "/order", "/status", header("x-shopify-webhook-id")),
        headers={"X-Shopify-Topic": "orders/updated"},
    ),
    "adyen": Kind(
        *(by_adyen, "Adyen", _of(DOCUMENTS["adyen-like"])[0], ADYEN_EXAMPLE),
        *(f"{_ITEM}/pspReference", f"{_ITEM}/eventCode", (f"{_ITEM}/pspReference", f"{_ITEM}/eventCode")),
        states=("AUTHORISATION", "CAPTURE"),
        key=KEYS["adyen-like"],
    ),
    "twilio": Kind(
        *(by_twilio, "twilio"),
        an_object(["Sid", "Status"], Sid={**TEXT, "pattern": "^SM[0-9a-f]{32}$"}, Status=STATUS, Body=TEXT),
        {"Sid": "SM" + "0" * 32, "Status": "created", "Body": "b"},
        *("/Sid", "/Status", header("i-twilio-idempotency-token")),
        media_type="application/x-www-form-urlencoded",
    ),
    "whatsapp-cloud": Kind(
        by_body("X-Hub-Signature-256", bytes.hex, "sha256="),
        *("hmac", WHATSAPP),
        {
            "object": "whatsapp_business_account",
            "entry": [{"changes": [{"value": {"statuses": [{"id": "wamid.A", "status": "sent"}]}}]}],
        },
        *(f"{_STATUSES}/id", f"{_STATUSES}/status", (f"{_STATUSES}/id", f"{_STATUSES}/status")),
        states=("sent", "delivered", "read"),
        own=(f"{_STATUSES}/id", f"{_STATUSES}/status"),
    ),
    "gitlab": Kind(
        *(by_gitlab, "hmac", ORDER, AN_ORDER, "/order", "/status", header("idempotency-key")),
        headers={"X-Gitlab-Event": "Order Hook"},
    ),
    "standard-webhooks": Kind(
        *(by_standard_webhooks, "standardwebhooks", ORDER, AN_ORDER, "/order", "/status", header("webhook-id")),
        key=KEYS["standard-webhooks"],
    ),
    "slack": Kind(
        *(by_slack, "slack_sdk", SLACK, {"type": "event_callback", "event_id": "Ev1", "event": AN_ORDER}),
        *("/event/order", "/event/status", ("/event_id",)),
        own=("/event_id",),
    ),
    "mailgun": Kind(
        *(by_mailgun, "mailgun", MAILGUN),
        {"signature": {"token": "t", "timestamp": "1", "signature": "s"}, "event-data": AN_ORDER},
        *("/event-data/order", "/event-data/status", ("/event-data/order", "/event-data/status")),
        own=("/event-data/order", "/event-data/status"),
    ),
}


def made(name: str, mistake: str) -> Flask:
    """The receiver of a provider, right or with one mistake: unverified, twice, late."""
    import jsonschema_rs

    kind, provider, app = KINDS[name], load_provider(name), Flask(__name__)
    valid = jsonschema_rs.validator_for(_without_lists(kind.schema))
    seen: set[tuple[str, ...]] = set()
    stored: dict[str, dict[str, object]] = {}
    lock = threading.Lock()

    @app.post("/hook")
    def receive():
        if request.mimetype != kind.media_type:
            abort(415, f"the media type has to be {kind.media_type}")
        if mistake != "unverified" and not _is_verified(kind):
            abort(401, "the signature is wrong")
        form = kind.media_type != "application/json"
        event = _fields(request.form) if form else decode(request.get_data())[1]
        if not valid.is_valid(event):
            abort(400, "a member is missing or of another type")
        if mistake == "late":
            time.sleep((provider.fact("deadline_s") or 0) + 0.4)
        told = tuple(str(_at(event, place)) for place in kind.event)
        message, state = str(jp.get(event, kind.message)), jp.get(event, kind.state)
        with lock:
            is_new = told not in seen or mistake == "twice"
            seen.add(told)
            row = stored.setdefault(message, {"id": message, "state": "", "applied": 0, "last": event})
            if is_new and kind.rank(row["state"]) <= kind.rank(state):
                row |= {"state": state, "applied": row["applied"] + 1, "last": event}
        return "", 200

    @app.get("/hook/<path:message>")
    def read_back(message):
        return jsonify(stored[message]) if message in stored else abort(404, "no such message")

    app.register_error_handler(HTTPException, refuse)
    return app


def _fields(form):
    return {name: values[0] if len(values) == 1 else values for name, values in form.lists()}


def _is_verified(kind):
    try:
        return kind.verify(request.headers, request.url, request.get_data())
    except (ValueError, RecursionError, TypeError, AttributeError):  # some libraries read the body first
        return False


def _at(event, place):
    name = place.removeprefix("$request.header.")
    return request.headers.get(name) if name != place else jp.get(event, place)


def _without_lists(schema):
    """The schema without closed lists: a value that nobody knows yet is acknowledged."""
    if isinstance(schema, dict):
        return {key: _without_lists(value) for key, value in schema.items() if key not in {"enum", "const"}}
    return [_without_lists(value) for value in schema] if isinstance(schema, list) else schema


if "PROVIDER" in os.environ:
    app = made(os.environ["PROVIDER"], os.environ.get("MISTAKE", ""))
