"""Faults of the provider: what it does wrong on purpose, by the id of the rule on senders that it breaks.

The sentence that tells a fault stands in the rule's row of `rules.yaml`.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from callback_contract.mock_server.client.access import NO_ANSWER_S
from callback_contract.mock_server.client.pacing import Pace
from callback_contract.mock_server.client.sender import Sender
from callback_contract.mock_server.provider.lifecycles import Mix
from callback_contract.mock_server.server.certificates import allow_old
from callback_contract.mock_server.wire.delivery import Delivery, Exchange, Headers, header_value
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import header_of, is_in_body

__all__ = ["RIGHT", "SENDER_FAULTS", "SenderFault", "sender_fault"]

_VERY_LONG_S = 600.0


def _as_it_is(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return delivery


def _rightly(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
    return sender.send(delivery)


@dataclass(frozen=True)
class SenderFault:
    """One deviation from a right sender.

    Attributes:
        delivery: Changes what goes out; `tries` counts the earlier tries.
        send: Sends it.
        is_failed: Says whether a try failed, in the place of the right answer, which it gets.
        after: Factor of the pause before a retry.
        more_tries: Tries beyond the documented ones.
        ignores_final: Whether a final status ends no tries.
        pace: Changes the pace.
        mix: Changes the lives of messages.
    """

    delivery: Callable[[Delivery, Callback, int], Delivery] = _as_it_is
    send: Callable[[Sender, Delivery, Callback, int], Exchange] = _rightly
    is_failed: Callable[[Exchange, Callback, bool], bool] = lambda exchange, callback, right: right
    after: float = 1.0
    more_tries: int = 0
    ignores_final: bool = False
    pace: Callable[[Pace], Pace] = lambda pace: pace
    mix: Callable[[Mix], Mix] = lambda mix: mix


RIGHT = SenderFault()

# What is sent


def _with_comma(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return replace(delivery, body=delivery.body + b",")


def _without_member(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    value = json.loads(delivery.body)
    required = [jp.tokens(each.pointer) for each in callback.members if each.required and each.pointer]
    named = [jp.tokens(place) for place in callback.event_places if is_in_body(place)]
    droppable = [way[0] for way in required if len(way) == 1 and way not in named and way[0] in value]
    for name in droppable[-1:]:
        del value[name]
    return replace(delivery, body=_spelt(value))


def _spelt(value: jp.Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _with_header(delivery: Delivery, name: str, value: str | None) -> Headers:
    kept = tuple(header for header in delivery.headers if header[0].lower() != name.lower())
    return kept if value is None else (*kept, (name, value))


def _as_text(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return replace(delivery, headers=_with_header(delivery, "Content-Type", "text/plain"))


def _by_put(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return replace(delivery, method="PUT") if tries else delivery


def _without_header(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    required = [header.name for header in callback.headers if header.required and not header.signature]
    return replace(delivery, headers=_with_header(delivery, required[0], None)) if required else delivery


def _with_two_hosts(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    # Only what comes late in a life: what is malformed gets no answer of the endpoint, and shows nothing else.
    late = _state(delivery, callback) not in _early_states(callback)
    return replace(delivery, headers=(*delivery.headers, ("Host", "receiver.invalid"))) if late else delivery


def _state(delivery: Delivery, callback: Callback) -> str:
    return str(jp.get(json.loads(delivery.body), callback.delivery.state or ""))


def _early_states(callback: Callback) -> tuple[str, ...]:
    return callback.delivery.order.states[:2] if callback.delivery.order else ()


def _with_token(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return replace(delivery, query=(*delivery.query, ("access_token", "synthetic")))


# Events


def _identified(delivery: Delivery, callback: Callback, made: Callable[[str], str]) -> Delivery:
    """The delivery with other ids, in its body and in its headers."""
    value = json.loads(delivery.body)
    headers = delivery.headers
    for place in callback.event_places:
        if place == callback.delivery.state:
            continue
        if is_in_body(place):
            value = jp.replaced(value, place, made(str(jp.get(value, place))))
        elif name := header_of(place):
            headers = _with_header(delivery, name, made(header_value(headers, name) or ""))
    event_id = made(delivery.event_id) if delivery.event_id else ""
    return replace(delivery, body=_spelt(value), headers=headers, event_id=event_id)


def _all_alike(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return _identified(delivery, callback, lambda before: "0" * len(before))


def _with_new_id(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return _identified(delivery, callback, lambda before: uuid.uuid4().hex[: len(before)]) if tries else delivery


def _written_anew(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    return replace(delivery, body=json.dumps(json.loads(delivery.body), indent=tries).encode()) if tries else delivery


def _one_by_one() -> SenderFault:
    """A sender whose first delivery to a receiver waits for the first one to another."""
    begun: set[str] = set()
    lock = threading.Lock()

    def send(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
        if sender.access.url in begun:
            return sender.send(delivery)
        with lock:
            begun.add(sender.access.url)
            return sender.send(delivery)

    return SenderFault(send=send)


# Retries


def _never_after(when: Callable[[Exchange, Callback], bool]) -> SenderFault:
    """A sender that takes some failures for acknowledgements."""
    return SenderFault(is_failed=lambda exchange, callback, right: right and not when(exchange, callback))


def _is_late(exchange: Exchange, callback: Callback) -> bool:
    deadline_s = callback.delivery.deadline_s or NO_ANSWER_S
    return exchange.answer is None and exchange.elapsed_s >= 0.9 * deadline_s


def _ignoring(form: str) -> SenderFault:
    """A sender that does not obey one form of `Retry-After`."""

    def send(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
        while True:
            exchange = sender.send_once(delivery)
            wait_s = exchange.answer.retry_after_s() if exchange.answer else None
            value = (exchange.answer.header("retry-after") or "") if exchange.answer else ""
            if wait_s is None or (form == "seconds") == value.isdigit():
                return exchange
            time.sleep(wait_s)

    return SenderFault(send=send)


def _final_429(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
    exchange = sender.send_once(delivery)
    return sender.send(delivery) if exchange.status == 503 and _waits(exchange) else exchange


def _waits(exchange: Exchange) -> bool:
    if exchange.answer is not None:
        time.sleep(exchange.answer.retry_after_s() or 0.0)
    return True


def _following(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
    exchange = sender.send(delivery)
    location = exchange.answer.header("location") if exchange.answer and exchange.redirected else None
    return sender.fetch(urlsplit(location).path, delivery.headers) if location else exchange


def _impatient() -> SenderFault:
    hasty: dict[Sender, Sender] = {}

    def send(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
        if sender not in hasty:
            half_s = (callback.delivery.deadline_s or NO_ANSWER_S) / 2
            hasty[sender] = sender.beside(replace(sender.access, timeout_s=half_s))
            if sender.access.url.startswith("https"):
                hasty[sender].__dict__["tls"] = sender.tls  # to make another takes longer than half of a short deadline
        return hasty[sender].send(delivery)

    return SenderFault(send=send)


def _without_end(delivery: Delivery, callback: Callback, tries: int) -> Delivery:
    # Each read is bounded still, and not the whole answer: as many libraries have it by default.
    return replace(delivery, framing=replace(delivery.framing, pause_s=_VERY_LONG_S))


# Signatures and TLS


def _signing_another_spelling(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
    if sender.signer is not None:
        respelt = replace(delivery, body=json.dumps(json.loads(delivery.body), indent=1).encode())
        delivery = replace(delivery, signature=sender.signed(respelt).signature)
    return sender.send(delivery)


def _signing_once() -> SenderFault:
    signatures: dict[tuple[str, bytes], Headers | None] = {}

    def send(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
        if sender.signer is not None:
            key = (delivery.event_id, delivery.body)
            if key not in signatures:
                signatures[key] = sender.signed(delivery).signature
            delivery = replace(delivery, signature=signatures[key])
        return sender.send(delivery)

    return SenderFault(send=send)


def _trusting_when(*words: str) -> SenderFault:
    """A sender that goes on where its library refuses a certificate for one reason."""

    def send(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
        exchange = sender.send(delivery)
        if exchange.failure != "tls" or not any(word in exchange.detail.lower() for word in words):
            return exchange
        return sender.beside(replace(sender.access, insecure=True)).send(delivery)

    return SenderFault(send=send)


def _with_old_tls(sender: Sender, delivery: Delivery, callback: Callback, tries: int) -> Exchange:
    exchange = sender.send(delivery)
    if exchange.failure != "tls":
        return exchange
    old = sender.beside(sender.access)
    allow_old(old.tls, newest=ssl.TLSVersion.TLSv1_1)
    return old.send(delivery)


SENDER_FAULTS: dict[str, Callable[[], SenderFault]] = {
    "OUT-01": lambda: SenderFault(delivery=_with_comma),
    "OUT-02": lambda: SenderFault(delivery=_without_member),
    "OUT-03": lambda: SenderFault(delivery=_as_text),
    "OUT-04": lambda: SenderFault(delivery=_by_put),
    "OUT-05": lambda: SenderFault(delivery=_without_header),
    "OUT-06": lambda: SenderFault(delivery=_with_two_hosts),
    "OUT-07": lambda: SenderFault(delivery=_with_token),
    "EVT-01": lambda: SenderFault(delivery=_all_alike),
    "EVT-02": lambda: SenderFault(delivery=_with_new_id),
    "EVT-03": lambda: SenderFault(delivery=_written_anew),
    "EVT-04": lambda: SenderFault(mix=lambda mix: replace(mix, reordered=1.0)),
    "EVT-05": lambda: SenderFault(pace=lambda pace: replace(pace, at_once=64)),
    "EVT-06": lambda: SenderFault(pace=lambda pace: replace(pace, per_second=None)),
    "EVT-07": _one_by_one,
    "RET-01": lambda: _never_after(lambda exchange, callback: exchange.status == 500),
    "RET-02": lambda: _never_after(_is_late),
    "RET-03": lambda: _never_after(
        lambda exchange, callback: exchange.answer is None and not _is_late(exchange, callback)
    ),
    "RET-04": lambda: SenderFault(after=0.0),
    "RET-05": lambda: SenderFault(more_tries=3),
    "RET-06": lambda: SenderFault(is_failed=lambda exchange, callback, right: exchange.status != 200),
    "RET-07": lambda: _ignoring("seconds"),
    "RET-08": lambda: _ignoring("date"),
    "RET-09": lambda: replace(_never_after(lambda exchange, callback: exchange.status == 429), send=_final_429),
    "RET-10": lambda: SenderFault(ignores_final=True),
    "RET-11": lambda: _never_after(lambda exchange, callback: exchange.status == 404),
    "RET-12": lambda: SenderFault(send=_following),
    "RET-13": _impatient,
    "RET-14": lambda: SenderFault(delivery=_without_end),
    "SGN-01": lambda: SenderFault(send=_signing_another_spelling),
    "SGN-02": _signing_once,
    "CRT-01": lambda: _trusting_when("self-signed", "self signed", "issuer"),
    "CRT-02": lambda: _trusting_when("expired"),
    "CRT-03": lambda: _trusting_when("mismatch"),
    "CRT-04": lambda: SenderFault(send=_with_old_tls),
}


def sender_fault(name: str) -> SenderFault:
    """Return a fault by the id of its rule; what it remembers begins anew."""
    return SENDER_FAULTS[name]()
