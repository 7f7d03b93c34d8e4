"""Composer of synthetic events: their bodies and headers, and what is said of a place that no body has."""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from callback_contract.mock_server.provider.prepared import Own, PreparedBody, prepared_body
from callback_contract.mock_server.wire.bodies import content_type, encode_body, travels
from callback_contract.mock_server.wire.delivery import Delivery, Headers, printable
from callback_contract.mock_server.wire.identity import Identity, Stamps, stamp, stamped_outside, stamps_of
from callback_contract.openapi.contract.ecma_patterns import texts_of
from callback_contract.openapi.contract.example_value import sample_of, why_no_sample
from callback_contract.openapi.contract.members import Member, left_out_of
from callback_contract.openapi.contract.model import Callback, HeaderParameter
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import header_of
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text, either
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["Composer", "assigned", "default_headers", "identified", "no_place", "unstamped", "what_was_cut"]

_STAMPED_BEFORE_S = 120  # `stamp` counts from this time before the run


def default_headers(callback: Callback) -> Headers:
    """Return the headers that the contract gives a delivery; those of ids are sent, required or not."""
    agent = callback.user_agent
    ids = [name for name in map(header_of, callback.id_forms) if name]
    required = tuple(
        (header.name, value)
        for header in callback.headers
        if (header.required or header.name.lower() in ids) and header.name.lower() not in {"user-agent", "content-type"}
        for value in (_value_of(header, ids),)
        if value is not None
    )
    declared = {header.name.lower() for header in callback.headers}
    more = tuple((name, UNSTAMPED) for name in ids if name not in declared)
    own = () if callback.by_query else (("Content-Type", content_type(callback)),)
    return (*own, *((("User-Agent", agent),) if agent else ()), *required, *more)


UNSTAMPED = "unstamped"
"""Stands in a header of an id until a delivery is made."""


def _value_of(header: HeaderParameter, ids: Collection[str]) -> str | None:
    value = header.default if header.default is not None else header.value
    return UNSTAMPED if value is None and header.name.lower() in ids else value


def identified(callback: Callback, delivery: Delivery, value: jp.Json, identity: Identity) -> Delivery:
    """Return the delivery with the identity that it carries beside its body.

    Args:
        value: The body as it was stamped.
    """
    return _with(stamped_outside(callback, value, identity), replace(delivery, redirects=callback.redirects))


def _stamped_headers(stamps: Stamps, headers: Headers) -> Headers:
    # A header that a case leaves out stays out.
    if not stamps.headers:
        return headers
    return tuple((name, stamps.headers.get(name.lower(), told)) for name, told in headers)


def _with(stamps: Stamps, delivery: Delivery) -> Delivery:
    headers = _stamped_headers(stamps, delivery.headers)
    return replace(delivery, headers=headers, query=stamps.query, ids=stamps.ids, event_id=stamps.event_id)


def unstamped(callback: Callback, delivery: Delivery) -> Delivery:
    """Return a delivery of somebody's bytes with an identity beside them: the same one for the same bytes."""
    return _with(stamps_of(callback, delivery.body), replace(delivery, redirects=callback.redirects))


