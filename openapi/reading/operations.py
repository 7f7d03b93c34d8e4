"""Operation converter: writes one callback in canonical form, with one media type, headers and responses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from callback_contract.openapi.bodies import FORM, is_fields
from callback_contract.openapi.contract.example_value import TEXTS, sample_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.callback_discovery import Found
from callback_contract.openapi.reading.field_bodies import checked_encoding
from callback_contract.openapi.reading.query_parameters import BY_QUERY, query_as_form
from callback_contract.openapi.reading.references import Fault, Faulty, Library, Place
from callback_contract.openapi.reading.schema_closure import Part, Schemas
from callback_contract.openapi.reading.schemas import NOT_DRAWN
from callback_contract.openapi.text.message import Text

__all__ = ["Written", "written"]

_TOKENS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:/[A-Za-z0-9!#$%&'*+.^_`|~-]+)?")  # RFC 9110 sections 5.6.2, 8.3.1
_NOT_PARAMETERS = {"accept", "content-type", "authorization"}  # OpenAPI: such parameters shall be ignored
_KEPT = {"summary": str, "description": str, "tags": list, "x-delivery": object}


class Written:
    """An operation in canonical form, and the components that it needs."""

    def __init__(self) -> None:
        self.operation: dict[str, Any] = {}
        self.components: dict[str, jp.Json] = {}
        self.notes: list[Fault] = []


def written(library: Library, schemas: Schemas, found: Found) -> Written:
    """Return one callback in canonical form.

    Raises:
        Faulty: The callback cannot be used; names the reason and the place.
    """
    made, operation = Written(), found.operation
    writer = _Writer(library, schemas, made)
    kept = {key: operation.value[key] for key in _KEPT if key in operation.value}
    kept = {key: value for key, value in kept.items() if isinstance(value, _KEPT[key])}
    for item in found.items:
        for key in ("summary", "description"):
            if isinstance(item.value.get(key), str):
                kept.setdefault(key, item.value[key])
    made.operation = {
        **kept,
        "operationId": found.name,
        "x-origin": f"{operation.file.path} ({operation.pointer})",
        **({"requestBody": writer.body(operation)} if "requestBody" in operation.value else writer.query(found)),
        "parameters": writer.headers(found),
    }
    if answers := writer.answers(operation):  # OpenAPI allows no empty object there
        made.operation["responses"] = answers
    reached = schemas.reached(writer.parts)
    made.components = {name: part.schema for name, part in reached.items()}
    for part in (*writer.parts, *reached.values()):
        made.notes += part.notes
    return made


class _Writer:
    def __init__(self, library: Library, schemas: Schemas, made: Written) -> None:
        self._library, self._schemas, self._made = library, schemas, made
        self.parts: list[Part] = []

    def _schema(self, place: Place) -> jp.Json:
        part = self._schemas.part(place)
        self.parts.append(part)
        return part.schema

    def _opened(self, place: Place, kind: str) -> Place:
        opened = self._library.followed(place)
        if not isinstance(opened.value, Mapping):
            raise Faulty(opened.fault(Text(f"fault.{kind}-no-object"), Text("error-contract.see-openapi")))
        return opened

    def body(self, operation: Place) -> dict[str, Any]:
        body = self._opened(operation.child("requestBody"), "request-body")
        types = dict(body.members("content"))
        chosen = min(types, key=_preference, default=None)
        if chosen is None:
            raise Faulty(body.fault(Text("fault.no-media-type"), Text("fault.describe-json")))
        if _preference(chosen) == _FOREIGN:
            what = Text("fault.media-types-not-sent", types=tuple(types))
            raise Faulty(body.fault(what, Text("fault.describe-json-or-fields")))
        made = self._content(self._opened(types[chosen], "media-type"), chosen)
        required = {"required": True} if body.value.get("required") is True else {}
        return {**required, "content": made}

    def _content(self, entry: Place, media_type: str) -> dict[str, Any]:
        examples = dict(self._examples(entry))
        schema: jp.Json = {}
        if "schema" in entry.value:
            schema = self._schema(entry.child("schema"))
            if not examples and isinstance(schema, Mapping):
                shown = self._library.followed(entry.child("schema")).value
                value = shown.get("example") if isinstance(shown, Mapping) else None
                examples = {"schema": {"summary": "The schema's example", "value": value}} if value is not None else {}
        elif not examples:
            raise Faulty(entry.fault(Text("fault.neither-schema-nor-example"), Text("fault.describe-schema")))
        else:
            schema = {NOT_DRAWN: "it has no schema"}
        made = {"schema": schema, "examples": examples}
        name = _without_parameters(media_type)
        if is_fields(name):
            made["encoding"] = checked_encoding(self._library, entry, name, self._made.notes)
        return {name: made}

    def query(self, found: Found) -> dict[str, Any]:
        """Return what a callback without a body carries in its URL, as a form that travels there."""
        operation = found.operation
        if found.method not in BY_QUERY:
            raise Faulty(operation.fault(Text("fault.no-request-body"), Text("fault.describe-request-body")))
        parameters = [place for place, _ in self._parameters(found)]
        if not any(place.value["in"] in {"query", "querystring"} for place in parameters):
            raise Faulty(operation.fault(Text("fault.neither-body-nor-query"), Text("fault.describe-body-or-query")))
        whole = next((place for place in parameters if place.value["in"] == "querystring"), None)
        if whole is None:
            content = {FORM: query_as_form(self._library, parameters, self._schema)}
        else:
            types = dict(whole.members("content"))
            if [*map(_without_parameters, types)] != [FORM]:
                what = Text("fault.media-types-not-sent", types=tuple(types))
                raise Faulty(whole.fault(what, Text("fault.describe-form")))
            content = self._content(self._opened(types.popitem()[1], "media-type"), FORM)
        return {"x-by-query": True, "requestBody": {"content": content}}

    def _parameters(self, found: Found) -> Iterator[tuple[Place, str]]:
        """Yield the parameters with their names; those of the operation precede the path item's."""
        for carrier in (found.operation, *found.items):
            given = carrier.value.get("parameters")
            for index in range(len(given)) if isinstance(given, list) else ():
                place = self._opened(carrier.child("parameters", index), "parameter")
                name = place.value.get("name")
                if not isinstance(name, str) or "in" not in place.value:
                    raise Faulty(place.fault(Text("fault.parameter-without-name"), Text("fault.add-name")))
                yield place, name

    def _examples(self, entry: Place) -> Iterator[tuple[str, dict[str, Any]]]:
        if "example" in entry.value:
            yield "example", self._example("example", entry.value["example"], entry.pointer + "/example")
        for name, place in entry.members("examples"):
            try:
                example = self._library.followed(place)
            except Faulty as faulty:
                self._made.notes.append(Fault(faulty.fault.file, faulty.fault.pointer, faulty.fault.what))
                continue
            shown = example.value if isinstance(example.value, Mapping) else {}
            if "externalValue" in shown and (file := self._external(example)) is not None:
                yield (
                    name,
                    self._example(str(shown.get("summary", name)), file.value, f"{example.pointer}/externalValue"),
                )
                continue
            key = next((key for key in ("value", "dataValue") if key in shown), None)
            if key is None:
                self._made.notes.append(place.fault(Text("fault.example-without-value", name=name)))
                continue
            made = self._example(str(shown.get("summary", name)), shown[key], f"{example.pointer}/{key}")
            yield name, made | ({"x-illustrative": True} if shown.get("x-illustrative") else {})

    def _external(self, example: Place) -> Place | None:
        try:
            return self._library.target(example, str(example.value["externalValue"]))
        except Faulty as faulty:
            self._made.notes.append(Fault(example.file, example.pointer, faulty.fault.what))
            return None

    def _example(self, summary: str, value: jp.Json, pointer: str) -> dict[str, Any]:
        return {"summary": summary, "value": value, "x-origin": pointer}

    def headers(self, found: Found) -> list[dict[str, Any]]:
        """Return the header parameters.

        Path parameters belong to the URL, and those of the query beside a body.
        """
        made: dict[str, dict[str, Any]] = {}
        elsewhere = {"path"} if "requestBody" in found.operation.value else {"path", "query", "querystring"}
        for place, name in self._parameters(found):
            if place.value["in"] != "header":
                if place.value.get("required") and place.value["in"] not in elsewhere:
                    what = Text("fault.parameter-not-sent", where=str(place.value["in"]), name=name)
                    self._made.notes.append(place.fault(what))
            elif not _TOKENS.fullmatch(name) or "/" in name:
                raise Faulty(place.fault(Text("fault.header-name"), Text("fault.mend-name")))
            elif name.lower() not in _NOT_PARAMETERS:
                made.setdefault(name.lower(), self._header(place, name))
        for header in _secured(self._library, found.operation):
            made.setdefault(header.lower(), {"name": header, "in": "header", "required": True, "schema": {}})
        return list(made.values())

    def _header(self, place: Place, name: str) -> dict[str, Any]:
        schema = self._schema(place.child("schema")) if "schema" in place.value else {}
        made: dict[str, Any] = {"name": name, "in": "header", "required": place.value.get("required") is True}
        made["schema"] = schema
        if isinstance(place.value.get("description"), str):
            made["description"] = place.value["description"]
        if place.value.get("x-signature") is True:
            made["x-signature"] = True
        value = _value_of(place, self._library)
        return made if value is None else {**made, "x-value": value}

    def answers(self, operation: Place) -> dict[str, Any]:
        """Return the documented responses that acknowledge a delivery; of a redirect its status alone."""
        made: dict[str, Any] = {}
        for status, place in operation.members("responses"):
            if not str(status).upper().startswith(("2", "3")) or len(str(status)) != 3:
                continue
            if str(status).startswith("3"):
                made[str(status).upper()] = {"description": ""}
                continue
            before = len(self.parts)
            try:
                answer = self._opened(place, "a response")
                content: dict[str, Any] = {}
                for media_type, raw in answer.members("content"):
                    entry = self._opened(raw, "a media type")
                    shown = dict(self._examples(entry))
                    schema = self._schema(entry.child("schema")) if "schema" in entry.value else {}
                    content[_without_parameters(media_type)] = {"schema": schema, "examples": shown}
                self._schemas.reached(self.parts[before:])
            except Faulty as faulty:
                # An unreadable response is ignored, so that no receiver is judged by it.
                del self.parts[before:]
                self._made.notes.append(faulty.fault)
                made[str(status)] = {"description": "", "x-unread": True}
                continue
            said = answer.value.get("description")
            made[str(status).upper()] = {
                "description": said if isinstance(said, str) else "",
                **({"content": content} if content else {}),
            }
        return made


