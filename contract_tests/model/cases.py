"""Cases and stimuli: content that is drawn once and becomes a delivery with a fresh identity each time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from callback_contract.contract_tests.model.verdicts import NotApplicable
from callback_contract.mock_server.provider.composer import default_headers, identified
from callback_contract.mock_server.wire.bodies import encode_body
from callback_contract.mock_server.wire.delivery import PLAIN, Delivery, Framing, Headers
from callback_contract.mock_server.wire.identity import Identity, Run, id_at, stamp
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents.json_pointer import Json
from callback_contract.openapi.text.message import Text

__all__ = [
    "KINDS",
    "KIT_AGENT",
    "Case",
    "Declaration",
    "Draw",
    "Joins",
    "Sample",
    "Stimuli",
    "declaration_of",
    "default_headers",
    "purpose_of",
    "stimuli",
]


_SOMEBODY = Identity(Run("00000000", datetime(2025, 1, 1, tzinfo=UTC)), 1)

KIT_AGENT: Headers = (("User-Agent", "callback-contract"),)
"""Requests that are no deliveries say who sends them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A recorded delivery that is going to be delivered.

    Attributes:
        content: The decoded body.
    """

    place: str
    content: Json
    delivery: Delivery


@dataclass(frozen=True)
class Draw:
    """What a check draws by itself: from which seed, how many runs, how many steps each."""

    seed: int
    runs: int
    steps: int


@dataclass(frozen=True)
class Joins:
    """What a harmless case changes of a plain delivery, so that several such cases can share one.

    Attributes:
        values: What it puts into the stamped body, by pointer.
        among: Which cases it goes together with; those of another kind never share a delivery with it.
        are_texts: Whether only the characters of its texts matter, and not where a text begins, ends or how long it is.
        headers: What it adds to the headers, or has in the place of the usual ones.
        spelling: How the body is written, where it is about that; empty where any spelling does.
        framing: How the body is framed, where it is about that.
    """

    values: Mapping[str, Json]
    among: str = "values"
    are_texts: bool = False
    headers: Headers = ()
    spelling: str = ""
    framing: Framing = PLAIN


@dataclass(frozen=True)
class Case:
    """One stimulus: what is sent, but for identity.

    Attributes:
        label: What is special about it, in words that fit after "with".
        content: A body; identity, times and phone numbers are stamped over it.
        edit: Changes the stamped body.
        spelling: How the body is written, a key of `json_spelling.SPELLINGS`.
        mangle: Changes the bytes.
        headers: All headers of the delivery; None for those that the contract gives.
        later_s: Seconds after the message's first time.
        states: The states that the check tells of, in the order of telling.
        seal: How a signed delivery is sealed, see `Delivery`; empty for rightly and plainly.
        listed: The pointer and the value of a closed list that it is about.
        draw: What the check draws by itself.
        keeps_length: Whether the number of its bytes is what it is about.
        again: The number of the attempt; a body without an id of its own differs in white space from the first one.
        sent: The delivery to the byte, of which nothing is stamped; None where one is made of the content.
        tls: The only version that its handshake offers, a key of `tls_probe.OLD`; empty for all of today's.
        looks_at: The purpose and the index of the case that this one repeats: where that one was sent, this one looks
            at what came of it.
        joins: How it shares a delivery with others; None where it goes alone.
        goes_on: The case whose story it goes on from, where that is not its own.
    """

    callback: Callback
    label: Text
    content: Json
    edit: Callable[[Json], Json] | None = None
    spelling: str = "compact-raw"
    mangle: Callable[[bytes], bytes] | None = None
    method: str = ""
    headers: Headers | None = None
    framing: Framing = PLAIN
    later_s: int = 0
    states: tuple[str, ...] = ()
    seal: str = ""
    listed: tuple[str, Json] | None = None
    draw: Draw | None = None
    keeps_length: bool = False
    again: int = 0
    sent: Delivery | None = None
    tls: str = ""
    looks_at: tuple[str, int] | None = None
    joins: Joins | None = None
    goes_on: Case | None = None

    def delivery(self, identity: Identity) -> Delivery:
        """Makes the delivery that speaks of one message."""
        if self.sent is not None:
            return self.sent
        stamped = stamp(self.callback, self.content, identity, later_s=self.later_s)
        body = self._body(stamped)
        if self.again and body == self._body(stamp(self.callback, self.content, identity.next(), later_s=self.later_s)):
            body = self._varied(stamped)
        made = Delivery(
            callback=self.callback.name,
            method=self.method or self.callback.method,
            headers=default_headers(self.callback) if self.headers is None else self.headers,
            body=body,
            framing=self.framing,
            seal=self.seal,
            by_query=self.callback.by_query,
        )
        made = identified(self.callback, made, stamped, identity)
        # Nobody knows what the target of a redirect says to what is no delivery.
        is_delivery = self.mangle is None and made.method == self.callback.method
        return made if is_delivery else replace(made, redirects=())

    def _body(self, stamped: Json, spelling: str = "") -> bytes:
        value = stamped if self.edit is None else self.edit(stamped)
        body = encode_body(self.callback, value, spelling or self.spelling)
        return body if self.mangle is None else self.mangle(body)

    def _varied(self, stamped: Json) -> bytes:
        """Return other bytes of the same meaning: a receiver may drop those that it saw before."""
        body = self._body(stamped)
        if body and self.callback.is_json and not self.keeps_length:
            return body + b" " * self.again
        return self._body(stamped, "reversed-keys")

    def message_id(self, identity: Identity) -> str:
        """The id by which a message is read back."""
        correlation = self.callback.delivery.correlation
        return "" if correlation is None else id_at(self.callback, correlation, identity)

    @functools.cached_property
    def digest(self) -> bytes:
        """The same for cases whose deliveries are equal to the byte but for what is stamped."""
        sent = self.delivery(_SOMEBODY)
        return sha256(
            repr((sent.callback, sent.method, sent.headers, sent.framing, sent.seal)).encode() + sent.body
        ).digest()


Stimuli = Callable[..., Iterable[Case]]
"""A function from a `Scope` to the cases of one kind."""


KINDS = (
    # The four classes of delivery (USING.md, "What is sent"); `hard` are those off-schema that a contract may allow.
    "valid",
    "forward-compatible",
    "off-schema",
    "hard",
    "unparsable",
    "http",  # varied around a delivery that is plain otherwise
    "story",  # several deliveries of one or more messages
    "signature",
    "recorded",
    "connection",
)


@dataclass(frozen=True)
class Declaration:
    """What stimuli say of themselves; nothing is told by the module that they stand in.

    Attributes:
        kind: One of `KINDS`.
        hostile: Whether one valid delivery after them has to show that the receiver is still alive.
        in_turn: Whether they wait for their rule's turn: they measure, or a receiver may meet later ones otherwise.
        drawn: Whether nobody chose what is special about them: one that breaks is narrowed to the members that do it.
    """

    kind: str
    hostile: bool = False
    in_turn: bool = False
    drawn: bool = False


def stimuli(
    kind: str,
    *,
    hostile: bool = False,
    in_turn: bool = False,
    drawn: bool = False,
    about_json: bool = False,
    about_body: bool = False,
) -> Callable[[Stimuli], Stimuli]:
    """Declares what stimuli are; see `Declaration`.

    Args:
        about_json: Whether they are about JSON text: fields have neither its syntax nor null, nor bytes to spell it.
        about_body: Whether they are about a body's label or its way over the wire.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of stimuli; there are {', '.join(KINDS)}")

    def declare(function: Stimuli) -> Stimuli:
        made = _only_json(function) if about_json else _only_bodies(function) if about_body else function
        made.declaration = Declaration(kind, hostile, in_turn, drawn)  # type: ignore[attr-defined]
        return made

    return declare


def declaration_of(function: Stimuli) -> Declaration:
    """What stimuli were declared to be.

    Raises:
        TypeError: They were not declared.
    """
    found = getattr(function, "declaration", None)
    if not isinstance(found, Declaration):
        raise TypeError(f"{function.__qualname__} is not declared: put @stimuli(kind) before it")
    return found


def purpose_of(function: Callable[..., Any]) -> str:
    """What identities are numbered by: two checks share messages only where they share stimuli."""
    return f"{function.__module__}.{function.__qualname__}"


def _only_json(function: Stimuli) -> Stimuli:
    @functools.wraps(function)
    def only_json(scope: Any) -> Iterable[Case]:
        callback: Callback = scope.callback
        if callback.by_query:
            raise NotApplicable(Text("reason.about-body", callback=callback.name))
        if not callback.is_json:
            raise NotApplicable(Text("reason.about-json", callback=callback.name, media_type=callback.media_type))
        return function(scope)

    return only_json


def _only_bodies(function: Stimuli) -> Stimuli:
    @functools.wraps(function)
    def only_bodies(scope: Any) -> Iterable[Case]:
        if scope.callback.by_query:
            raise NotApplicable(Text("reason.about-body", callback=scope.callback.name))
        return function(scope)

    return only_bodies
