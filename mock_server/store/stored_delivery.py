"""Stored delivery: its bytes, the contract's judgement on it, and the mock's response."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from callback_contract.mock_server.validation.error_details import Violation
from callback_contract.mock_server.validation.validator import Novelty
from callback_contract.mock_server.wire.delivery import Headers, header_value
from callback_contract.openapi.documents.json_pointer import Json

__all__ = [
    "ACCEPTED",
    "FORWARD",
    "REDACTED",
    "REDACTED_BYTES",
    "REFUSED",
    "Filter",
    "Redacted",
    "StoredDelivery",
    "headers_of",
]

_MOST_TOLD = 20
ACCEPTED, FORWARD, REFUSED = "accepted", "forward-compatible", "refused"
REDACTED_BYTES = b"\0"
"""Replaces a value that was not kept; no sender can send it (RFC 9110, 5.5)."""


class Redacted(str):
    """The value of a header that was not kept.

    It is a type, since a sender may send the same characters.
    """

    __slots__ = ()


REDACTED = Redacted("***")


@dataclass(frozen=True)
class StoredDelivery:
    """One delivery as received; all of it is untrusted, so escape it for display.

    Attributes:
        id: Number from 1 in the order of arrival; unique while a server runs.
        method: As it was sent, like `target` (path and query), `headers` and `body`.
        body: All of it in `Reader.one`; its beginning in lists, see `whole`.
        body_bytes: Its whole length; beyond the mock's limit, the limit and one more.
        verdict: accepted, forward-compatible (tolerated although new) or refused. It is the contract's judgement,
            whatever a script or a fault answered.
        callback: Name of the callback; empty when it is refused.
        message: The value at `x-delivery.correlation`; empty without one. `state` is the same for `x-delivery.state`.
        again: Empty; "retry" when the same event came before and was never acknowledged; "duplicate" when it was.
        late: Whether a later state of the same message was acknowledged before, and this event was not.
        violations: The violations of a refused one, with JSON pointers and the schema's messages.
        novelties: The unknown members and values of a forward-compatible one.
        status: Status of the response; `acknowledged` is whether it was sent and was 2xx.
        answer: The beginning of the response: headers and body, as HTTP writes them.
        wire: Empty, or "reset" or "endless" when no complete response was sent.
        delay_s: Deliberate delay of the response in seconds.
        elapsed_s: Seconds from the end of the request to the decision on the response.
    """

    id: int
    at: datetime
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
    headers: Headers
    body: bytes
    violations: tuple[Violation, ...]
    novelties: tuple[Novelty, ...]
    answer: bytes

    @property
    def accepted(self) -> bool:
        """Whether the contract allows it by its tolerant form."""
        return self.verdict != REFUSED

    @property
    def acknowledged(self) -> bool:
        """Whether a 2xx was sent."""
        return 200 <= self.status <= 299 and not self.wire

    @property
    def redelivery(self) -> bool:
        """Whether the same event arrived before."""
        return self.again != ""

    @property
    def whole(self) -> bool:
        """Whether `body` is complete."""
        return len(self.body) == self.body_bytes

    @property
    def by_query(self) -> bool:
        """Whether its members are parameters of the URL, and it has no body."""
        return not self.body_bytes and (self.callback != "" or self.method == "GET")

    @property
    def content(self) -> bytes:
        """What its callback describes: the body, or the query of a delivery without one."""
        return self.target.partition("?")[2].encode("latin-1") if self.by_query else self.body

    @cached_property
    def json(self) -> Json:
        """The decoded body.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """Return the first header of that name in any letter case."""
        return header_value(self.headers, name)

    def told(self) -> str:
        """Return one line for a list of deliveries."""
        what = " ".join(filter(None, (self.callback, self.state, self.message))) or f"{self.body_bytes} bytes"
        marks = "".join(f", {mark}" for mark in (self.again, "late" if self.late else "") if mark)
        wrong = "".join(f"; {v.pointer or 'the body'}: {v.message}" for v in self.violations[:_MOST_TOLD])
        if (left := len(self.violations) - _MOST_TOLD) > 0:
            wrong += f"; and {left} more"
        return (
            f"#{self.id} {self.method} {self.target} {what}: {self.verdict}, {self.wire or self.status}{marks}{wrong}"
        )

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> StoredDelivery:
        """Read a row of `Reader`, with its columns in the order of the attributes."""
        told = dict(zip((one.name for one in fields(cls)), row, strict=True))
        told |= {
            "at": datetime.fromtimestamp(told["at"], UTC),
            "late": bool(told["late"]),
            "headers": headers_of(told["headers"]),
            "violations": tuple(Violation(*pair) for pair in json.loads(told["violations"] or "[]")),
            "novelties": tuple(Novelty(*pair) for pair in json.loads(told["novelties"] or "[]")),
        }
        return cls(**told)


def headers_of(raw: bytes) -> Headers:
    """Return headers from their stored form, one a line."""
    lines = raw.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines if line)
    return tuple((name, REDACTED if value == REDACTED_BYTES.decode() else value) for name, _, value in pairs)


@dataclass(frozen=True)
class Filter:
    """A filter of deliveries; None matches all.

    Attributes:
        status: A status, or a class as in "4xx".
        verdict: accepted, forward-compatible or refused.
        marked: "retry", "duplicate" or "late".
        text: A text in the body, the target or a violation; ignores ASCII letter case and JSON escapes.
    """

    callback: str | None = None
    message: str | None = None
    state: str | None = None
    status: int | str | None = None
    verdict: str | None = None
    marked: str | None = None
    text: str | None = None