_FOREIGN = 9


def _preference(media_type: str) -> int:
    name = _without_parameters(media_type)
    if not _TOKENS.fullmatch(name):
        return _FOREIGN
    if name == "application/json":
        return 0 if name == media_type else 1
    if name.endswith("+json"):
        return 2
    if name in {"*/*", "application/*"}:
        return 3
    return 4 if is_fields(name) else _FOREIGN


def _without_parameters(media_type: str) -> str:
    name = media_type.partition(";")[0].strip().lower()
    return "application/json" if name in {"*/*", "application/*"} else name


def _value_of(place: Place, library: Library) -> str | None:
    """Return the value of a header that its description shows."""
    values: list[jp.Json] = [place.value["example"]] if "example" in place.value else []
    for _, example in place.members("examples"):
        shown = library.followed(example).value
        values += [shown["value"]] if isinstance(shown, Mapping) and "value" in shown else []
    schema = library.followed(place.child("schema")).value if "schema" in place.value else {}
    if isinstance(schema, Mapping):
        values += [schema[key] for key in ("const", "default", "example") if key in schema]
        values += [*(schema.get("examples") or ()), *(schema.get("enum") or ())]
    for value in values:
        if isinstance(value, bool):
            return json.dumps(value)
        if isinstance(value, (str, int, float)) and str(value).isprintable() and str(value).isascii():
            return str(value)
    return _made_up(schema) if isinstance(schema, Mapping) else None


