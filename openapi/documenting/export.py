"""Contract export: writes a contract as OpenAPI, as OpenAPI with `paths`, or as JSON Schema per callback."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import yaml

from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.printable import exact_json, respelled, speaks

__all__ = ["MADE_BY", "as_json", "as_openapi", "as_paths", "as_schema", "as_yaml"]

MADE_BY = "Made by callback-contract export"
"""Mark near the beginning of each exported file; such a file may be replaced."""

_MARKS = frozenset(["x-origin", "x-unknown-as", "x-not-drawn", "x-beyond-reason", "x-unsaid", "x-unread"])
_DATA = frozenset(["value", "example", "default", "const", "enum", "x-delivery"])
_NAMED = frozenset(["webhooks", "paths", "content", "responses", "schemas", "examples", *derive.SUBSCHEMA_MAPS])


def as_openapi(contract: Contract) -> dict[str, Any]:
    """Return the contract as one document, with its overlays applied."""
    return _marked(contract, _with_parameters(contract.document))


def as_paths(contract: Contract) -> dict[str, Any]:
    """Return the contract with each callback as a path, for tools without webhooks.

    The paths are not the URLs of receivers; the description in the document has this note.
    """
    document = derive.lifted(_with_parameters(contract.document))
    info = document["info"]
    note = "Each path stands for a callback; the partner chooses the URL at which it is received."
    described = f"{info['description'].rstrip()}\n\n{note}\n" if info.get("description") else note
    return _marked(contract, {**document, "info": {**info, "description": described}})


def _with_parameters(document: Mapping[str, jp.Json]) -> dict[str, Any]:
    """Return the document with the members of callbacks without a body as OpenAPI has them: parameters of the query."""
    webhooks = {
        name: {method: _as_parameters(told) for method, told in item.items()}
        for name, item in document["webhooks"].items()
    }
    return {**document, "webhooks": webhooks}


def _as_parameters(operation: jp.Json) -> jp.Json:
    if not isinstance(operation, Mapping) or "x-by-query" not in operation:
        return operation
    rest = {key: value for key, value in operation.items() if key not in {"x-by-query", "requestBody"}}
    (entry,) = operation["requestBody"]["content"].values()
    schema, encoding = entry["schema"], entry.get("encoding", {})
    if set(schema) - {"type", "properties", "required"}:  # a whole query string, which only a later OpenAPI describes
        return operation
    parameters = []
    for name, shape in schema["properties"].items():
        told = dict(encoding.get(name, {}))
        media_type = told.pop("contentType", "")
        described = {"content": {media_type: {"schema": shape}}} if media_type else {**told, "schema": shape}
        parameters.append({"name": name, "in": "query", "required": name in schema.get("required", ()), **described})
    return {**rest, "parameters": [*parameters, *operation.get("parameters", ())]}


def _marked(contract: Contract, document: Mapping[str, jp.Json]) -> dict[str, Any]:
    # `openapi` stays first, as is usual; extensions are allowed at the root (OpenAPI 3.1, section 4.9).
    rest = {key: _unmarked(value) for key, value in document.items() if key != "openapi"}
    mark = f"{MADE_BY} from {contract.title} {contract.version}, SHA-256 {contract.digest}"
    return {"openapi": document["openapi"], "x-made-by": mark, **rest}


def _unmarked(value: jp.Json, is_named: bool = False) -> jp.Json:
    """Return a value without the `x-` notes that the reader of foreign documents adds.

    Args:
        is_named: Whether the keys are names and not keywords.
    """
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: item
        if not is_named and (key in _DATA or (key == "examples" and isinstance(item, list)))
        else _unmarked(item, not is_named and key in _NAMED)
        for key, item in value.items()
        if is_named or key not in _MARKS
    }


def as_schema(contract: Contract, callback: Callback, *, tolerant: bool = False) -> dict[str, Any]:
    """Return the self-contained JSON Schema 2020-12 of one callback's body.

    Extensions of OpenAPI are left out, since strict validators reject them, and `format`, which they enforce
    or do not know: an inferred fact must not reject a body.

    Args:
        tolerant: Whether closed lists and closed objects are opened, as a receiver should read them.
    """
    form = "tolerant" if tolerant else "strict"
    meaning = (
        "Takes what next year's provider may send: unknown members and unknown values of closed lists."
        if tolerant
        else "Takes exactly what the contract says today."
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:callback-contract:{quote(contract.version, safe='')}:{quote(callback.name, safe='')}:{form}",
        "$comment": f"{MADE_BY} from {contract.title} {contract.version}. {meaning}",
        "title": callback.name,
        **derive.without_extensions(callback.tolerant if tolerant else callback.strict),
    }


def as_json(value: jp.Json) -> str:
    """Return indented JSON; characters outside of ASCII stay."""
    return exact_json(value, indent=2) + "\n"


class _Dumper(yaml.SafeDumper):
    """YAML dumper that quotes texts which YAML 1.1 or 1.2 would read as numbers."""

    def ignore_aliases(self, data: object) -> bool:
        return True  # many readers of OpenAPI do not support anchors, which save only a few lines

    def choose_scalar_style(self) -> str:
        """Quote what a CI runner would execute, and invisible characters.

        They can be escaped only within quotes.
        """
        value = getattr(self.event, "value", "")
        return '"' if _is_quoted(value) else super().choose_scalar_style()

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Write what `choose_scalar_style` quoted on one line, and escapes it."""
        if not _is_quoted(text):
            return super().write_double_quoted(text, split)
        stream, self.stream = self.stream, io.StringIO()
        super().write_double_quoted(text, split=False)
        written = "".join(c if c.isprintable() else _escaped(c) for c in self.stream.getvalue())
        stream.write(respelled(written, _escaped))
        self.stream = stream


def _is_quoted(text: str) -> bool:
    return speaks(text) or not all(c.isprintable() or c in "\n\t" for c in text)


def _escaped(sign: str) -> str:
    return f"\\U{ord(sign):08x}"


# PyYAML knows the numbers of YAML 1.1 only and would write the text 1e3 bare; in YAML 1.2 it is a number.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_.]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$|^0[xob][0-9A-Fa-f_]+$"),
    list("-+.0123456789"),
)


def as_yaml(value: jp.Json) -> str:
    """Block style YAML in the order of the document."""
    dumped: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return dumped
