"""Decides what of an exchange is written down, and which secrets are not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from mock_server.assessing import Assessment
from mock_server.receiver import Received, Reply
from mock_server.recording.arrival import ACCEPTED, FORWARD, REFUSED
from mock_server.recording.lives import Lives
from mock_server.state import event_of
from openapi import pointer as jp
from openapi.model import Callback, Contract

__all__ = ["COLUMNS", "CONTENT_COLUMNS", "Noted", "Rows"]

COLUMNS = (
    "id at method target verdict callback message state again late status wire delay_s elapsed_s body_bytes event size"
).split()
CONTENT_COLUMNS = "id headers body violations novelties answer".split()

_LONGEST_NAME = 300  # of an id or a state in the table: a received one may have a million characters
_MOST_ANSWER_BYTES = 8192
_ROW_BYTES = 200  # what a row takes beside its texts
_SECRET_HEADERS = frozenset({b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"x-auth-token"})


@dataclass(eq=False, slots=True)
class Noted:
    """An exchange that waits to be written."""

    at: float
    received: Received
    assessment: Assessment | None
    reply: Reply
    elapsed_s: float


class Rows:
    """Turns exchanges into rows; used by one thread.

    Args:
        redact: Whether the values of headers that carry credentials are left out.
    """

    def __init__(self, contract: Contract, *, redact: bool) -> None:
        self.contract = contract
        self.lives = Lives()
        self._redact = redact

    def of(self, number: int, noted: Noted) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The row of what is looked through, and the row of what is looked at; columns as in this module's lists."""
        received, assessment, reply = noted.received, noted.assessment, noted.reply
        violations = novelties = None
        callback, message, state, event, again, late = "", "", "", None, "", False
        verdict = REFUSED
        if assessment is None:
            violations = json.dumps([("", _detail(reply))])
        elif assessment.callback is None:
            violations = json.dumps([(v.pointer, v.message) for v in assessment.violations])
            message, state = self._guessed(assessment)
        else:
            verdict = ACCEPTED
            if assessment.novelties:
                verdict = FORWARD
                novelties = json.dumps([(n.kind, n.pointer) for n in assessment.novelties])
            callback = assessment.callback.name
            message, state, event = _event(assessment.callback, assessment.value)
            if event is not None:
                order = assessment.callback.delivery.order
                acknowledged = 200 <= reply.status <= 299 and not reply.wire
                again, late = self.lives.met((callback, message), event, state, order, acknowledged=acknowledged)
        headers = self._headers(received)
        body, answer, target = received.body, reply.raw[:_MOST_ANSWER_BYTES], received.target
        size = len(body) + len(headers) + len(answer) + len(target) + len(violations or "") + _ROW_BYTES
        return (
            number,
            noted.at,
            received.method,
            target,
            verdict,
            callback,
            message,
            state,
            again,
            late,
            reply.status,
            reply.wire,
            reply.delay_s,
            noted.elapsed_s,
            len(body),
            event,
            size,
        ), (number, headers, body, violations, novelties, answer)

    def _headers(self, received: Received) -> bytes:
        lines = []
        for name, value in received.raw_headers:
            secret = self._redact and name.lower() in _SECRET_HEADERS
            lines.append(name + b": " + (b"***" if secret else value))
        return b"\r\n".join(lines)

    def _guessed(self, assessment: Assessment) -> tuple[str, str]:
        """Message and state of a refused body: whatever stands where one of the callbacks has them."""
        for callback in self.contract.callbacks:
            message = _named(assessment.value, callback.delivery.correlation)
            if message:
                return message, _named(assessment.value, callback.delivery.state)
        return "", ""


def _event(callback: Callback, value: jp.Json) -> tuple[str, str, str | None]:
    facts = callback.delivery
    message, state = _named(value, facts.correlation), _named(value, facts.state)
    if not facts.idempotency or not message:
        return message, state, None
    try:
        event = event_of(callback, value)
    except LookupError:
        return message, state, None
    long = len(event) > _LONGEST_NAME
    return message, state, hashlib.sha256(event.encode("utf-8", "surrogatepass")).hexdigest() if long else event


def _named(value: jp.Json, pointer: str | None) -> str:
    if pointer is None:
        return ""
    try:
        found = jp.getter(pointer)(value)
    except LookupError:
        return ""
    return "" if found is None or isinstance(found, dict | list) else str(found)[:_LONGEST_NAME]


def _detail(reply: Reply) -> str:
    """Why a body was not looked at: the problem's own words where the answer is one."""
    if reply.media_type == "application/problem+json":
        return str(json.loads(reply.body).get("detail", ""))
    return f"the body was not looked at; the answer was {reply.status}"