class Composer:
    """Composer of one callback's deliveries.

    Args:
        example: The example whose content is sent; without it, one that fits the state, or a random one.
        assignments: Texts as in `variables.name=Li` or `count:=3`, applied after stamping.

    Raises:
        KitError: The example is unknown or illustrative, or an assignment is impossible.
    """

    def __init__(self, callback: Callback, *, example: str | None = None, assignments: Sequence[str] = ()) -> None:
        self.callback = callback
        self._headers = default_headers(callback)
        self._prepared: dict[tuple[int, str], tuple[jp.Json, PreparedBody | None]] = {}
        self._assignments = [assigned(callback, text) for text in assignments]
        self._contents = [_example(callback, example)] if example else [e.value for e in callback.delivered_examples]
        if not self._contents:
            self._contents = _made(callback) or ([{}] if assignments else [])
        if not self._contents:
            why = why_no_sample(callback.schema, _text_of)
            raise KitError(
                Text("error-send.no-example-of", name=callback.name, why=why),
                where=callback.origin or callback.pointer,
                remedy=Text("error-send.add-example"),
            )
        self._refuse_unassignable()

    def content(self, chance: random.Random, state: str | None = None) -> jp.Json:
        """Return a random content, of an example with the state where there is one."""
        pointer = self.callback.delivery.state
        if state is None or pointer is None:
            return chance.choice(self._contents)
        fitting = [content for content in self._contents if _at(content, pointer) == state]
        return self.told(chance.choice(fitting or self._contents), state)

    def told(self, content: jp.Json, state: str) -> jp.Json:
        """Return the content with a state."""
        return jp.replaced(content, self.callback.delivery.state or "", state)

    def delivery(self, content: jp.Json, identity: Identity, *, after_start_s: float = 0.0) -> Delivery:
        """Return the delivery of a content, stamped and encoded.

        Args:
            after_start_s: Time of the event, in seconds after the start of the run.
        """
        value = stamp(self.callback, content, identity, later_s=_STAMPED_BEFORE_S + int(after_start_s))
        made = self._made(encode_body(self.callback, self._with_assignments(value)))
        return identified(self.callback, made, value, identity)

    def event(self, content: jp.Json, state: str, identity: Identity, own: Own, *, after_start_s: float) -> Delivery:
        """Return the delivery of one event of a message's life; as `delivery`, but bodies are prepared.

        Args:
            content: One that `content` returned.
            own: What all events of the message have alike; empty before its first one.
        """
        key = id(content), state  # the contents live as long as the composer
        if key not in self._prepared:
            told = self.told(content, state)
            self._prepared[key] = told, prepared_body(self.callback, told, self._with_assignments, state)
        told, prepared = self._prepared[key]
        if prepared is None:
            return self.delivery(told, identity, after_start_s=after_start_s)
        callback, stamps = self.callback, own.stamps_of(self.callback, told, identity, state)
        return Delivery(
            callback.name,
            callback.method,
            _stamped_headers(stamps, self._headers),
            prepared.filled(identity, _STAMPED_BEFORE_S + int(after_start_s), own.values),
            ids=stamps.ids,
            query=stamps.query,
            redirects=callback.redirects,
            event_id=stamps.event_id,
            by_query=callback.by_query,
        )

    def _refuse_unassignable(self) -> None:
        """Reject assignments that fit no content, before anything is sent.

        A place that only some contents lack is rejected when one of them is due.
        """
        for number, content in enumerate(self._contents, 1):
            try:
                self._with_assignments(content)
                return
            except KitError:
                if number == len(self._contents):
                    raise

    def _with_assignments(self, value: jp.Json) -> jp.Json:
        for pointer, given in self._assignments:
            try:
                value = jp.replaced(value, pointer, given)
            except (LookupError, ValueError):  # ValueError: a name in the place of an index
                raise no_place(value, pointer) from None
        return value

    def exactly(self, body: bytes) -> Delivery:
        """Return a delivery of the bytes as given."""
        return unstamped(self.callback, self._made(body))

    def _made(self, body: bytes) -> Delivery:
        callback = self.callback
        return Delivery(callback.name, callback.method, self._headers, body, by_query=callback.by_query)


def what_was_cut(callback: Callback, content: jp.Json) -> Text | None:
    """Return which members a made content lacks; None where it lacks none."""
    lacking = left_out_of(content, callback.members)
    if not lacking:
        return None
    places = [*map(printable, lacking[:_MOST_CUT]), *(["…"] if len(lacking) > _MOST_CUT else [])]
    every = len(callback.members) - 1
    return Text("note.left-out", callback=callback.name, count=len(lacking), all=every, places=tuple(places))


_MOST_CUT = 4


def _text_of(schema: Mapping[str, jp.Json]) -> str | None:
    return next(iter(texts_of(schema)), None)


def _made(callback: Callback) -> list[jp.Json]:
    """Return a plain content that is valid, also when encoded, where there is one."""
    made = sample_of(callback.schema, _text_of)
    if made is None:
        return []
    if not callback.is_json and not travels(callback, made.value, validator_of(callback.strict).is_valid):
        return []
    return [made.value]


