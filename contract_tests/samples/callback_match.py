"""Callback matcher of recordings: finds the callback of a body, or how the body breaks the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from callback_contract.contract_tests.samples.bodies import Body
from callback_contract.contract_tests.samples.recorded_delivery import RecordedDelivery
from callback_contract.mock_server.wire.delivery import header_value, printable
from callback_contract.mock_server.wire.strict_json import Unusable
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text, joined

__all__ = ["Belonging", "Found"]

_MOST_TOLD = 3
_LONGEST_TOLD = 160
_CHARSET = re.compile(r"(?i)charset\s*=\s*\"?([^\s\";]+)")


@dataclass(frozen=True)
class Found:
    """The callback of a recording; a flaw is why it is not delivered, see `SetAside`."""

    callback: Callback | None
    kind: str = ""
    flaw: str = ""


class Belonging:
    """Matcher with the compiled schema of each callback.

    Args:
        judged: The callbacks of the run; recordings of other callbacks are not delivered.
    """

    def __init__(self, contract: Contract, judged: tuple[Callback, ...]) -> None:
        own = {callback.name: callback for callback in judged}
        self._callbacks = tuple(own.get(callback.name, callback) for callback in contract.callbacks)
        self._judged = own.keys()
        self._validators: dict[str, Any] = {}
        self._constants: dict[str, dict[str, jp.Json]] = {}
        self.takes_queries = any(each.by_query for each in contract.callbacks)
        self.kinds_of_fields = frozenset(each.media_type for each in contract.callbacks if not each.is_json)

    def strictly(self, callback: Callback) -> Callable[[jp.Json], bool]:
        """Return the validator of a callback's exact schema."""
        return self._validator(callback).is_valid  # type: ignore[no-any-return]

    def of(self, body: Body, recording: RecordedDelivery) -> Found:
        """Return the callback whose constants a body meets and whose schema names most of its members.

        One that a body breaks comes before one whose open schema takes anything.
        """
        candidates = self._candidates(recording)
        try:
            values = {callback.name: body.value(callback) for callback in candidates}
        except Unusable as error:
            return Found(None, "either answer", error.detail)
        fitting = [callback for callback in candidates if self._validator(callback).is_valid(values[callback.name])]
        distances = {each.name: self._distance(each, body, values[each.name]) for each in candidates}
        said = [callback for callback in candidates if callback.name == recording.callback]
        like = said or [callback for callback in candidates if self._is_like(callback, values[callback.name])]
        if fitting:
            shortest = min(distances[callback.name] for callback in fitting)
            nearer = [each for each in like if distances[each.name] < shortest]
            fitting = [callback for callback in fitting if distances[callback.name] == shortest]
            judged = [callback for callback in fitting if callback.name in self._judged] or fitting[:1]
            if not nearer and len(judged) == 1:
                return self._judgeable(judged[0], body, recording)
            if not nearer:
                names = tuple(callback.name for callback in judged)
                return Found(None, "no callback", Text("sample.several-callbacks", names=names))
            like = nearer
        nearest = min(
            like,
            key=lambda callback: (distances[callback.name], *_strangeness(callback, values[callback.name])),
            default=None,
        )
        if nearest is None:
            return Found(None, "no callback", Text("sample.no-callback"))
        told = self._told(nearest, values[nearest.name])
        return Found(nearest, "contract", Text("sample.breaks-contract", callback=nearest.name, told=told))

    def callback_of(self, body: Body, recording: RecordedDelivery) -> Callback | None:
        """Return the callback that a body was meant for, whether it breaks its schema or not; None for no callback.

        Raises:
            Unusable: A field has JSON that a receiver may reject.
        """
        candidates = self._candidates(recording)
        values = {callback.name: body.value(callback) for callback in candidates}
        if len(candidates) == 1 and candidates[0].name == recording.callback:
            return candidates[0]
        fitting = [each for each in candidates if self._validator(each).is_valid(values[each.name])]
        meant = [each for each in candidates if self._is_like(each, values[each.name])]
        return min(
            fitting if fitting and not meant else meant,
            key=lambda each: (
                *self._distance(each, body, values[each.name]),
                each not in fitting,
                *_strangeness(each, values[each.name]),
            ),
            default=None,
        )

    def _distance(self, callback: Callback, body: Body, content: jp.Json) -> tuple[bool, int, int]:
        met = sum(name in content for name in self._constants_of(callback)) if isinstance(content, dict) else 0
        return not body.is_for(callback), -met, _unnamed(callback, content)

    def _is_like(self, callback: Callback, content: jp.Json) -> bool:
        """Return whether a broken body was meant for a callback.

        It has half of the members, and none of another callback.
        """
        if not isinstance(content, dict):
            return False
        if len(self._callbacks) > 1 and any(
            name in content and content[name] != value for name, value in self._constants_of(callback).items()
        ):
            return False  # a name that distinguishes callbacks
        named, required = _named(callback)
        wanted = required or named
        return bool(wanted) and len(wanted & content.keys()) * 2 >= len(wanted)

    def _constants_of(self, callback: Callback) -> dict[str, jp.Json]:
        if callback.name not in self._constants:
            self._constants[callback.name] = _constants(callback)
        return self._constants[callback.name]

    def _judgeable(self, callback: Callback, body: Body, recording: RecordedDelivery) -> Found:
        if callback.name not in self._judged:
            return Found(callback, "not judged", Text("sample.callback-not-judged", callback=callback.name))
        if recording.method and recording.method.upper() != callback.method:
            told = Text("sample.other-method", method=recording.method, right=callback.method)
            return Found(callback, "contract", told)
        return _rightly_labelled(callback, body, recording)

    def _candidates(self, recording: RecordedDelivery) -> list[Callback]:
        said = [callback for callback in self._callbacks if callback.name == recording.callback]
        headers = recording.headers or ()
        possible = [each for each in self._callbacks if each.by_query or not recording.by_query]
        return said or [callback for callback in possible if not _contradicted(callback, headers)]

    def _validator(self, callback: Callback) -> Any:
        if callback.name not in self._validators:
            # What a recording holds may be personal: messages speak of "the value".
            self._validators[callback.name] = validator_of(callback.strict, mask="the value")
        return self._validators[callback.name]

    def _told(self, callback: Callback, content: jp.Json) -> str:
        errors = list(islice(self._validator(callback).iter_errors(content), _MOST_TOLD + 1))
        told = [
            Text(
                "sample.flaw-at",
                place=jp.join(error.instance_path) or Text("sample.the-body"),
                flaw=error.message[:_LONGEST_TOLD],
            )
            for error in errors
        ]
        return joined([*told[:_MOST_TOLD], *[Text("sample.and-more")] * (len(told) > _MOST_TOLD)])


