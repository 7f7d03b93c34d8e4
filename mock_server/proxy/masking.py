"""Masker of what passed: replaces values of bodies that `--mask` names before anything is written.

A value is masked alike in each delivery, so that its retries stay recognisable, and wherever the exchange quotes it. A
body in which no place can be found is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from urllib.parse import parse_qsl, urlencode

from callback_contract.mock_server.proxy.record import Passed
from callback_contract.mock_server.wire.json_spelling import encode
from callback_contract.mock_server.wire.masks import KIND_OF_FORMAT, KINDS, Masked, Masks
from callback_contract.mock_server.wire.quotations import Quotes
from callback_contract.mock_server.wire.strict_json import Unparsable, Unusable, decode
from callback_contract.openapi.bodies import FORM
from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["PassedMasker"]

_MOST_KEPT = 100_000
_MOST_CANDIDATES = 4
_Path = tuple[str | int, ...]


class PassedMasker:
    """Masker of exchanges for the values of `--mask`."""

    def __init__(self, wanted: Masked, contract: Contract) -> None:
        self._wanted, self._masks = wanted, Masks()
        members = [member for callback in contract.callbacks for member in callback.members]
        self._members = {member.pointer: member for member in reversed(members)}
        self._valid: dict[str, Callable[[jp.Json], bool]] = {}

    def masked(self, passed: Passed, media_type: str, body: bytes) -> Passed | None:
        """Return an exchange with its masks; None where its body cannot be masked.

        Args:
            body: Without its content coding.
        """
        if self._masks.kept > _MOST_KEPT:
            self._masks = self._masks.renewed()
        quotes: list[tuple[str, str]] = []
        made = self._body(body, media_type, quotes)
        if made is None:
            return None
        text = partial(self._text, Quotes.of(quotes))
        head, answer_head = (_by_line(each, text) for each in (passed.head, passed.answer_head))
        answer = _text_of(passed.answer_body)
        answer_body = b"" if answer is None else text(answer).encode("utf-8", "surrogatepass")
        return replace(passed, head=head, body=made, answer_head=answer_head, answer_body=answer_body)

    def without_body(self, passed: Passed) -> Passed:
        """Return an exchange without its bodies; in its head only formats can be masked."""
        text = partial(self._text, Quotes())
        return replace(passed, head=_by_line(passed.head, text), body=b"", answer_body=b"")

    def _body(self, body: bytes, media_type: str, quotes: list[tuple[str, str]]) -> bytes | None:
        if media_type == FORM and (text := _text_of(body)) is not None:
            pairs = parse_qsl(text, keep_blank_values=True)
            fields = [(name, self._value(value, (name,), quotes, inside=False)) for name, value in pairs]
            spoken = Quotes.of(quotes)
            fields = [(name, self._text(spoken, value)) for name, value in fields]
            return body if fields == pairs else urlencode(fields).encode()
        if not body:
            return body
        try:
            value = decode(body)
            json.loads(body, object_pairs_hook=_named_once)
        except (Unparsable, Unusable, ValueError, RecursionError):
            return None
        made = self._value(value, (), quotes, inside=False)
        made = _each_text(made, partial(self._text, Quotes.of(quotes)))
        return body if made == value else encode(made)

    def _value(self, value: jp.Json, path: _Path, quotes: list[tuple[str, str]], *, inside: bool) -> jp.Json:
        inside = inside or bool(self._wanted.naming(path)) or self._kind(path) is not None
        if isinstance(value, dict):
            return {name: self._value(item, (*path, name), quotes, inside=inside) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, (*path, at), quotes, inside=inside) for at, item in enumerate(value)]
        if not inside:
            return value
        mask = self._mask(value, path)
        if isinstance(value, str):
            quotes.append((value, mask))
        return mask

    def _mask(self, value: jp.Json, path: _Path) -> jp.Json:
        """Return a mask that keeps to the schema of its place, or breaks it, as the value does."""
        member = self._member(path)
        schema, kind = member.schema if member else {}, self._kind(path) or ""
        made = (islice(self._masks.candidates(value, each, kind), _MOST_CANDIDATES) for each in (schema, {}))
        found = list(chain(*made))
        if member is None:
            return found[0]
        if member.pointer not in self._valid:
            self._valid[member.pointer] = validator_of({**member.schema}).is_valid
        is_valid = self._valid[member.pointer]
        return next((each for each in found if is_valid(each) == is_valid(value)), found[0])

    def _member(self, path: _Path) -> Member | None:
        return self._members.get(jp.join(0 if isinstance(step, int) else step for step in path))

    def _kind(self, path: _Path) -> str | None:
        member = self._member(path) if self._wanted.formats else None
        form = member.format.lower() if member is not None else ""
        return KIND_OF_FORMAT.get(form, form) if form in self._wanted.formats else None

    def _text(self, quotes: Quotes, text: str) -> str:
        text = quotes.inside(text)
        for kind in self._wanted.kinds:
            text = KINDS[kind].sub(lambda found, kind=kind: self._masks.text(found[0], kind), text)  # type: ignore[misc]
        return text


def _named_once(pairs: list[tuple[str, jp.Json]]) -> None:
    """Refuse an object with two members of one name: a reader sees only one, and the bytes have both."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError


def _each_text(value: jp.Json, text: Callable[[str], str]) -> jp.Json:
    if isinstance(value, dict):
        return {name: _each_text(item, text) for name, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, text) for item in value]
    return text(value) if isinstance(value, str) else value


def _by_line(head: bytes, text: Callable[[str], str]) -> bytes:
    """Mask the target and the values of headers; names and the rest of the first line stay."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) == 3 and not first.startswith("HTTP/"):
        first = " ".join((words[0], text(words[1]), words[2]))
    parts = (line.partition(":") for line in lines)
    return "\r\n".join([first, *(name + colon + text(value) for name, colon, value in parts)]).encode(
        "latin-1", "replace"
    )


def _text_of(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
