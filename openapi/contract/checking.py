"""Contract checks: unknown keywords, unresolved references, malformed schemas and misplaced `x-signature`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from callback_contract.openapi.contract.derivation import METHODS
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.text.message import Text
from callback_contract.openapi.text.suggest import did_you_mean, nearest

__all__ = ["SCHEMA_KEYWORDS", "Flaw", "document_flaws"]

SCHEMA_KEYWORDS = frozenset(
    """$ref $defs $id $anchor $comment $schema $dynamicRef $dynamicAnchor type enum const multipleOf maximum
    exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains
    minContains maxProperties minProperties required dependentRequired allOf anyOf oneOf not if then else
    dependentSchemas prefixItems items contains properties patternProperties additionalProperties propertyNames
    unevaluatedItems unevaluatedProperties format contentEncoding contentMediaType contentSchema title description
    default deprecated readOnly writeOnly examples example discriminator xml externalDocs""".split()
)
_OBJECT_KEYWORDS = {
    "operation": frozenset(
        """tags summary description externalDocs operationId parameters requestBody responses callbacks deprecated
        security servers""".split()
    ),
    "path item": frozenset("$ref summary description servers parameters".split()) | frozenset(METHODS),
    "media type": frozenset("schema example examples encoding".split()),
    "parameter": frozenset(
        """$ref name in description required deprecated allowEmptyValue schema example examples style explode
        allowReserved content""".split()
    ),
    "document": frozenset(
        "openapi info jsonSchemaDialect servers paths webhooks components security tags externalDocs".split()
    ),
}


@dataclass(frozen=True)
class Flaw:
    """A mistake in the document: its pointer, a description and a remedy."""

    pointer: str
    what: str
    remedy: str


def document_flaws(document: Mapping[str, jp.Json]) -> Iterator[Flaw]:
    """Yield the flaws for which a loader rejects the document.

    Each of them would make a verdict unsound.
    """
    yield from _unknown_keys(document, "document", "")
    yield from _dead_references(document, document, ())
    for name, item in document.get("webhooks", {}).items():
        where = jp.join(["webhooks", name])
        if not isinstance(item, Mapping):
            yield Flaw(where, Text("error-contract.callback-no-object"), Text("error-contract.write-path-item"))
            continue
        yield from _unknown_keys(item, "path item", where)
        for method, operation in item.items():
            if method in METHODS and isinstance(operation, Mapping):
                yield from _operation_flaws(operation, f"{where}/{method}")
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield from _schema_flaws(schema, jp.join(["components", "schemas", name]))


def _operation_flaws(operation: Mapping[str, jp.Json], where: str) -> Iterator[Flaw]:
    yield from _unknown_keys(operation, "operation", where)
    for index, parameter in enumerate(operation.get("parameters", ())):
        yield from _unknown_keys(parameter, "parameter", f"{where}/parameters/{index}")
        yield from _schema_flaws(parameter.get("schema", {}), f"{where}/parameters/{index}/schema")
        yield from _signature_flaws(parameter, f"{where}/parameters/{index}/x-signature")
    bodies = [(f"{where}/requestBody", operation.get("requestBody", {}))]
    bodies += [
        (jp.join([*jp.tokens(where), "responses", status]), answer)
        for status, answer in operation.get("responses", {}).items()
    ]
    for place, body in bodies:
        for media_type, entry in body.get("content", {}).items():
            inside = place + jp.join(["content", media_type])
            yield from _unknown_keys(entry, "media type", inside)
            yield from _schema_flaws(entry.get("schema", {}), f"{inside}/schema")


def _signature_flaws(parameter: Mapping[str, jp.Json], where: str) -> Iterator[Flaw]:
    if not isinstance(parameter.get("x-signature", False), bool):
        yield Flaw(where, Text("error-contract.x-signature-no-boolean"), Text("error-contract.write-x-signature"))
    elif "x-signature" in parameter and parameter.get("in") != "header":
        yield Flaw(where, Text("error-contract.x-signature-no-header"), Text("error-contract.remove-x-signature"))


def _schema_flaws(schema: jp.Json, where: str) -> Iterator[Flaw]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield Flaw(where, Text("error-contract.no-schema"), Text("error-contract.write-schema"))
        return
    yield from _unknown_keys(schema, "schema", where, SCHEMA_KEYWORDS)
    for key in ("properties", "patternProperties", "$defs", "dependentSchemas"):
        for name, child in schema.get(key, {}).items():
            yield from _schema_flaws(child, where + jp.join([key, name]))
    for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
        for index, child in enumerate(schema.get(key, ())):
            yield from _schema_flaws(child, f"{where}/{key}/{index}")
    for key in ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"):
        if key in schema:
            yield from _schema_flaws(schema[key], f"{where}/{key}")


def _unknown_keys(
    value: Mapping[str, jp.Json], kind: str, where: str, known: frozenset[str] | None = None
) -> Iterator[Flaw]:
    known = known or _OBJECT_KEYWORDS[kind]
    for key in value:
        if key in known or key.startswith("x-"):
            continue
        remedy = did_you_mean(nearest(key, known)) or Text("error-contract.remove-or-x")
        what = Text(
            "error-contract.unknown-keyword", key=key, kind=Text(f"error-contract.kind-{kind.replace(' ', '-')}")
        )
        yield Flaw(where + jp.join([key]), what, remedy)


def _dead_references(root: Mapping[str, jp.Json], value: jp.Json, path: tuple[str | int, ...]) -> Iterator[Flaw]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _dead_references(root, item, (*path, index))
    elif isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and path[-1:] != ("properties",):
            where = jp.join([*path, "$ref"])
            if not reference.startswith("#"):
                what = Text("error-contract.reference-leaves", reference=reference)
                yield Flaw(where, what, Text("error-contract.bring-in"))
            else:
                try:
                    jp.get(root, reference[1:])
                except (LookupError, ValueError):
                    what = Text("error-contract.reference-to-nothing", reference=reference)
                    yield Flaw(where, what, Text("error-contract.mend-pointer"))
        for key, item in value.items():
            if key not in {"example", "examples", "default", "const", "enum"}:
                yield from _dead_references(root, item, (*path, key))
