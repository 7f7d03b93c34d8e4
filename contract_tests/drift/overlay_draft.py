"""Overlay draft: an OpenAPI Overlay that makes a contract true of the traffic that was seen, for a person to review."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callback_contract.contract_tests.drift.report import CallbackDrift, Drift, Report, moment
from callback_contract.contract_tests.drift.shape import Part, Place, shape_of
from callback_contract.contract_tests.drift.tally import NewMember
from callback_contract.openapi.comparing.operations.callback_pairs import place_of
from callback_contract.openapi.contract.model import Callback
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Draft", "draft_overlay"]

_OBSERVED = "observed"
_REMOVABLE = frozenset(
    """pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems
    uniqueItems minProperties maxProperties contentEncoding contentMediaType""".split()
)
"""Keywords that a contract loses where traffic breaks them; others join schemas, and a person has to mend these."""


@dataclass
class Draft:
    """The actions of an overlay, and the drifts that a person has to look at.

    Attributes:
        left: Drifts that no action makes true: what a schema cannot say, or a place in another file.
    """

    actions: list[dict[str, Any]] = field(default_factory=list)
    left: list[Drift] = field(default_factory=list)

    def overlay(self, report: Report) -> dict[str, Any]:
        """Return the overlay as JSON has it."""
        return {
            "overlay": "1.0.0",
            "info": {"title": f"Observed in traffic of {report.contract.title}", "version": report.contract.version},
            "actions": self.actions,
        }


def draft_overlay(report: Report, document: jp.Json) -> Draft:
    """Return the draft for a document as somebody wrote it, earlier overlays applied."""
    draft = Draft()
    for callback in report.callbacks:
        _Drafting(document, callback, draft).run()
    return draft


class _Drafting:
    def __init__(self, document: jp.Json, seen: CallbackDrift, draft: Draft) -> None:
        self._document, self._seen, self._draft = document, seen, draft
        self._is_3_0 = str(document.get("openapi", "")).startswith("3.0")
        self._operation = place_of(seen.traffic.callback)
        self._lost: dict[str, set[str]] = {}  # names that each list of required members loses
        self._gained: dict[tuple[str, str], set[str]] = {}  # what each list gained in an earlier action

    def run(self) -> None:
        try:
            shape = shape_of(self._document, _body_of(self._document, self._operation, self._seen.traffic.callback))
        except LookupError:  # the operation stands in another file
            self._draft.left += self._seen.drifts
            return
        for drift in self._seen.drifts:
            actions = list(self._actions(drift, shape))
            if not actions:
                self._draft.left.append(drift)
            self._draft.actions += [action for action in actions if action not in self._draft.actions]

    def _actions(self, drift: Drift, shape: Place) -> Iterator[dict[str, Any]]:
        if drift.kind == "new-member":
            yield from self._member(drift, shape)
        elif drift.kind == "missing":
            yield from self._optional(drift, shape)
        elif drift.kind == "value":
            yield from self._value(drift, shape)
        elif drift.kind in {"type", "null"}:
            yield from self._type(drift, shape)
        elif drift.kind == "format":
            yield from self._without(drift, shape, "format")
        elif drift.kind == "constraint" and drift.detail in _REMOVABLE:
            yield from self._without(drift, shape, drift.detail)
        elif drift.kind in {"header", "header-missing"}:
            yield from self._header(drift)
        elif drift.kind == "answer":
            told = {"description": _said(drift), "x-provenance": {"description": _OBSERVED}}
            yield self._update(f"{self._operation}/responses", {drift.detail: told})

    def _member(self, drift: Drift, shape: Place) -> Iterator[dict[str, Any]]:
        parent, _, _ = drift.place.rpartition("/")
        place, name = shape.at(parent), jp.tokens(drift.place)[-1]
        parts = _surest(part for part in place.parts if "properties" in part.schema) if place else ()
        if not parts:
            return
        member = self._seen.traffic.new[drift.place]
        schema = self._schema(member) | {"description": _said(drift), "x-provenance": _OBSERVED}
        update: dict[str, Any] = {"properties": {name: schema | {"x-observed": _counts(drift)}}}
        if drift.always:
            update["required"] = [name]
        yield self._update(parts[0].pointer, update)

    def _schema(self, member: NewMember) -> dict[str, Any]:
        return _for_3_0(member.schema) if self._is_3_0 else member.schema

    def _optional(self, drift: Drift, shape: Place) -> Iterator[dict[str, Any]]:
        parent, _, _ = drift.place.rpartition("/")
        place, name = shape.at(parent), jp.tokens(drift.place)[-1]
        for part in place.parts if place else ():
            if name not in (required := part.schema.get("required", ())):
                continue
            lost = self._lost.setdefault(part.pointer, set())
            lost.add(name)
            last = lost >= set(required) and self._is_3_0  # there no list may be empty
            where = self._path(f"{part.pointer}/required")
            yield {"target": where if last else f"{where}[?@ == {_quoted(name)}]", "remove": True}
            yield self._update(part.pointer, {"x-observed": {"required": {name: _counts(drift)}}})

    def _value(self, drift: Drift, shape: Place) -> Iterator[dict[str, Any]]:
        place = shape.at(drift.place)
        for part in _surest(part for part in place.parts if {"enum", "const"} & part.schema.keys()) if place else ():
            if not drift.detail:
                yield from (self._remove(part, key) for key in ("enum", "const") if key in part.schema)
                continue
            value, listed = _value_of(drift.detail), list(part.schema.get("enum", ()))
            if "const" in part.schema and not self._is_gained(part, "enum"):
                yield self._remove(part, "const")
                listed, before = [], [part.schema["const"]]
            else:
                before = []
            if value in listed:
                continue
            self._gain(part, "enum", drift.detail)
            told = {"x-provenance": {"enum": _OBSERVED}, "x-observed": {"enum": {drift.detail: _counts(drift)}}}
            yield self._update(part.pointer, {"enum": [*before, value], **told})

    def _type(self, drift: Drift, shape: Place) -> Iterator[dict[str, Any]]:
        wanted, place = drift.detail or "null", shape.at(drift.place)
        for part in _surest(part for part in place.parts if "type" in part.schema) if place else ():
            told = {"x-observed": {"type": {wanted: _counts(drift)}}}
            if self._is_3_0:
                yield self._update(part.pointer, told | ({"nullable": True} if wanted == "null" else {}))
                if wanted != "null":
                    yield self._remove(part, "type")
                continue
            types = part.schema["type"]
            # A list is appended to, and a single type replaced by a list, once.
            is_list = isinstance(types, list) or self._is_gained(part, "type")
            self._gain(part, "type", wanted)
            yield self._update(part.pointer, {"type": [wanted] if is_list else [types, wanted], **told})
            if wanted == "null" and "enum" in part.schema and None not in part.schema["enum"]:
                yield self._update(part.pointer, {"enum": [None]})

    def _without(self, drift: Drift, shape: Place, keyword: str) -> Iterator[dict[str, Any]]:
        place = shape.at(drift.place)
        for part in place.parts if place else ():
            if keyword in part.schema:
                yield self._remove(part, keyword)
                marks = part.schema.get("x-provenance")
                if isinstance(marks, Mapping) and keyword in marks:
                    yield {"target": self._path(part.pointer + jp.join(["x-provenance", keyword])), "remove": True}
                yield self._update(part.pointer, {"x-observed": {f"without-{keyword}": _counts(drift)}})

    def _header(self, drift: Drift) -> Iterator[dict[str, Any]]:
        operation = jp.get(self._document, self._operation)
        listed = operation.get("parameters", ())
        if drift.kind == "header-missing":
            for index, parameter in enumerate(listed):
                if str(parameter.get("name", "")).lower() == drift.place.lower() and parameter.get("in") == "header":
                    where = f"{self._operation}/parameters/{index}"
                    yield self._update(where, {"required": False, "x-observed": _counts(drift)})
            return
        made = {
            "name": drift.place,
            "in": "header",
            "required": drift.always,
            "description": _said(drift),
            "x-provenance": {"description": _OBSERVED},
            "schema": {"type": "string"},
        }
        if "parameters" in operation or self._is_gained_at(self._operation, "parameters"):
            yield self._update(f"{self._operation}/parameters", made)
        else:
            self._gained.setdefault((self._operation, "parameters"), set()).add(drift.place)
            yield self._update(self._operation, {"parameters": [made]})

    def _gain(self, part: Part, key: str, what: str) -> None:
        self._gained.setdefault((part.pointer, key), set()).add(what)

    def _is_gained(self, part: Part, key: str) -> bool:
        return self._is_gained_at(part.pointer, key)

    def _is_gained_at(self, pointer: str, key: str) -> bool:
        return (pointer, key) in self._gained

    def _update(self, pointer: str, update: dict[str, Any]) -> dict[str, Any]:
        return {"target": self._path(pointer), "update": update}

    def _remove(self, part: Part, keyword: str) -> dict[str, Any]:
        return {"target": self._path(part.pointer + jp.join([keyword])), "remove": True}

    def _path(self, pointer: str) -> str:
        """Return the JSONPath of a place in the document (RFC 9535, section 2.7)."""
        value, path = self._document, "$"
        for token in jp.tokens(pointer):
            if isinstance(value, list):
                path, value = f"{path}[{int(token)}]", value[int(token)]
            else:
                path += f"[{_quoted(token)}]"
                value = value.get(token) if isinstance(value, Mapping) else None
        return path


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(f"\\u{ord(sign):04x}" if ord(sign) < 0x20 else sign for sign in escaped) + "'"


def _surest(parts: Iterator[Part]) -> Sequence[Part]:
    """Return the schemas that hold for every value; where there are none, the first alternative."""
    found = list(parts)
    return [part for part in found if part.certain] or found[:1]


def _value_of(detail: str) -> jp.Json:
    return json.loads(detail)


def _counts(drift: Drift) -> dict[str, Any]:
    told: dict[str, Any] = {"count": drift.count, "of": drift.of}
    for name, at in (("first", drift.moments.first), ("last", drift.moments.last)):
        if at is not None:
            told[name] = moment(at)
    return told


def _said(drift: Drift) -> str:
    return f"Observed in traffic, {drift.count} of {drift.of} times; not documented."


def _for_3_0(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema as OpenAPI 3.0 has it: one type at most, and null by a keyword of its own."""
    made = {key: value for key, value in schema.items() if key != "type"}
    types = schema.get("type", [])
    kinds = [kind for kind in ([types] if isinstance(types, str) else types) if kind != "null"]
    if len(kinds) == 1:
        made = {"type": kinds[0], **made}
        made |= {"nullable": True} if "null" in types and types != kinds[0] else {}
    if "properties" in made:
        made["properties"] = {name: _for_3_0(each) for name, each in made["properties"].items()}
    if "items" in made:
        made["items"] = _for_3_0(made["items"])
    elif made.get("type") == "array":
        made["items"] = {}
    return made


def _body_of(document: jp.Json, operation: str, callback: Callback) -> str:
    """Return the pointer of the schema of a callback's body.

    Raises:
        LookupError: It is not in this document.
    """
    pointer = f"{operation}/requestBody"
    body = jp.get(document, pointer)
    if isinstance(body, Mapping) and isinstance(reference := body.get("$ref"), str):
        pointer = reference.removeprefix("#")
        body = jp.get(document, pointer)
    for media_type in body["content"]:
        if media_type.partition(";")[0].strip().lower() == callback.media_type.lower():
            return pointer + jp.join(["content", media_type, "schema"])
    raise LookupError(callback.media_type)
