"""Prepared bodies: JSON written once for a content and a state, with gaps for what each message has of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring

from callback_contract.mock_server.wire.bodies import encode_body
from callback_contract.mock_server.wire.identity import (
    Identity,
    Run,
    Stamps,
    stamp,
    stamped_outside,
    stamped_value,
    time_of,
)
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import is_in_body

__all__ = ["Own", "PreparedBody", "prepared_body"]

_GAP = re.compile(rb'"callback-contract-gap-(\d+)"')

_NOBODY = Run("00000000", datetime(2026, 1, 1, tzinfo=UTC))

Finish = Callable[[jp.Json], jp.Json]
"""Changes a stamped body as the user has asked for."""


@dataclass(slots=True)
class Own:
    """What a message has alike in all of its events, kept from the first one on.

    Attributes:
        values: What stands in the gaps, by the number of the stamped place.
        stamps: What it carries beside its body.
    """

    values: dict[int, bytes] = field(default_factory=dict)
    stamps: Stamps | None = None

    def stamps_of(self, callback: Callback, value: jp.Json, identity: Identity, event: str) -> Stamps:
        """Return what an event carries beside its body."""
        if self.stamps is None or any(each.is_of_event for each in callback.stamps):
            self.stamps = stamped_outside(callback, value, identity)
            return self.stamps
        return Stamps(self.stamps.headers, self.stamps.query, self.stamps.ids, identity.event_id(event))


@dataclass(frozen=True)
class PreparedBody:
    """One body with gaps.

    Attributes:
        pieces: What stands around the gaps.
        places: The stamped place in each gap, by its number.
        was: What the content has at each place.
        event: What tells the event from others of its message.
    """

    callback: Callback
    pieces: tuple[bytes, ...]
    places: tuple[int, ...]
    was: dict[int, jp.Json]
    event: str

    def filled(self, identity: Identity, later_s: int, own: dict[int, bytes]) -> bytes:
        """Return the body of a message.

        Args:
            own: What is the message's in all of its events; filled by its first one.
        """
        at = None
        written = [self.pieces[0]]
        for piece, place in zip(self.pieces[1:], self.places, strict=True):
            each = self.callback.stamps[place]
            is_events = each.kind == "time" or each.is_of_event
            value = None if is_events else own.get(place)
            if value is None:
                at = at or time_of(identity, later_s)
                new = stamped_value(self.callback, place, self.was[place], identity, self.event, at)
                value = (encode_basestring(new) if isinstance(new, str) else str(new)).encode()
                if not is_events:
                    own[place] = value
            written += (value, piece)
        return b"".join(written)


def prepared_body(callback: Callback, content: jp.Json, finish: Finish, event: str) -> PreparedBody | None:
    """Return a content's body with gaps; None for one that has to be written anew for each message.

    Args:
        event: The state that the content tells.
    """
    if not callback.is_json or callback.batch is not None:
        return None
    nobody = Identity(_NOBODY, 1)
    gapped, was = stamp(callback, content, nobody), {}
    for number, each in enumerate(callback.stamps):
        if is_in_body(each.place):
            try:
                was[number] = jp.get(content, each.place)
            except LookupError:
                continue
            if stamped_value(callback, number, was[number], nobody, event, _NOBODY.started_at) is not None:
                gapped = jp.replaced(gapped, each.place, f"callback-contract-gap-{number}")
    pieces = _GAP.split(encode_body(callback, finish(gapped)))
    made = PreparedBody(callback, tuple(pieces[::2]), tuple(map(int, pieces[1::2])), was, event)
    # Places may lie within each other, or stand in one another's way: then the long way is right.
    for case in (1, 77):
        identity = Identity(_NOBODY, case, group=case)
        whole = encode_body(callback, finish(stamp(callback, content, identity, later_s=case)))
        if made.filled(identity, case, {}) != whole:
            return None
    return made