def _at(content: jp.Json, pointer: str) -> jp.Json:
    try:
        return jp.get(content, pointer)
    except LookupError:
        return None


def _example(callback: Callback, name: str) -> jp.Json:
    deliverable = {example.name: example.value for example in callback.delivered_examples}
    named = next((example for example in callback.examples if example.name == name), None)
    if named is not None and named.illustrative:
        raise KitError(
            Text("error-send.example-illustrative", name=name),
            where="--example",
            remedy=_choices(deliverable),
        )
    if named is not None:
        return named.value  # also one that breaks its schema, which is said: who names it wants it
    raise KitError(Text("error-send.no-example", name=name), where="--example", remedy=_choices(deliverable))


def _choices(names: Iterable[str]) -> str:
    known = tuple(names)
    return Text("error-send.choose", names=known) if known else Text("error-send.none-deliverable")


def assigned(callback: Callback, text: str) -> tuple[str, jp.Json]:
    """Parse `path=text` or `path:=json`; the path is a JSON pointer or dotted names.

    Raises:
        KitError: It is neither, or the contract requires another type of value.
    """
    path, equals, raw = text.partition("=")
    as_json = path.endswith(":")
    path = path.removesuffix(":")
    if not equals or not path:
        raise KitError(Text("error-send.sets-nothing", text=text), where="--set", remedy=Text("error-send.write-set"))
    pointer = path if path.startswith("/") else jp.join(path.split("."))
    if as_json:
        try:
            return pointer, json.loads(raw)
        except ValueError as error:
            raise KitError(
                Text("error-send.not-json", raw=raw, why=str(error)),
                where="--set",
                remedy=Text("error-send.text-needs-quotes"),
            ) from None
    return pointer, _as_declared(callback.member(pointer), raw)


def _as_declared(member: Member | None, raw: str) -> Any:
    """Return the text, or its number where the contract requires a number."""
    if member is None or "string" in member.types or not member.types:
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        raise KitError(
            Text("error-send.not-a-value", raw=raw, types=either(member.types)),
            where=f"--set {member.pointer}",
            remedy=Text("error-send.write-quoted", pointer=member.pointer, raw=raw),
        ) from None


_MOST_NAMED = 20


def no_place(body: jp.Json, pointer: str) -> KitError:
    """The error that nothing can be set at a place of a body, which names the first step that leads nowhere."""
    value, way = body, jp.tokens(pointer)
    for step, name in enumerate(way):
        here = ".".join(way[:step]) or Text("send.the-body")
        if isinstance(value, dict):
            if name not in value:
                return _error(
                    pointer,
                    Text("error-send.no-member", place=here, name=name),
                    _members(way[:step], name, list(value)),
                )
            value = value[name]
        elif isinstance(value, list):
            if not name.isascii() or not name.isdigit() or int(name) >= len(value):
                has = Text("error-send.has-items", last=len(value) - 1) if value else Text("error-send.empty-array")
                return _error(pointer, Text("error-send.no-item", place=here, name=name), has)
            value = value[int(name)]
        else:
            return _error(
                pointer,
                Text("error-send.no-object", place=here, kind=_kind(value), name=name),
                Text("error-send.set-itself", place=here) if step else Text("error-send.give-body"),
            )
    raise AssertionError(f"there is a place at {pointer}")  # who asks could not set it


def _error(pointer: str, what: str, remedy: str) -> KitError:
    return KitError(what, where=f"--set {'.'.join(jp.tokens(pointer))}", remedy=remedy)


def _members(way: tuple[str, ...], name: str, known: list[str]) -> str:
    if not known:
        return Text("error-send.make-member", place=".".join((*way, name)))
    names, more = tuple(known[:_MOST_NAMED]), len(known) - _MOST_NAMED
    has = Text("error-send.has-some-members", names=names, more=more)
    return did_you_mean(nearest(name, known), has if more > 0 else Text("error-send.has-members", names=names))


def _kind(value: jp.Json) -> str:
    kinds = {str: "text", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return Text(f"error-send.kind-{kinds.get(type(value), 'other')}")
