"""Decides what a case is: content that is drawn once, made into a delivery with a fresh identity each time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from contract_tests.verdicts import NotApplicable
from mock_server.bodies import encode_body
from mock_server.delivery import PLAIN, Delivery, Framing, Headers
from mock_server.provider.composing import default_headers
from mock_server.stamping import Identity, stamp
from openapi.model import Callback
from openapi.pointer import Json

__all__ = ["Case", "Draw", "Stimuli", "about_json", "default_headers", "hostile", "in_turn"]


@dataclass(frozen=True)
class Draw:
    """What a check draws by itself: from which seed, how many runs, how many steps each."""

    seed: int
    runs: int
    steps: int


@dataclass(frozen=True)
class Case:
    """One stimulus: what is sent, but for identity.

    Attributes:
        label: What is special about it, in words that fit after "with".
        content: A body; identity, times and phone numbers are stamped over it.
        edit: Changes the stamped body.
        spelling: How the body is written, a key of `wireform.SPELLINGS`.
        mangle: Changes the bytes.
        headers: All headers of the delivery; None for those that the contract gives.
        later_s: Seconds after the message's first time.
        states: The states that the check tells of, in the order of telling.
        seal: How a signed delivery is sealed, see `Delivery`; empty for rightly and plainly.
        listed: The pointer and the value of a closed list that it is about.
        draw: What the check draws by itself.
        sent: The delivery to the byte, of which nothing is stamped; None where one is made of the content.
    """

    callback: Callback
    label: str
    content: Json
    edit: Callable[[Json], Json] | None = None
    spelling: str = "compact, raw UTF-8"
    mangle: Callable[[bytes], bytes] | None = None
    method: str = ""
    headers: Headers | None = None
    framing: Framing = PLAIN
    later_s: int = 0
    states: tuple[str, ...] = ()
    seal: str = ""
    listed: tuple[str, Json] | None = None
    draw: Draw | None = None
    sent: Delivery | None = None

    def delivery(self, identity: Identity) -> Delivery:
        """Makes the delivery that speaks of one message."""
        if self.sent is not None:
            return self.sent
        value = stamp(self.callback, self.content, identity, later_s=self.later_s)
        if self.edit is not None:
            value = self.edit(value)
        body = encode_body(self.callback, value, self.spelling)
        if self.mangle is not None:
            body = self.mangle(body)
        return Delivery(
            callback=self.callback.name,
            method=self.method or self.callback.method,
            headers=default_headers(self.callback) if self.headers is None else self.headers,
            body=body,
            framing=self.framing,
            ids=(identity.id(self.id_kind),) if self.callback.delivery.correlation else (),
            seal=self.seal,
        )

    @property
    def id_kind(self) -> int:
        """Which stamped member identifies the message."""
        correlation, stamped = self.callback.delivery.correlation, list(self.callback.delivery.stamped)
        return stamped.index(correlation) if correlation is not None and correlation in stamped else 0


Stimuli = Callable[..., Iterable[Case]]
"""A function from a `Scope` to the cases of one kind."""


def about_json(stimuli: Stimuli) -> Stimuli:
    """Marks stimuli that are about JSON text; fields have neither its syntax, nor null, nor bytes to spell it by."""

    @functools.wraps(stimuli)
    def only_json(scope: Any) -> Iterable[Case]:
        callback: Callback = scope.callback
        if not callback.is_json:
            raise NotApplicable(f"is about JSON, and {callback.name} is {callback.media_type}")
        return stimuli(scope)

    return only_json


def hostile(stimuli: Stimuli) -> Stimuli:
    """Marks stimuli after which one valid delivery shows whether the receiver is still alive."""
    stimuli.hostile = True  # type: ignore[attr-defined]
    return stimuli


def in_turn(stimuli: Stimuli) -> Stimuli:
    """Marks stimuli that wait for their rule's turn: they measure, or a receiver may meet later ones otherwise."""
    stimuli.in_turn = True  # type: ignore[attr-defined]
    return stimuli