def _rightly_labelled(callback: Callback, body: Body, recording: RecordedDelivery) -> Found:
    """Check the body against its label and the contract.

    A receiver may reject any other label (415).
    """
    if not body.is_for(callback):
        told = Text("sample.other-body", named=body.named, callback=callback.name, right=callback.media_type)
        return Found(callback, "contract", told)
    label = header_value(recording.headers or (), "content-type")
    if label is None:
        return Found(callback)
    media_type, _, parameters = label.partition(";")
    if media_type.strip().lower() != callback.media_type.lower():
        shown = printable(label[:_LONGEST_TOLD])
        return Found(callback, "contract", Text("sample.other-label", label=shown, callback=callback.name))
    charset = _CHARSET.search(parameters)
    if charset and charset[1].lower() not in {"utf-8", "utf8", "us-ascii"}:
        kind = "JSON" if callback.is_json else Text("sample.kit-reading")
        return Found(callback, "either answer", Text("sample.other-charset", charset=charset[1][:40], kind=kind))
    return Found(callback)


def _contradicted(callback: Callback, headers: tuple[tuple[str, str], ...]) -> bool:
    """Return whether a recorded header breaks the callback's closed list."""
    for header in callback.headers:
        listed = header.schema.get("enum", [header.schema["const"]] if "const" in header.schema else [])
        value = header_value(headers, header.name)
        if listed and value is not None and value not in listed:
            return True
    return False


def _constants(callback: Callback) -> dict[str, jp.Json]:
    """Return the members of the root that have one value, by name: they distinguish callbacks."""
    listed = {
        member.pointer: member.enum or ((member.schema["const"],) if "const" in member.schema else ())
        for member in callback.members
    }
    single = {pointer: values[0] for pointer, values in listed.items() if len(values) == 1}
    return {tokens[0]: value for pointer, value in single.items() if len(tokens := jp.tokens(pointer)) == 1}


def _named(callback: Callback) -> tuple[set[str], set[str]]:
    """Return the names of the root's members, and of the required ones."""
    root = callback.members[0].schema
    return set(root.get("properties", ())), set(root.get("required", ()))


def _unnamed(callback: Callback, content: jp.Json) -> int:
    return len(content.keys() - _named(callback)[0]) if isinstance(content, dict) else 0


def _strangeness(callback: Callback, content: jp.Json) -> tuple[int, int]:
    """Return how many members a callback does not name, and how many are missing."""
    return _unnamed(callback, content), len(_named(callback)[1] - content.keys()) if isinstance(content, dict) else 0
