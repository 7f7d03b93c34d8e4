"""Decides what is told of a delivery that came: its bytes, what the contract makes of it, and what was answered."""

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
"""Stands in stored headers for a value that was not kept: no sender can send it (RFC 9110 section 5.5)."""


class Redacted(str):
    """The value of a header that was not kept; known by this type, since a sender may send the same characters."""

    __slots__ = ()


REDACTED = Redacted("***")


@dataclass(frozen=True)
class StoredDelivery:
    """One delivery as it came. Everything in it was written by a stranger: escape it before you show it.

    Attributes:
        id: Counts up from 1 in the order of arrival; never used twice while a server runs.
        method: As it was sent, like `target` (path and query), `headers` and `body`.
        body: All of it in `Reader.one`; its beginning where many are listed, see `whole`.
        body_bytes: How long all of it is; past the mock's limit, the limit and one more.
        verdict: accepted, forward-compatible (tolerated although new) or refused. It is the contract's judgement,
            whatever a script or a fault answered.
        callback: Which callback it is; empty when it is refused.
        message: What `x-delivery.correlation` points at; empty when nothing is there. `state` likewise.
        again: Empty; "retry" when the same event came before and was never acknowledged; "duplicate" when it was.
        late: Whether a later state of the same message was acknowledged before, and this event was not.
        violations: What is wrong with a refused one, with JSON pointers and in the schema's words.
        novelties: What is new about a forward-compatible one.
        status: Of the answer; `acknowledged` tells whether it went out and was 2xx.
        answer: Headers and body of the answer, as HTTP writes them; its beginning.
        wire: Empty, or "reset" or "endless" when no complete answer went out.
        delay_s: Seconds that the answer was held back on purpose.
        elapsed_s: Seconds from the end of the request to the answer's being decided.
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
        """Whether the contract, read tolerantly, allows it."""
        return self.verdict != REFUSED

    @property
    def acknowledged(self) -> bool:
        """Whether a 2xx went out."""
        return 200 <= self.status <= 299 and not self.wire

    @property
    def redelivery(self) -> bool:
        """Whether the same event came before."""
        return self.again != ""

    @property
    def whole(self) -> bool:
        """Whether `body` is all of it."""
        return len(self.body) == self.body_bytes

    @cached_property
    def json(self) -> Json:
        """The decoded body.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first header of that name in any letter case."""
        return header_value(self.headers, name)

    def told(self) -> str:
        """One line for a list of what came."""
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
        """Reads a row of `Reader`, whose columns come in the order of the attributes."""
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
    """Headers as they are stored, a line each."""
    lines = raw.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines if line)
    return tuple((name, REDACTED if value == REDACTED_BYTES.decode() else value) for name, _, value in pairs)


@dataclass(frozen=True)
class Filter:
    """Which deliveries are asked for; what is None does not matter.

    Attributes:
        status: A status, or a class as in "4xx".
        verdict: accepted, forward-compatible or refused.
        marked: "retry", "duplicate" or "late".
        text: Stands in the body, the target or a violation, in any letter case of ASCII; JSON escapes are seen through.
    """

    callback: str | None = None
    message: str | None = None
    state: str | None = None
    status: int | str | None = None
    verdict: str | None = None
    marked: str | None = None
    text: str | None = None
