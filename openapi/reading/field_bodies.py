"""Field bodies of foreign documents: checks the `encoding` of forms and multipart bodies, and their examples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from callback_contract.openapi.bodies import FORM, Undecodable, Unencodable, from_texts, read_fields, to_texts
from callback_contract.openapi.contract.model import Callback, Example
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.reading.references import Fault, Faulty, Library, Place
from callback_contract.openapi.text.message import Text

__all__ = ["checked_encoding", "refuse_style", "travelled"]

_STYLES = {"form", "spaceDelimited", "pipeDelimited", "deepObject"}
_UNDERSTOOD = ("style", "explode", "contentType")


def checked_encoding(library: Library, entry: Place, media_type: str, notes: list[Fault]) -> dict[str, Any]:
    """Return the `encoding` of a media type, as far as it affects the wire format.

    Raises:
        Faulty: A member has an encoding that the kit does not support.
    """
    made: dict[str, Any] = {}
    shapes = _properties(library, entry)
    for name, place in entry.members("encoding"):
        told = place.value
        if not isinstance(told, Mapping):
            raise Faulty(place.fault(Text("fault.encoding-no-object"), Text("error-contract.see-openapi")))
        made[name] = {key: told[key] for key in _UNDERSTOOD if key in told}
        shape = shapes.get(name, {})
        if media_type == FORM and "style" in told:
            refuse_style(place, told["style"], shape)
        elif media_type == FORM and ("explode" in told or "allowReserved" in told):
            made[name].setdefault("style", "form")
        _refuse_media_type(place, str(told.get("contentType", "")), shape)
        if told.get("headers"):
            notes.append(place.fault(Text("fault.part-headers-not-sent")))
    return made


def _properties(library: Library, entry: Place) -> Mapping[str, Mapping[str, jp.Json]]:
    if "schema" not in entry.value:
        return {}
    found = {}
    for name, place in library.followed(entry.child("schema")).members("properties"):
        shape = library.followed(place).value
        found[name] = shape if isinstance(shape, Mapping) else {}
    return found


def refuse_style(place: Place, style: jp.Json, shape: Mapping[str, jp.Json]) -> None:
    """Raise Faulty for a `style` that the kit does not write."""
    if style not in _STYLES:
        raise Faulty(place.fault(Text("fault.style", style=repr(style)), Text("fault.use-form")))
    if "object" in (shape.get("type") or ()) and style != "deepObject":
        raise Faulty(place.fault(Text("fault.object-in-form", style=repr(style)), Text("fault.use-deep-object")))


def _refuse_media_type(place: Place, told: str, shape: Mapping[str, jp.Json]) -> None:
    names = [name.partition(";")[0].strip().lower() for name in told.split(",") if name.strip()]
    known = ("text/", "application/json")
    if not names or names[0].startswith(known) or names[0].endswith("+json"):
        return
    # The kit generates no such content: only examples of the contract are sent.
    if shape.get("format") in {"binary", "byte", "base64"} or "contentMediaType" in shape:
        return
    raise Faulty(place.fault(Text("fault.field-content", content=names[0]), Text("fault.describe-field")))


def travelled(callback: Callback, example: Example) -> Example:
    """Return an example as its receiver reads it.

    A form has only texts, and its example may be a whole encoded body.
    """
    value = example.value
    try:
        if not isinstance(value, str):
            pairs = [(name, text) for _, name, text in to_texts(value, callback.fields)]
        elif callback.media_type == FORM:
            pairs = read_fields(FORM, value.strip().encode(), FORM)
        else:
            return replace(example, flaw="written out as text, and the parts of such an example are not read")
    except (Undecodable, Unencodable, UnicodeEncodeError) as error:
        return replace(example, flaw=str(error))
    return replace(example, value=from_texts(pairs, callback.fields, json.loads))
