"""Contract linter: validates a contract and its examples, and reports missing texts, provenance and versions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from callback_contract.openapi.comparing.operations.operation_parts import Operation, operation_of
from callback_contract.openapi.comparing.schemas.schema_nodes import Located, Readers, children
from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.checking import Flaw, document_flaws
from callback_contract.openapi.contract.extent import IN_PLACE, MOST_PARTS, MOST_QUESTIONS, Extents
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.contract.patterns import unenforced, validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.linting.remark import LEVELS, PLAIN, Manner, Remark
from callback_contract.openapi.linting.versions import compared_version
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text, details_of

__all__ = ["lint_contract"]

PROVENANCES = ("doc", "example", "inferred", "house", "observed")


def lint_contract(path: Path, against: Path | None = None, manner: Manner = PLAIN) -> tuple[Remark, ...]:
    """Return the remarks on a contract, errors first.

    Args:
        against: The previous version, to judge how far `info.version` was raised.

    Raises:
        KitError: A file cannot be read at all, the older one is no contract, or the two share no callback.
    """
    file = read_yaml(path, error=ContractError)
    if not isinstance(file.value, Mapping):
        load_contract(path)  # reports what is wrong with it
    for overlay in manner.overlays:
        file = replace(file, value=apply_overlay(file.value, load_overlay(overlay)))
    is_other = not str(file.value.get("openapi", "")).startswith("3.")
    # What is no OpenAPI 3 at all breaks every line of its schema, and saying so once is clearer.
    remarks, is_sound = ([], False) if is_other else _validated(file)
    if is_other or manner.paths or _is_foreign(file.value, is_sound=is_sound):
        remarks += _foreign(path, against, manner)
    elif is_sound:
        found = [_of_flaw(flaw) for flaw in document_flaws(file.value)]
        if not found:
            contract = _strictly(path, manner.overlays)
            if isinstance(contract, Contract):
                found = list(_looked_through(contract, against))
            elif _has_another_form(contract, file):
                found = list(_foreign(path, against, manner))
            else:
                found = [Remark("error", contract.pointer, contract.what, contract.remedy, contract.where)]
        # An error that the validator cannot place (a wrong default) was found again with its place, unless it is
        # unused.
        remarks = found if any(remark.level == "error" for remark in found) else [*remarks, *found]
    placed = [replace(remark, place=remark.place or file.place(remark.where)) for remark in dict.fromkeys(remarks)]
    return tuple(sorted(placed, key=lambda remark: LEVELS.index(remark.level)))


def _of_flaw(flaw: Flaw) -> Remark:
    """Return the remark on a flaw; the kit alone refuses unknown keywords of a schema, and knows `x-signature`."""
    key = flaw.what.key if isinstance(flaw.what, Text) else ""
    of_schema = key == "error-contract.unknown-keyword" and flaw.what.arguments["kind"] == Text(  # type: ignore[attr-defined]
        "error-contract.kind-schema"
    )
    own = of_schema or key.startswith("error-contract.x-signature") or key == "error-contract.reference-leaves"
    return Remark("error", flaw.pointer, flaw.what, flaw.remedy, basis="advice" if own else "rule")


def _strictly(path: Path, overlays: Sequence[str]) -> Contract | ContractError:
    try:
        return load_contract(path, overlays)
    except ContractError as error:
        return error


def _has_another_form(error: ContractError, file: YamlFile) -> bool:
    """Return whether a document breaks the form of the kit's own contract, and no rule of OpenAPI.

    A document that states facts of delivery is meant to have that form.
    """
    key = error.what.key if isinstance(error.what, Text) else ""
    return key in {"error-contract.wrong-shape", "error-contract.media-types"} and '"x-delivery"' not in json.dumps(
        file.value
    )


def _is_foreign(document: Mapping[str, jp.Json], *, is_sound: bool) -> bool:
    """Return whether a document has another form than the kit's own contract.

    It is of 3.0 or 3.2, or has callbacks elsewhere than under `webhooks`.
    """
    if str(document.get("openapi", "")).startswith(("3.0", "3.2")) or not document.get("webhooks"):
        return True
    from callback_contract.openapi.reading.callback_discovery import stand_elsewhere

    return is_sound and stand_elsewhere(document)


def _foreign(path: Path, against: Path | None, manner: Manner) -> Iterator[Remark]:
    """Yield remarks on a foreign document: what is set aside, notes of the reader, and the version."""
    from callback_contract.openapi.reading import read_contract

    how: dict[str, Any] = {"paths": manner.paths, "remote": manner.remote, "below": manner.below}
    try:
        contract = read_contract(path, manner.overlays, **how)
    except ContractError as error:
        yield Remark("error", "", error.what, error.remedy, error.where)
        return
    for name, reason in contract.set_aside:
        place, why = details_of(reason)
        what = Text("lint.set-aside", name=name, why=why)
        yield Remark("error", "", what, Text("lint.others-are-used"), place)
    for note in contract.notes:
        level = "error" if isinstance(note, Text) and note.key == "note.example-breaks" else "note"
        yield Remark(level, "", note, Text("lint.read-without"), str(path))
    if against is not None:
        yield from compared_version(read_contract(against, **how), contract)


def _validated(file: YamlFile) -> tuple[list[Remark], bool]:
    """Return the violations of OpenAPI's own schema.

    The second value is whether the document has the right shape for further checks.
    """
    if name := _endless(file.value):
        where, many = jp.join(["components", "schemas", name]), Text("lint.many-parts", most=MOST_PARTS)
        return [Remark("note", where, many, Text("lint.fewer-schemas"))], True
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
    from referencing.exceptions import Unresolvable

    old = str(file.value.get("openapi", "")).startswith("3.0")
    remarks, is_sound = [], True
    try:
        for error in (OpenAPIV30SpecValidator if old else OpenAPIV31SpecValidator)(file.value).iter_errors():
            what: str = str(error.message).partition("\n")[0][:200]
            where = jp.join(error.absolute_path)
            is_sound = is_sound and not where and error.instance != file.value
            try:
                jp.get(file.value, where)
            except LookupError:  # the validator counts from the schema and does not name it
                what, where = Text("lint.in-some-schema", place=where, what=what), ""
            remarks.append(Remark("error", where, what, Text("error-contract.see-openapi"), basis="rule"))
    except Unresolvable:
        pass  # a dangling reference, whose place `document_flaws` reports
    except RecursionError:
        endless = Remark("error", "", Text("lint.endless-references"), Text("lint.lead-to-value"), basis="rule")
        return [*remarks, endless], False
    return remarks, is_sound


def _endless(document: Mapping[str, jp.Json]) -> str:
    """Return a component that the validator would follow for hours; empty if none."""
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    extents = Extents(document, ("allOf",))
    named = schemas.items() if isinstance(schemas, Mapping) else ()
    return next((str(name) for name, schema in named if extents.of(schema) > MOST_PARTS), "")


def _looked_through(contract: Contract, against: Path | None) -> Iterator[Remark]:
    for pointer in unenforced(contract.document):
        yield Remark("note", pointer, Text("fault.expression-not-held"), Text("lint.write-without"))
    readers, extents = Readers(contract.document), Extents(contract.document, IN_PLACE)
    if extents.largest(contract.document) > MOST_QUESTIONS:
        yield Remark("error", "", Text("lint.many-questions", most=MOST_QUESTIONS), Text("lint.branch-less"))
        return
    for callback in contract.callbacks:
        operation = operation_of(contract, callback, readers)
        yield from (*_examples(operation), *_words(operation), *_signatures(operation))
        yield from (*_schemas(operation), *_facts(operation))
    if against is not None:
        yield from compared_version(*_alike(against, contract))


def _located(operation: Operation) -> Iterator[tuple[Located, bool]]:
    """Yield every schema of a callback once, and whether it belongs to the body.

    References are followed.
    """
    contract, callback = operation.contract, operation.callback
    roots = [(callback.schema, f"{operation.body_pointer}/schema", True)]
    for parameter, where in operation.parameters:
        roots.append((derive.bundled(contract.document, parameter.get("schema", {})), f"{where}/schema", False))
    for answer, where in operation.answers.values():
        for media_type, entry in answer.get("content", {}).items():
            place = where + jp.join(["content", media_type, "schema"])
            roots.append((derive.bundled(contract.document, entry.get("schema", {})), place, False))
    for schema, where, of_body in roots:
        source = operation.readers.reader(schema, where)
        waiting, seen = [Located(source, source.root, "")], set()
        while waiting:
            located = waiting.pop()
            if located.pointer in seen or not isinstance(located.value, Mapping):
                continue
            seen.add(located.pointer)
            yield located, of_body
            if "$ref" in located.value:
                waiting.append(located.target())
            waiting += [located.child(*keys) for keys in children(located.value) if keys[0] != "$defs"]


def _violation(schema: Mapping[str, jp.Json], root: Mapping[str, jp.Json], value: jp.Json) -> str:
    whole = {"allOf": [schema], "$defs": root.get("$defs", {})}
    error = next(iter(validator_of(whole).iter_errors(value)), None)
    if error is None:
        return ""
    return Text("lint.flaw", flaw=error.message, place=jp.join(error.instance_path) or Text("lint.its-root"))


def _examples(operation: Operation) -> Iterator[Remark]:
    remedy = Text("lint.mend-example")
    callback = operation.callback
    for example in callback.examples:
        if flaw := _violation(callback.strict, callback.strict, example.value):
            what = Text("lint.example-breaks", name=example.name, flaw=flaw)
            yield Remark("error", example.pointer, what, remedy)
    if not callback.examples:
        yield Remark("warning", callback.pointer, Text("lint.no-example"), Text("lint.show-one"))
    for answer, where in operation.answers.values():
        for media_type, entry in answer.get("content", {}).items():
            schema = derive.bundled(operation.contract.document, entry.get("schema", {}))
            for name, example in entry.get("examples", {}).items():
                if "value" in example and (flaw := _violation(schema, schema, example["value"])):
                    place = where + jp.join(["content", media_type, "examples", name, "value"])
                    yield Remark("error", place, Text("lint.example-breaks", name=name, flaw=flaw), remedy)
    for located, _ in _located(operation):
        schema = located.value
        shown = {f"/examples/{index}": value for index, value in enumerate(schema.get("examples", ()))}
        shown |= {f"/{key}": schema[key] for key in ("example", "default") if key in schema}
        for key, value in shown.items():
            if flaw := _violation(schema, located.reader.root, value):
                what = Text("lint.breaks-own-schema", keyword=key[1:].partition("/")[0], flaw=flaw)
                yield Remark("error", located.in_document + key, what, remedy)


def _words(operation: Operation) -> Iterator[Remark]:
    callback = operation.callback
    if not callback.summary and "description" not in operation.raw:
        yield Remark("warning", callback.pointer, Text("lint.no-word"), Text("lint.add-description"))
    for parameter, where in operation.parameters:
        if not parameter.get("description"):
            yield Remark(
                "warning",
                where,
                Text("lint.parameter-undescribed", name=str(parameter.get("name"))),
                Text("lint.say-what-it-carries"),
            )
    for located, _ in _located(operation):
        for name in located.value.get("properties", {}):
            member = located.child("properties", name)
            if not _is_described(member):
                yield Remark(
                    "warning",
                    member.in_document,
                    Text("lint.member-undescribed", name=name),
                    Text("lint.say-what-it-means"),
                )


def _signatures(operation: Operation) -> Iterator[Remark]:
    for parameter, where in operation.parameters:
        name = str(parameter.get("name", ""))
        looks_so = parameter.get("in") == "header" and re.search("sign|hmac|digest", name, re.IGNORECASE)
        if looks_so and parameter.get("required") and "x-signature" not in parameter:
            yield Remark(
                "warning",
                where,
                Text("lint.looks-like-signature", name=name),
                Text("lint.add-x-signature"),
            )


def _is_described(located: Located) -> bool:
    for _ in range(10):  # a circle of references describes nothing
        if not isinstance(located.value, Mapping) or located.value.get("description"):
            break
        if "$ref" not in located.value:
            return False
        located = located.target()
    return isinstance(located.value, Mapping) and bool(located.value.get("description"))


def _schemas(operation: Operation) -> Iterator[Remark]:
    uses_provenance = "x-provenance" in json.dumps(operation.callback.schema)
    for located, of_body in _located(operation):
        schema = located.value
        yield from _provenance(located, of_body and uses_provenance)
        for key in ("additionalProperties", "unevaluatedProperties"):
            if of_body and schema.get(key) is False:
                yield Remark(
                    "note",
                    f"{located.in_document}/{key}",
                    Text("lint.closed-object"),
                    Text("lint.leave-open"),
                )
        for key in ("enum", "const"):
            if of_body and key in schema:
                yield Remark(
                    "note",
                    f"{located.in_document}/{key}",
                    Text("lint.closed-list"),
                    Text("lint.be-ready"),
                )


def _provenance(located: Located, wanted: bool) -> Iterator[Remark]:
    schema = located.value
    marks = schema.get("x-provenance", {})
    where = f"{located.in_document}/x-provenance"
    for key, value in marks.items() if isinstance(marks, Mapping) else [("", marks)]:
        if value not in PROVENANCES:
            what = Text("lint.unknown-provenance", value=repr(value))
            yield Remark("error", where, what, Text("lint.use", names=PROVENANCES))
        elif key and key not in schema:
            yield Remark("warning", where, Text("lint.provenance-of-nothing", key=key), Text("lint.remove"))
    for key in ("format", "enum", "const", "pattern"):
        if wanted and key in schema and isinstance(marks, Mapping) and key not in marks:
            yield Remark(
                "warning",
                f"{located.in_document}/{key}",
                Text("lint.no-provenance", key=key),
                Text("lint.add-provenance", key=key),
            )


def _facts(operation: Operation) -> Iterator[Remark]:
    shape = json.loads(files("callback_contract.openapi").joinpath("schemas/x-delivery.schema.json").read_text("utf-8"))
    raw = operation.raw.get("x-delivery", {})
    where = f"{operation.callback.pointer}/x-delivery"
    for name, fact in shape["properties"].items():
        meaning = fact.get("description", "")
        if name not in raw and "default" not in fact:
            yield Remark(
                "warning",
                where,
                Text("lint.no-fact", name=name),
                Text("lint.add-fact", meaning=meaning),
            )
        for inner in fact.get("properties", {}) if "$ref" not in fact and name in raw and "allOf" not in fact else ():
            if inner not in raw[name]:
                what = Text("lint.no-inner-fact", inner=inner, name=name)
                yield Remark("warning", f"{where}/{name}", what, meaning)


def _alike(against: Path, contract: Contract) -> tuple[Contract, Contract]:
    """Return the older contract and this one, read in the same way."""
    from callback_contract.openapi.reading import read_contract

    old = _strictly(against, ())
    return (old, contract) if isinstance(old, Contract) else (read_contract(against), read_contract(contract.path))
