"""Identity of synthetic messages: makes ids, times and phone numbers that are reserved for tests."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from callback_contract.openapi.contract.formats import render
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["MARK", "Identity", "Run", "stamp"]

MARK = "ca11bac4"
"""The first eight hexadecimal digits of every synthetic id, for cleaning up."""

_RUN_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the suite or of the provider; two runs never share an id.

    Attributes:
        id: Random hexadecimal digits.
        started_at: The moment from which all stamped times count.
    """

    id: str
    started_at: datetime

    @classmethod
    def fresh(cls) -> Run:
        """Start a run now."""
        return cls(secrets.token_hex(_RUN_DIGITS // 2), datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of the synthetic message in a body.

    Attributes:
        case: Number of the case within the run.
        message: Number of the message within the case.
        group: Messages with the same number share every member that `x-delivery.groups` names.
    """

    run: Run
    case: int
    message: int = 0
    group: int = 0

    def next(self, step: int = 1) -> Identity:
        """Return another message of the same case."""
        return replace(self, message=self.message + step)

    def id(self, kind: int) -> str:
        """Return 32 hexadecimal digits; `kind` distinguishes the members of one body."""
        return f"{MARK}{self.run.id}{kind:02x}{self.case & 0xFFFFFFF:08x}{self.message & 0xFFFFFF:06x}"

    def group_id(self, kind: int) -> str:
        """Return 32 hexadecimal digits that every message of the group shares."""
        return f"{MARK}{self.run.id}{kind:02x}ffffffff{self.group & 0xFFFFFF:06x}"

    def phone(self, kind: int, *, shared: bool) -> str:
        """Return an E.164 number from a range reserved for fiction.

        The ranges are NANP 555-01xx and the Ofcom drama numbers.
        """
        number = self.group if shared else self.case * 7 + self.message
        if (number + kind) % 2:
            return f"+447700900{number % 1000:03d}"
        return f"+120255501{(number // 2 + kind) % 100:02d}"


def stamp(callback: Callback, value: jp.Json, identity: Identity, *, later_s: int = 0) -> jp.Json:
    """Return a body with identity, times and phone numbers as declared.

    Args:
        callback: Its `x-delivery.stamped` declares the members and their kinds.
        value: A body; absent members stay absent.
        identity: The message of the body.
        later_s: Seconds after the message's first time.
    """
    facts = callback.delivery
    # A little in the past: a receiver may correctly reject future times.
    at = identity.run.started_at - timedelta(seconds=120) + timedelta(seconds=later_s)
    for kind, (pointer, what) in enumerate(facts.stamped.items()):
        try:
            jp.get(value, pointer)
        except LookupError:
            continue
        member = callback.member(pointer)
        form = member.format if member else ""
        shared = pointer in facts.groups
        if what == "time":
            new = render(at, form)
        elif what == "phone":
            new = render(identity.phone(kind, shared=shared), form)
        else:
            new = identity.group_id(kind) if shared else identity.id(kind)
        value = jp.replaced(value, pointer, new)
    return value