def _made_up(schema: Mapping[str, jp.Json]) -> str | None:
    """Return a value of a header that any receiver takes by its type or format; free texts have a meaning."""
    numbers = {"integer", "number", "boolean"}
    plain = {key: value for key, value in schema.items() if key != "$ref"}
    if schema.get("type") not in numbers and (schema.get("format") not in TEXTS or "pattern" in schema):
        return None
    try:
        made = sample_of(plain)
    except (ValueError, TypeError, LookupError):  # a schema with a flaw is said elsewhere
        return None
    return None if made is None else made.value if isinstance(made.value, str) else json.dumps(made.value)


def _secured(library: Library, operation: Place) -> Iterator[str]:
    """Yield the headers that the callback's own security requires.

    The security of the whole document concerns its API.
    """
    wanted = operation.value.get("security")
    if not isinstance(wanted, list) or not wanted or {} in wanted or not isinstance(wanted[0], Mapping):
        return
    for name in wanted[0]:
        try:
            place = Place(library.root, operation.pointer, {"$ref": f"#/components/securitySchemes/{name}"})
            scheme = library.followed(place).value
        except Faulty:
            continue
        kind = scheme.get("type") if isinstance(scheme, Mapping) else None
        if kind in {"http", "oauth2", "openIdConnect"}:
            yield "Authorization"
        elif kind == "apiKey" and scheme.get("in") == "header" and _TOKENS.fullmatch(str(scheme.get("name"))):
            yield str(scheme["name"])
