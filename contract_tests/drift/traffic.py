"""Traffic beside the contract: counts each difference between the deliveries of one callback and its contract."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from callback_contract.contract_tests.drift.lives import Lives
from callback_contract.contract_tests.drift.shape import Place, shape_of
from callback_contract.contract_tests.drift.tally import Moments, NewMember, Numbers, Tally, masked, type_of
from callback_contract.contract_tests.samples.headers import is_of_transport
from callback_contract.contract_tests.samples.recorded_delivery import RecordedDelivery
from callback_contract.mock_server.wire.masks import Masks
from callback_contract.openapi.contract.members import FORMATS
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["CallbackTraffic", "Key", "compact"]

Key = tuple[str, str, str]
"""Kind of a drift, its place, and what tells it from others there."""

_MOST_DRIFTS = 2000  # of one callback
_MOST_NEW = 500
_MOST_VALUES = 100  # of one closed list, seen or not listed
_MOST_ERRORS = 50
_WORD = re.compile(r"[\w.:+/-]{1,64}")
_EARLY, _LATE, _SLACK_S = 0.8, 2.0, 5.0  # of a documented wait; senders add some chance


_OWN_FORMATS: dict[str, Callable[[str], bool]] = {
    "hex32": re.compile(r"[0-9a-f]{32}").fullmatch,  # type: ignore[dict-item]
    "msisdn": re.compile(r"[1-9][0-9]{5,14}").fullmatch,  # type: ignore[dict-item]
    "e164": re.compile(r"\+[1-9][0-9]{5,14}").fullmatch,  # type: ignore[dict-item]
}
"""Those of `FORMATS` that are of texts; numbers have their type, and validators look at texts alone."""


class CallbackTraffic:
    """The traffic of one callback.

    Attributes:
        drifts: What the contract does not say, each with its tally.
        new: Members that the contract does not name, by their pointer.
        seen: Documented places and how often each was there; `objects` counts the objects of each place.
        values: Listed values that were seen, by place.
        answers: Statuses of the answers; 0 stands for no answer.
    """

    def __init__(self, contract: Contract, callback: Callback, masks: Masks) -> None:
        self.callback = callback
        self.shape: Place = shape_of(callback.schema)
        self.deliveries, self.moments = 0, Moments()
        self.drifts: dict[Key, Tally] = {}
        self.new: dict[str, NewMember] = {}
        self.seen: Counter[str] = Counter()
        self.objects: Counter[str] = Counter()
        self.values: dict[str, set[jp.Json]] = {}
        self.headers: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.sizes, self.times, self.lives = Numbers(), Numbers(), Lives(callback)
        self.with_headers = 0
        self._masks = masks
        formats = {name: _matching(form) for name, form in _OWN_FORMATS.items() if name in FORMATS}
        self._validator = validator_of(callback.schema, validate_formats=True, formats=formats)
        responses = jp.get(contract.document, callback.pointer).get("responses", {})
        self.statuses = {str(status).upper() for status in responses}

    def met(self, recording: RecordedDelivery, value: jp.Json) -> None:
        """Add a delivery of this callback."""
        self.deliveries += 1
        self.moments.met(recording.at)
        at = recording.at
        self._walk(self.shape, value, "", at)
        if not self._validator.is_valid(value):
            met: set[tuple[Key, str]] = set()
            for error in islice(self._validator.iter_errors(value), _MOST_ERRORS):
                for key, each in self._refused(error):
                    if (key, str(each.instance_path)) not in met:
                        met.add((key, str(each.instance_path)))
                        self._drift(key, at, each.instance)
        self._whole(recording)
        self._answered(recording)
        self._lived(value, recording)

    def _drift(self, key: Key, at: float | None, value: jp.Json = None) -> None:
        tally = self.drifts.get(key)
        if tally is None:
            if len(self.drifts) >= _MOST_DRIFTS:
                return
            tally = self.drifts[key] = Tally()
            if key[0] not in {"missing", "null", "value"}:
                tally.example = masked(value, self._masks)
        tally.met(at)

    def _walk(self, place: Place, value: jp.Json, pointer: str, at: float | None) -> None:
        self.seen[pointer] += 1
        if isinstance(value, dict):
            self.objects[pointer] += 1
            for name, item in value.items():
                child = place.child(name)
                if child is not None:
                    self._walk(child, item, pointer + jp.join([name]), at)
                elif not place.is_map:
                    self._unknown(pointer + jp.join([name]), item, at)
        elif isinstance(value, list):
            for item in value:
                self._walk(place.item, item, f"{pointer}/0", at)
        elif (listed := place.listed) and value in listed:
            self.values.setdefault(pointer, set()).add(value)

    def _unknown(self, pointer: str, value: jp.Json, at: float | None) -> None:
        member = self.new.get(pointer)
        if member is None:
            if len(self.new) >= _MOST_NEW:
                return
            member = self.new[pointer] = NewMember()
        member.met(value, at, self._masks)

    def _refused(self, error: Any) -> Iterator[tuple[Key, Any]]:
        """Yield the drifts that an error of the validator shows, each with the error that shows it best."""
        kind, pointer, value = error.kind.name, self.shape.normal(error.instance_path), error.instance
        if kind == "required":
            yield ("missing", pointer + jp.join([error.kind.property]), ""), error
        elif kind in {"enum", "const"}:
            yield ("value", pointer, self._told_value(pointer, value)), error
        elif kind == "type":
            yield (("null", pointer, "") if value is None else ("type", pointer, type_of(value))), error
        elif kind == "format":
            yield ("format", pointer, error.kind.format), error
        elif kind in {"additionalProperties", "unevaluatedProperties"}:
            return  # each of them is a new member
        elif kind in {"anyOf", "oneOf"} and (inner := _meant(error)) is not None:
            yield from self._refused(inner)
        else:
            yield ("constraint", pointer, kind), error

    def _told_value(self, pointer: str, value: jp.Json) -> str:
        """Return a value of a closed list as JSON; another than a word may be personal, and is not told."""
        told = compact(value)
        is_word = not isinstance(value, str) or _WORD.fullmatch(value)
        known = sum(key[:2] == ("value", pointer) for key in self.drifts)
        is_told = is_word and not isinstance(value, dict | list) and len(told) <= 80
        return told if is_told and (("value", pointer, told) in self.drifts or known < _MOST_VALUES) else ""

    def _whole(self, recording: RecordedDelivery) -> None:
        size, facts = len(recording.body), self.callback.delivery
        self.sizes.add(size)
        must = facts.accept_body_bytes.must
        if must is not None and size > must:
            self._drift(("size", "", str(must)), recording.at)
        if recording.method and recording.method.upper() != self.callback.method:
            self._drift(("method", "", recording.method.upper()[:20]), recording.at)
        if not recording.headers:  # nobody sends none, so they were not recorded
            return
        self.with_headers += 1
        values = {name.lower(): value for name, value in recording.headers}
        self.headers.update(values.keys())
        media_type = values.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != self.callback.media_type.lower():
            self._drift(("media-type", "", media_type[:80]), recording.at)
        documented = {header.name.lower(): header for header in self.callback.headers}
        for name, header in documented.items():
            if header.required and name not in values:
                self._drift(("header-missing", header.name, ""), recording.at)
        for name, value in values.items():
            if name not in documented and not is_of_transport(name):
                self._drift(("header", name[:80], ""), recording.at, value)

    def _answered(self, recording: RecordedDelivery) -> None:
        if recording.answer is None:
            return
        status, elapsed_s = recording.answer.status, recording.answer.elapsed_s
        self.answers[status] += 1
        # A receiver that fails says nothing about the contract: only what acknowledges is documented or not.
        if 200 <= status <= 399 and self.statuses.isdisjoint({str(status), f"{status // 100}XX", "DEFAULT"}):
            self._drift(("answer", "", str(status)), recording.at)
        if elapsed_s is None:
            return
        self.times.add(elapsed_s)
        deadline_s = self.callback.delivery.deadline_s
        if deadline_s is not None and elapsed_s > deadline_s:
            self._drift(("deadline", "", f"{deadline_s:g}"), recording.at)

    def _lived(self, value: jp.Json, recording: RecordedDelivery) -> None:
        step, retry = self.lives.met(value, recording), self.callback.delivery.retry
        if step.unknown:
            self._drift(("order", self.callback.delivery.state or "", step.unknown), recording.at)
        if step.tries < 2:
            return
        if retry is None:
            self._drift(("retry", "", ""), recording.at)
            return
        if retry.max_tries and step.tries > retry.max_tries + 1:
            self._drift(("tries", "", str(retry.max_tries)), recording.at)
        wanted_s = retry.wait_s(step.tries - 2)
        if step.waited_s is not None and wanted_s:
            if step.waited_s < wanted_s * _EARLY:
                self._drift(("retry-early", "", f"{wanted_s:g}"), recording.at)
            elif step.waited_s > wanted_s * _LATE + _SLACK_S:
                self._drift(("retry-late", "", f"{wanted_s:g}"), recording.at)

    def close(self) -> None:
        """Count the objects in which new members could have been."""
        for pointer, member in self.new.items():
            member.parents = self.objects[pointer.rpartition("/")[0]]


def _matching(form: Callable[[str], object]) -> Callable[[str], bool]:
    return lambda text: form(text) is not None


def compact(value: jp.Json) -> str:
    """Return a value as JSON in one line."""
    return json.dumps(value, ensure_ascii=False)


def _meant(error: Any) -> Any | None:
    """Return the error of the alternative that a value was meant for: it has the fewest, and none of type."""
    branches = [branch for branch in getattr(error.kind, "context", ()) if branch]
    if not branches:
        return None
    if error.instance is None:
        return next((each for branch in branches for each in branch if each.kind.name == "type"), None)

    def distance(branch: list[Any]) -> tuple[bool, int]:
        here = [each.kind.name for each in branch if each.instance_path == error.instance_path]
        return "type" in here, len(branch)

    nearest = min(branches, key=distance)
    return nearest[0] if len(nearest) == 1 else None
