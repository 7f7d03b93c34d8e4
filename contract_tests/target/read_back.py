"""HTTP read-back: polls what a receiver stored, and attributes errors of the read-back to their cause."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit

import jsonschema_rs

from callback_contract.contract_tests.model.observations import NOTHING_SHOWN, ReadBack, Stored
from callback_contract.mock_server.client.sender import Access, OutOfBudget, Pace, Sender
from callback_contract.mock_server.wire.delivery import Exchange, Headers, printable
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.contract.read_back_document import load_read_back
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.printable import shell_word

__all__ = [
    "HttpReadBack",
    "ReadBackError",
    "known_states",
    "own_read_back",
    "settled",
]

_MOST_WAITS = 10
_PATIENCE_S = 1.5  # a lost connection or a locked table must not cost the whole run
_PAUSE_S = 0.3
_LONGEST_WAIT_S = 30.0

_KIT: Headers = (("User-Agent", "callback-contract"), ("Accept", "application/json"))


class ReadBackError(KitError):
    """The read-back itself cannot be used, which is not the receiver's mistake."""


@dataclass
class HttpReadBack:
    """Read-back by GET from a template with `{id}`.

    Attributes:
        template: URL; `{id}` stands for the message's id.
        states: The contract's names of states; empty when it has no closed list.
        words: A receiver's names of states, each with the contract's.
        until: `time.monotonic()` after which nothing more is read; None for no limit.
    """

    template: str
    access: Access
    at_once: int = 16
    states: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict)
    until: float | None = None

    def __post_init__(self) -> None:
        if "{id}" not in self.template:
            raise KitError(
                Text("error-receiver.no-id-place", template=self.template),
                where="--state-url",
                remedy=Text("error-receiver.write-id-place"),
            )
        self._sender = Sender(self.access, Pace(at_once=self.at_once, until=self.until))
        schema: Any = dict(load_read_back().schema)
        self._validator = jsonschema_rs.validator_for(schema)

    def __call__(self, message_id: str) -> Stored | None:
        """Read one message.

        Raises:
            ReadBackError: The response is not a read-back; names the option, since the receiver is not at fault.
            OutOfBudget: The time is over.
        """
        parts = urlsplit(self.template.replace("{id}", quote(message_id, safe="")))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        end = time.monotonic() + _PATIENCE_S
        while not (exchange := self._fetched(target)).answered and time.monotonic() < end:
            time.sleep(_PAUSE_S)
        answer = exchange.answer
        if answer is not None and answer.status == 404:
            return None  # a framework's own page is accepted, too
        if answer is None or answer.status != 200 or answer.is_html:
            raise self._odd(
                Text(f"error-receiver.read-back-{'answered' if answer else 'silent'}", answer=exchange.described())
            )
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._odd(Text("error-receiver.read-back-no-json")) from None
        error = next(self._validator.iter_errors(value), None)
        if error is not None:
            raise self._odd(Text("error-receiver.read-back-other-json", flaw=error.message))
        state = self.words.get(value["state"], value["state"])
        if self.states and state not in self.states:
            raise ReadBackError(
                Text("error-receiver.unknown-state", state=printable(str(state)[:80])),
                where="--state-url",
                remedy=Text("error-receiver.translate-state", pair=shell_word(f"{state}=…")),
                exit_code=3,
            )
        return Stored(state, value.get("applied"), value.get("last", NOTHING_SHOWN))

    def _fetched(self, target: str) -> Exchange:
        exchange = self._sender.fetch(target, _KIT)
        for _ in range(_MOST_WAITS):
            wait_s = exchange.answer.retry_after_s() if exchange.answer else None
            if wait_s is None or wait_s > _LONGEST_WAIT_S:
                break
            if self.until is not None and time.monotonic() + wait_s > self.until:
                raise OutOfBudget(Text("ended.out-of-time-reading-back"))
            time.sleep(max(wait_s, 0.05))
            exchange = self._sender.fetch(target, _KIT)
        return exchange

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def _odd(self, what: str) -> ReadBackError:
        return ReadBackError(
            Text("error-receiver.read-back-wrong", url=self.access.shown_url, what=what),
            where="--state-url",
            exit_code=3,
            remedy=Text("error-receiver.read-back-form"),
        )


def settled(
    read: ReadBack, message_id: str, until: Callable[[Stored | None], bool], patience_s: float
) -> Stored | None:
    """Read until the stored state satisfies `until`, or patience ends.

    A receiver may store after its response.
    """
    end, pause_s = time.monotonic() + patience_s, 0.02
    while True:
        stored = read(message_id)
        if until(stored) or time.monotonic() > end:
            return stored
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.5)


def own_read_back(base_url: str, contract: Contract, access: Access | None = None) -> HttpReadBack:
    """Return the read-back of the mock at `base_url`."""
    url = base_url + load_read_back().template
    return HttpReadBack(url, replace(access or Access(base_url), url=url), states=known_states(contract))


def known_states(contract: Contract) -> frozenset[str]:
    """Return every state of the contract's callbacks; empty when one is open."""
    found: set[str] = set()
    for callback in contract.callbacks:
        if callback.delivery.state is not None:
            member = callback.member(callback.delivery.state)
            if member is None or not member.enum:
                return frozenset()
            found.update(map(str, member.enum))
    return frozenset(found)
