"""Expectation of the fuzzer: what the contract has a right receiver answer to a request, record and store.

Bodies are decoded by Python's json and validated by the jsonschema package, neither of which the mock judges by.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from callback_contract.contract_tests.meta.mock_server.server.fuzzed import CONTRACT, PREFIX, STATE
from callback_contract.contract_tests.meta.mock_server.server.http_oracle import Reading
from callback_contract.openapi.documents import json_pointer as jp

MOST_BYTES, DEEPEST = 1024 * 1024, 250  # the kit's own promises
REJECTED = range(400, 500)
_CALLBACKS = {callback.name: callback for callback in CONTRACT.callbacks}
_PLAIN_TYPE = re.compile(rb'application/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8"))?', re.IGNORECASE)


class Untaken(Exception):
    """A body that is to be rejected."""


@cache
def _validators():
    return {name: Draft202012Validator(dict(callback.tolerant)) for name, callback in _CALLBACKS.items()}


def path_of(reading: Reading) -> str:
    return unquote(reading.target.partition(b"?")[0].decode("latin-1"))


def is_own(reading: Reading) -> bool:
    """Whether it asks for a page of the mock, which is not recorded."""
    return path_of(reading).startswith(PREFIX.decode())


def may_answer(reading: Reading, status: int) -> bool:
    """Whether a right receiver may answer a request that is right HTTP by a status."""
    if reading.method.decode("latin-1") not in {callback.method for callback in _CALLBACKS.values()}:
        return status == 405
    types = reading.all(b"content-type")
    if len(types) > 1 or (types and b";" in types[0] and not _PLAIN_TYPE.fullmatch(types[0])):
        # freedom: which of two media types counts, and what an odd parameter means
        return status == 415 or 200 <= status < 300 or status in REJECTED
    if not types or types[0].partition(b";")[0].strip().lower() != b"application/json":
        return status in {415, 413}
    if len(reading.body) > MOST_BYTES:
        return status == 413
    fitting, is_free = worth(reading.body)
    if is_free:
        return 200 <= status < 300 or status in REJECTED
    return 200 <= status < 300 if fitting else status in {400, 422}


@lru_cache(maxsize=1000)
def worth(body: bytes) -> tuple[frozenset[str], bool]:
    """The callbacks that a body may be, and whether it may be rejected although it is one."""
    try:
        value = decoded(body)
    except Untaken:
        return frozenset(), False
    fitting = frozenset(name for name, validator in _validators().items() if validator.is_valid(value))
    # freedom: numbers beyond what a double holds, and lone surrogates (RFC 8259 sections 6 and 8.2)
    return fitting, "Infinity" in (text := json.dumps(value)) or bool(re.search(r"\\ud[89a-f]", text))


def decoded(body: bytes) -> jp.Json:
    """The value of a body.

    Raises:
        Untaken: It is not JSON in UTF-8 (RFC 8259), or nests too deeply.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Untaken from error
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        level, depth = (
            [item for each in level for item in (each.values() if isinstance(each, dict) else each)],
            depth + 1,
        )
    if depth > DEEPEST:
        raise Untaken
    return value


def _refuse(name):
    raise ValueError(name)


class Stored:
    """The messages that a right receiver knows: each event once, and no state goes backwards."""

    def __init__(self) -> None:
        self.shown: dict[str, dict[str, jp.Json]] = {}
        self._events: dict[str, list[jp.Json]] = {}

    def apply(self, name: str, value: jp.Json) -> None:
        facts = _CALLBACKS[name].delivery
        if facts.correlation is None or facts.state is None:
            return
        try:
            message, state = str(jp.get(value, facts.correlation)), str(jp.get(value, facts.state))
            event = [jp.get(value, pointer) for pointer in facts.idempotency]
        except LookupError:
            return
        before = self.shown.get(message)
        if before and (event in self._events[message] or not _moves_on(facts.order, before["state"], state)):
            return
        self._events.setdefault(message, []).append(event)
        self.shown[message] = {
            "id": message,
            "state": state,
            "applied": before["applied"] + 1 if before else 1,
            "last": value,
        }

    def answer(self, path: str) -> tuple[int, jp.Json]:
        """What read-back says."""
        shown = self.shown.get(path[len(STATE) :]) if path.startswith(STATE.decode()) else None
        return (404, None) if shown is None else (200, shown)


def _moves_on(order, before, after):
    """Whether a state comes after another by the contract's steps; one that is in no step never does."""
    if order is None:
        return True
    if not any(after in edge for edge in order.edges):
        return False
    if not any(before in edge for edge in order.edges):
        return True
    reached, waiting = set(), [before]
    while waiting:
        here = waiting.pop()
        new = {b for a, b in order.edges if a == here} - reached
        reached |= new
        waiting += new
    return after in reached
