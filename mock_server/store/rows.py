"""Rows of recorded exchanges: convert an exchange into table values, without its secrets."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from callback_contract.mock_server.receiver.receiver import Response, raw_headers
from callback_contract.mock_server.receiver.request import Head, Read, Request, reader
from callback_contract.mock_server.receiver.state import event_of
from callback_contract.mock_server.store.history import Lives
from callback_contract.mock_server.store.stored_delivery import ACCEPTED, FORWARD, REDACTED_BYTES, REFUSED
from callback_contract.mock_server.validation.validator import Assessment
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.secret_names import is_secret_header, masked_parameters

__all__ = ["COLUMNS", "CONTENT_COLUMNS", "Row", "Rows"]


class Row(NamedTuple):
    """One delivery as the log and the tables keep it; the fields mean what they mean in `StoredDelivery`.

    Attributes:
        at: Seconds since 1970.
        event: The key of the event within its message; None without one.
        size: Bytes, as the bounds of retention count them.
        violations: JSON; None without any. The same goes for `novelties`.
    """

    id: int
    at: float
    method: str
    target: str
    verdict: str
    callback: str
    message: str
    state: str
    again: str
    late: bool
    status: int
    wire: str
    delay_s: float
    elapsed_s: float
    body_bytes: int
    event: str | None
    size: int
    headers: bytes
    body: bytes
    violations: str | None
    novelties: str | None
    answer: bytes


_SPLIT = Row._fields.index("headers")  # what is searched by comes before, and has a table without the large contents
COLUMNS, CONTENT_COLUMNS = Row._fields[:_SPLIT], ("id", *Row._fields[_SPLIT:])

_LONGEST_NAME = 300  # of an id or a state in the table: a received one may have a million characters
_MOST_ANSWER_BYTES = 8192
_ROW_BYTES = 200  # bytes of a row in addition to its texts


class Rows:
    """Converter of exchanges into rows: keeps texts and numbers, and no objects.

    Used by one thread at a time.

    Args:
        redact: Whether the values of headers and query parameters that carry credentials are left out.
        revocable: Whether an acknowledgement may be revoked, see `Lives.undo`.
    """

    def __init__(self, contract: Contract, *, redact: bool, revocable: bool) -> None:
        self.contract = contract
        self.lives = Lives(revocable=revocable)
        self._redact = redact
        self._headers_of_head, self._target_of_head = self._headers, self._target
        self._names = {callback.name: _Names(callback) for callback in contract.callbacks}

    def of(
        self,
        number: int,
        at: float,
        received: Request,
        assessment: Assessment | None,
        reply: Response,
        elapsed_s: float,
    ) -> Row:
        """Return one delivery as a row."""
        violations = novelties = None
        callback, message, state, event, again, late = "", "", "", None, "", False
        verdict = REFUSED
        if assessment is None:
            violations = json.dumps([("", _detail(reply))])
        elif assessment.callback is None:
            violations = json.dumps([(v.pointer, v.message) for v in assessment.violations])
            message, state = self._guessed(assessment, received.head)
        else:
            verdict = ACCEPTED
            if new := assessment.novelties:
                verdict = FORWARD
                novelties = json.dumps([(n.kind, n.pointer) for n in new])
            callback, value = assessment.callback.name, assessment.value
            names = self._names[callback]
            head = received.head
            message, state = _named(value, names.message, head), _named(value, names.state, head)
            event = names.event(value, head, message, state)
            if event is not None:
                acknowledged = 200 <= reply.status <= 299 and not reply.wire
                life = callback, message or event
                again, late = self.lives.met(life, event, state, names.order, acknowledged)
        head = received.head
        headers, target = head.noted(self._headers_of_head), head.noted(self._target_of_head)
        body, answer = received.body, reply.raw[:_MOST_ANSWER_BYTES]
        body_bytes = len(body)
        size = body_bytes + len(headers) + len(answer) + len(target) + len(violations or "") + _ROW_BYTES
        return Row(
            number,
            at,
            head.method,
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
            elapsed_s,
            body_bytes,
            event,
            size,
            headers,
            body,
            violations,
            novelties,
            answer,
        )

    def _headers(self, head: Head) -> bytes:
        if not self._redact:
            return raw_headers(head.raw_headers)
        secret = [_is_secret(name[:_LONGEST_NAME]) for name, _ in head.raw_headers]
        pairs = [
            (name, REDACTED_BYTES if is_secret else value)
            for (name, value), is_secret in zip(head.raw_headers, secret, strict=True)
        ]
        raw = raw_headers(pairs)
        if b"?" in raw or b"@" in raw:  # a URL, as in `Referer`, may have a secret, too
            return raw_headers(
                [(name, masked_parameters(value.decode("latin-1")).encode("latin-1")) for name, value in pairs]
            )
        return raw

    def _target(self, head: Head) -> str:
        return masked_parameters(head.target) if self._redact else head.target

    def _guessed(self, assessment: Assessment, head: Head) -> tuple[str, str]:
        """Return message and state of a rejected body, by the places of any callback."""
        for callback in self.contract.callbacks:
            names = self._names[callback.name]
            message = _named(assessment.value, names.message, head)
            if message:
                return message, _named(assessment.value, names.state, head)
        return "", ""


@lru_cache(maxsize=1024)  # senders repeat theirs
def _is_secret(name: bytes) -> bool:
    return is_secret_header(name.decode("latin-1"))


class _Names:
    """The places of a callback's keys in a delivery, prepared for all of them."""

    def __init__(self, callback: Callback) -> None:
        facts = callback.delivery
        self.callback = callback
        self.message, self.state, self.order = _place(facts.correlation), _place(facts.state), facts.order
        self._state_is_event = set(facts.idempotency) == {facts.correlation, facts.state}

    def event(self, value: jp.Json, head: Head, message: str, state: str) -> str | None:
        """Return the key of the event within its message; None without one."""
        if self.message is not None and not message:
            return None
        if self._state_is_event:
            return state
        try:
            return event_of(self.callback, value, head) if self.callback.event_places else None
        except LookupError:
            return None


def _place(place: str | None) -> Read | None:
    return None if place is None else reader(place)


def _named(value: jp.Json, place: Read | None, head: Head) -> str:
    if place is None:
        return ""
    try:
        found = place(value, head)
    except LookupError:
        return ""
    if isinstance(found, str):
        return found[:_LONGEST_NAME]
    return "" if found is None or isinstance(found, dict | list) else str(found)[:_LONGEST_NAME]


def _detail(reply: Response) -> str:
    """Return why a body was not read: the detail of a problem response."""
    if reply.media_type == "application/problem+json":
        return str(json.loads(reply.body).get("detail", ""))
    return f"the body was not looked at; the answer was {reply.status}"
