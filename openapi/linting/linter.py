"""Contract linter: validates a contract and its examples, and reports missing texts, provenance and versions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from callback_contract.openapi.comparing.change import Change, worst
from callback_contract.openapi.comparing.operations.operation_parts import Operation, operation_of
from callback_contract.openapi.comparing.schemas.schema_nodes import Located, Readers, children
from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.checking import document_flaws
from callback_contract.openapi.contract.extent import IN_PLACE, MOST_PARTS, MOST_QUESTIONS, Extents
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.contract.patterns import ANNOTATION, unenforced, validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text, details_of

__all__ = ["LEVELS", "Remark", "demanded_part", "lint_contract"]

LEVELS = ("error", "warning", "note")
PROVENANCES = ("doc", "example", "inferred", "house")
_PARTS = ("major", "minor", "patch")


@dataclass(frozen=True)
class Remark:
    """A finding on a contract.

    Attributes:
        level: error (a verdict by this contract would be wrong), warning (a reader or a rule lacks something) or note.
        where: JSON pointer into the document.
        place: File, line and pointer.
    """

    level: str
    where: str
    what: str
    remedy: str
    place: str = ""


def lint_contract(path: Path, against: Path | None = None, *, remote: bool = False) -> tuple[Remark, ...]:
    """Return the remarks on a contract, errors first.

    Args:
        against: The previous version, to judge how far `info.version` was raised.
        remote: Whether a foreign document's references by http(s) are fetched.

    Raises:
        ContractError: A file cannot be read at all, the older one is no contract, or the two share no callback.
    """
    file = read_yaml(path, error=ContractError)
    if not isinstance(file.value, Mapping):
        load_contract(path)  # reports what is wrong with it
    is_other = not str(file.value.get("openapi", "")).startswith("3.")
    # What is no OpenAPI 3 at all breaks every line of its schema, and saying so once is clearer.
    remarks, is_sound = ([], False) if is_other else _validated(file)
    if is_other or _is_foreign(file.value):
        remarks += _foreign(path, remote=remote)
    elif is_sound:
        found = [Remark("error", flaw.pointer, flaw.what, flaw.remedy) for flaw in document_flaws(file.value)]
        found = found or list(_looked_through(path, against))
        # An error that the validator cannot place (a wrong default) was found again with its place, unless it is
        # unused.
        remarks = found if any(remark.level == "error" for remark in found) else [*remarks, *found]
    placed = [replace(remark, place=remark.place or file.place(remark.where)) for remark in dict.fromkeys(remarks)]
    return tuple(sorted(placed, key=lambda remark: LEVELS.index(remark.level)))


def _is_foreign(document: Mapping[str, jp.Json]) -> bool:
    """Return whether a document has another form than the kit's own contract.

    It has callbacks of 3.0 or 3.2, or of operations.
    """
    return str(document.get("openapi", "")).startswith(("3.0", "3.2")) or not document.get("webhooks")


def _foreign(path: Path, *, remote: bool) -> Iterator[Remark]:
    """Yield remarks on a foreign document: what is set aside, and notes of the reader."""
    from callback_contract.openapi.reading import read_contract

    try:
        contract = read_contract(path, remote=remote)
    except ContractError as error:
        yield Remark("error", "", error.what, error.remedy, error.where)
        return
    for name, reason in contract.set_aside:
        place, why = details_of(reason)
        yield Remark("error", "", f"{name} is set aside: {why}", "The other callbacks are used.", place)
    for note in contract.notes:
        level = "error" if isinstance(note, Text) and note.key == "note.example-breaks" else "note"
        yield Remark(level, "", note, "The contract is read without it.", str(path))


def _validated(file: YamlFile) -> tuple[list[Remark], bool]:
    """Return the violations of OpenAPI's own schema.

    The second value is whether the document has the right shape for further checks.
    """
    if name := _endless(file.value):
        what = f"its `allOf` come to more than {MOST_PARTS:,} parts when they are written out"
        remedy = "The document is not held against OpenAPI's own schema; name fewer schemas in each `allOf`."
        return [Remark("note", jp.join(["components", "schemas", name]), what, remedy)], True
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
    from referencing.exceptions import Unresolvable

    old = str(file.value.get("openapi", "")).startswith("3.0")
    remarks, is_sound = [], True
    try:
        for error in (OpenAPIV30SpecValidator if old else OpenAPIV31SpecValidator)(file.value).iter_errors():
            what, where = str(error.message).partition("\n")[0][:200], jp.join(error.absolute_path)
            is_sound = is_sound and not where and error.instance != file.value
            try:
                jp.get(file.value, where)
            except LookupError:  # the validator counts from the schema and does not name it
                what, where = f"in some schema, at {where}: {what}", ""
            remarks.append(Remark("error", where, what, "See the OpenAPI specification."))
    except Unresolvable:
        pass  # a dangling reference, whose place `document_flaws` reports
    except RecursionError:
        what = "references that never come to a value, or parts nested too deeply"
        return [*remarks, Remark("error", "", what, "Let each lead to a value; name inner parts.")], False
    return remarks, is_sound


def _endless(document: Mapping[str, jp.Json]) -> str:
    """Return a component that the validator would follow for hours; empty if none."""
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    extents = Extents(document, ("allOf",))
    named = schemas.items() if isinstance(schemas, Mapping) else ()
    return next((str(name) for name, schema in named if extents.of(schema) > MOST_PARTS), "")


def _looked_through(path: Path, against: Path | None) -> Iterator[Remark]:
    try:
        contract = load_contract(path)
    except ContractError as error:
        where = error.where.partition(" (")[2].removesuffix(")")
        yield Remark("error", where if where.startswith("/") else "", error.what, error.remedy, error.where)
        return
    for pointer in unenforced(contract.document):
        remedy = "Write it without them, or let each character leave one way on."
        yield Remark("note", pointer, ANNOTATION, remedy)
    readers, extents = Readers(contract.document), Extents(contract.document, IN_PLACE)
    if extents.largest(contract.document) > MOST_QUESTIONS:
        what = f"a schema asks a value more than {MOST_QUESTIONS:,} questions when its references are followed"
        yield Remark("error", "", what, "Let allOf, anyOf and oneOf branch less; no value is held against it.")
        return
    for callback in contract.callbacks:
        operation = operation_of(contract, callback, readers)
        yield from (*_examples(operation), *_words(operation), *_signatures(operation))
        yield from (*_schemas(operation), *_facts(operation))
    if against is not None:
        yield from _version(load_contract(against), contract)


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
    return "" if error is None else f"{error.message} (at {jp.join(error.instance_path) or 'its root'})"


def _examples(operation: Operation) -> Iterator[Remark]:
    remedy = "Mend the example or the schema; readers copy examples."
    callback = operation.callback
    for example in callback.examples:
        if flaw := _violation(callback.strict, callback.strict, example.value):
            yield Remark("error", example.pointer, f"the example {example.name!r} breaks its schema: {flaw}", remedy)
    if not callback.examples:
        yield Remark("warning", callback.pointer, "a callback without an example", "Show one delivery.")
    for answer, where in operation.answers.values():
        for media_type, entry in answer.get("content", {}).items():
            schema = derive.bundled(operation.contract.document, entry.get("schema", {}))
            for name, example in entry.get("examples", {}).items():
                if "value" in example and (flaw := _violation(schema, schema, example["value"])):
                    place = where + jp.join(["content", media_type, "examples", name, "value"])
                    yield Remark("error", place, f"the example {name!r} breaks its schema: {flaw}", remedy)
    for located, _ in _located(operation):
        schema = located.value
        shown = {f"/examples/{index}": value for index, value in enumerate(schema.get("examples", ()))}
        shown |= {f"/{key}": schema[key] for key in ("example", "default") if key in schema}
        for key, value in shown.items():
            if flaw := _violation(schema, located.reader.root, value):
                what = f"{key[1:].partition('/')[0]} breaks its own schema: {flaw}"
                yield Remark("error", located.in_document + key, what, remedy)


def _words(operation: Operation) -> Iterator[Remark]:
    callback = operation.callback
    if not callback.summary and "description" not in operation.raw:
        yield Remark("warning", callback.pointer, "no word describes the callback", "Add `summary` or `description`.")
    for parameter, where in operation.parameters:
        if not parameter.get("description"):
            yield Remark(
                "warning", where, f"the parameter {parameter.get('name')!r} is not described", "Say what it carries."
            )
    for located, _ in _located(operation):
        for name in located.value.get("properties", {}):
            member = located.child("properties", name)
            if not _is_described(member):
                yield Remark(
                    "warning",
                    member.in_document,
                    f"the member {name!r} is not described",
                    "Say in `description` what it means to a receiver.",
                )


def _signatures(operation: Operation) -> Iterator[Remark]:
    for parameter, where in operation.parameters:
        name = str(parameter.get("name", ""))
        looks_so = parameter.get("in") == "header" and re.search("sign|hmac|digest", name, re.IGNORECASE)
        if looks_so and parameter.get("required") and "x-signature" not in parameter:
            yield Remark(
                "warning",
                where,
                f"the required header {name!r} looks like a signature, and nothing says whether it is one",
                "Add x-signature: true (deliveries then need a signature scheme), or false.",
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
                    "a closed object: new members break its schema",
                    "Leave it open unless the provider promises never to add a member.",
                )
        for key in ("enum", "const"):
            if of_body and key in schema:
                yield Remark(
                    "note",
                    f"{located.in_document}/{key}",
                    "a closed list: the provider may add a value",
                    "Receivers have to be ready for values that are not in it.",
                )


def _provenance(located: Located, wanted: bool) -> Iterator[Remark]:
    schema = located.value
    marks = schema.get("x-provenance", {})
    where = f"{located.in_document}/x-provenance"
    for key, value in marks.items() if isinstance(marks, Mapping) else [("", marks)]:
        if value not in PROVENANCES:
            yield Remark("error", where, f"the provenance {value!r} is not known", f"Use {', '.join(PROVENANCES)}.")
        elif key and key not in schema:
            yield Remark("warning", where, f"the provenance of {key!r}, which does not stand beside it", "Remove it.")
    for key in ("format", "enum", "const", "pattern"):
        if wanted and key in schema and isinstance(marks, Mapping) and key not in marks:
            yield Remark(
                "warning",
                f"{located.in_document}/{key}",
                f"nothing says how {key!r} is known",
                f"Add x-provenance with {key}: doc, or inferred if the documentation does not say it.",
            )


def _facts(operation: Operation) -> Iterator[Remark]:
    shape = json.loads(files("callback_contract.openapi").joinpath("schemas/x-delivery.schema.json").read_text("utf-8"))
    raw = operation.raw.get("x-delivery", {})
    where = f"{operation.callback.pointer}/x-delivery"
    for name, fact in shape["properties"].items():
        meaning = fact.get("description", "")
        if name not in raw:
            yield Remark(
                "warning",
                where,
                f"x-delivery does not say {name!r}; rules that need it are not applicable",
                f"Add it with its provenance. {meaning}",
            )
        for inner in fact.get("properties", {}) if "$ref" not in fact and name in raw and "allOf" not in fact else ():
            if inner not in raw[name]:
                yield Remark("warning", f"{where}/{name}", f"x-delivery says no {inner!r} for {name!r}", meaning)


def demanded_part(changes: tuple[Change, ...]) -> str:
    """Return the part of the version that has to be raised: major, minor or patch.

    Breaking changes require a major version, risky and unclear ones a minor one, all others a patch (as in
    CHANGELOG.md). It is empty without changes.
    """
    if not changes:
        return ""
    return {"breaking": "major", "risky": "minor", "unclear": "minor"}.get(worst(c.level for c in changes), "patch")


def _version(old: Contract, new: Contract) -> Iterator[Remark]:
    from callback_contract.openapi.comparing import compare

    where = "/info/version"
    before, after = _numbers(old.version), _numbers(new.version)
    if before is None or after is None:
        odd = old.version if before is None else new.version
        yield Remark("error", where, f"the version {odd!r} is not of the form 1.2.3", "Use semantic versions.")
        return
    demanded = demanded_part(compare(old, new))
    if after < before:
        yield Remark("error", where, f"the version went back from {old.version} to {new.version}", "Raise it.")
    elif demanded:
        at = _PARTS.index(demanded)
        if before[0] == 0:
            at = min(at + 1, 2)  # before 1.0.0 a minor version may break (semver.org, 4)
        if after[: at + 1] <= before[: at + 1]:
            raised = ".".join(str(n) for n in (*before[:at], before[at] + 1, *[0] * (2 - at)))
            what = f"the version went from {old.version} to {new.version}, and the change demands a {demanded} version"
            yield Remark("error", where, what, f"Make it at least {raised}; `diff` says what changed.")


def _numbers(version: str) -> tuple[int, ...] | None:
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(?:[-+][0-9A-Za-z.+-]+)?", version)
    return tuple(map(int, match.groups())) if match else None
