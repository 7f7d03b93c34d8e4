"""Reader of a foreign OpenAPI document: makes a `Contract` of it, and sets aside callbacks it cannot use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callback_contract.openapi.contract.delivery_facts import facts_from
from callback_contract.openapi.contract.example_value import sample_of
from callback_contract.openapi.contract.extent import IN_PLACE, MOST_QUESTIONS, Extents
from callback_contract.openapi.contract.loading import Bundles, read_callback
from callback_contract.openapi.contract.model import Callback, Contract, DocumentedResponse, no_such_callback
from callback_contract.openapi.contract.patterns import validator_of
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
from callback_contract.openapi.documents.runtime_expression import as_member, canonical
from callback_contract.openapi.documents.yaml_file import YamlFile
from callback_contract.openapi.reading.callback_discovery import Found, contents_in_words, found_callbacks
from callback_contract.openapi.reading.fetching import opened
from callback_contract.openapi.reading.field_bodies import travelled
from callback_contract.openapi.reading.operations import Written, written
from callback_contract.openapi.reading.provider_facts import Provider
from callback_contract.openapi.reading.references import Fault, Faulty, Library
from callback_contract.openapi.reading.remote_documents import Remote
from callback_contract.openapi.reading.schema_closure import Schemas
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text, in_detail, lines

__all__ = ["read_contract"]


def read_contract(
    source: str | Path,
    overlays: Iterable[Path | str] = (),
    *,
    only: Sequence[str] = (),
    paths: bool = False,
    strict: bool = False,
    remote: bool = False,
    below: Path | str | None = None,
    provider: Provider | None = None,
) -> Contract:
    """Read a foreign OpenAPI document (3.0, 3.1 or 3.2), with any flaws it has.

    Args:
        source: A file, a URL, or `-` for standard input.
        overlays: OpenAPI Overlays, applied to the document as it stands there.
        only: Names of the callbacks to read; empty for all.
        paths: Whether the document describes the receiver itself: each operation under `paths` is a callback.
        strict: Reject the document when anything has to be set aside.
        remote: Fetch what a `$ref` names by http(s).
        below: The folder below which a `$ref` may name files; None for the document's own.
        provider: Whose facts hold where the document and its overlays state none.

    Raises:
        ContractError: It cannot be read, or has no usable callback.
        OverlayError: An overlay cannot be read, or one of its targets selects nothing.
    """
    laid_over = [load_overlay(each) for each in overlays]
    file, folder = opened(source)
    if below is not None:
        folder = _root_of_references(below)
    for overlay in laid_over:
        file = replace(file, value=apply_overlay(file.value, overlay))
    _refuse_other_documents(file)
    library = Library(file, folder, _remote(file, str(source)) if remote else None)
    found, aside = found_callbacks(library, paths=paths)
    _refuse_empty(file, found, aside, paths)
    chosen = _chosen(file, found, only, aside)
    taken, faults = _taken(library, chosen, named=bool(only))
    aside = ([] if only else aside) + faults
    digested = "".join([file.text, *(overlay.text for overlay in laid_over), provider.text if provider else ""])
    try:
        digest = hashlib.sha256(digested.encode(errors="replace")).hexdigest()
        contract = _contract(file, taken, aside, digest, provider)
    except RecursionError:
        what = Text("error-contract.value-too-deep")
        raise ContractError(what, where=str(file.path), remedy=Text("error-contract.name-callbacks")) from None
    if strict and (contract.set_aside or any(example.flaw for c in contract.callbacks for example in c.examples)):
        raise _unusable(file, contract.set_aside or [("", contract.notes[-1])], Text("error-contract.flaws"))
    if not contract.callbacks:
        raise _unusable(file, contract.set_aside, Text("error-contract.none-usable"))
    return contract


def _root_of_references(below: Path | str) -> Path:
    folder = Path(below)
    if not folder.is_dir():
        raise ContractError(
            Text("error-contract.no-folder"), where=f"--refs-below {below}", remedy=Text("error-contract.give-folder")
        )
    return folder


def _remote(file: YamlFile, source: str) -> Remote:
    remote = Remote()
    if source.startswith(("http://", "https://")):
        remote.base(file, source)
    return remote


def _refuse_other_documents(file: YamlFile) -> None:
    document, where = file.value, str(file.path)
    if not isinstance(document, Mapping):
        raise ContractError(
            Text("error-contract.root-no-object"), where=where, remedy=Text("error-contract.give-openapi")
        )
    if "swagger" in document:
        raise ContractError(
            Text("error-contract.swagger"),
            where=where,
            remedy=Text("error-contract.convert-swagger-or-paths"),
        )
    for other in ("asyncapi", "overlay", "arazzo"):
        if other in document and "openapi" not in document:
            raise ContractError(
                Text("error-contract.other-kind", other=other),
                where=where,
                remedy=Text("error-contract.give-openapi-one"),
            )
    version = document.get("openapi")
    if not str(version or "").startswith(("3.0", "3.1", "3.2")):
        raise ContractError(
            Text("error-contract.not-openapi-3", version=str(version)),
            where=where,
            remedy=Text("error-contract.versions-read"),
        )


def _refuse_empty(file: YamlFile, found: list[Found], aside: list[tuple[str, Fault]], paths: bool) -> None:
    if found or aside:
        return
    looked = "`paths`" if paths else Text("error-contract.looked-at")
    remedies = [Text("error-contract.describe-callbacks")]
    if not paths and file.value.get("paths"):
        remedies.append(Text("error-contract.give-paths"))
    raise ContractError(
        Text("error-contract.no-callbacks", looked=looked, found=contents_in_words(file.value)),
        where=str(file.path),
        remedy=lines(remedies),
    )


def _chosen(file: YamlFile, found: list[Found], only: Sequence[str], aside: list[tuple[str, Fault]]) -> list[Found]:
    if not only:
        return found
    chosen: dict[str, Found] = {}
    for name in only:
        fitting = [each for each in found if each.name == name] or [each for each in found if each.key == name]
        if not fitting:
            reason = next((str(fault) for key, fault in aside if key == name), "")
            if reason:
                raise ContractError(
                    Text("error-contract.callback-unusable", name=name, reason=reason), where=str(file.path)
                )
            raise no_such_callback(name, [each.name for each in found], str(file.path))
        chosen |= {each.name: each for each in fitting}
    return list(chosen.values())


def _taken(library: Library, chosen: list[Found], *, named: bool) -> tuple[dict[str, Written], list[tuple[str, Fault]]]:
    schemas, taken, aside = Schemas(library), {}, []
    for found in chosen:
        try:
            made = written(library, schemas, found)
            if found.is_beside_body and not named:
                what = Text("fault.beside-body")
                raise Faulty(found.operation.fault(what, Text("fault.name-callback", name=found.name)))
            made.operation["x-method"] = found.method
            taken[found.name] = made
        except Faulty as faulty:
            aside.append((found.name, faulty.fault))
        except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
            what = Text("error-contract.other-shape", kind=type(error).__name__, why=str(error))
            aside.append((found.name, found.operation.fault(what, Text("error-contract.see-openapi"))))
    return taken, aside


def _contract(
    file: YamlFile,
    taken: Mapping[str, Written],
    aside: list[tuple[str, Fault]],
    digest: str,
    provider: Provider | None,
) -> Contract:
    info = file.value.get("info") if isinstance(file.value.get("info"), Mapping) else {}
    title, version = str(info.get("title") or file.path.stem), str(info.get("version") or "0")
    components: dict[str, jp.Json] = {}
    for each in taken.values():
        components |= each.components
        if provider:
            provider.acknowledges(each.operation)
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            **{key: info[key] for key in ("summary", "description") if isinstance(info.get(key), str)},
        },
        "webhooks": {name: {each.operation.pop("x-method"): each.operation} for name, each in taken.items()},
        "components": {"schemas": components},
    }
    bundles, endless, alternatives = Bundles(document), _Endless(document), _Alternatives(components)
    callbacks: list[Callback] = []
    unusable: list[tuple[str, Text]] = []
    flawed: list[Text] = []
    for name, item in document["webhooks"].items():
        for method in item:
            usable = _usable(_read(file, document, bundles, name, method, provider), endless)
            if isinstance(usable, Text):
                unusable.append((name, usable))
                continue
            read, validator = usable
            callback = _apart(read, validator) if alternatives.stand_in(read.schema) else read
            if callback is not read:
                flawed.append(in_detail(callback.origin, Text("note.alternatives-overlap")))
            callbacks.append(callback)
            for example in callback.examples:
                if example.flaw:
                    place = f"{callback.origin}, example {example.name!r}"
                    flawed.append(Text("note.example-breaks", place=place, flaw=example.flaw))
    for name, _ in unusable:
        del document["webhooks"][name], bundles.opened["webhooks"][name]
    reasons = [(name, _in_words(fault)) for name, fault in aside] + unusable
    return Contract(
        path=file.path,
        title=title,
        version=version,
        digest=digest,
        document=document,
        tolerant_document=bundles.opened,
        callbacks=tuple(callbacks),
        set_aside=tuple(reasons),
        notes=(*_notes(taken.values()), *flawed, *_used(provider, document)),
    )


def _used(provider: Provider | None, document: Mapping[str, Any]) -> Iterator[Text]:
    operations = [operation for item in document["webhooks"].values() for operation in item.values()]
    if provider and (facts := provider.used(operation["x-delivery"] for operation in operations)):
        yield Text("provider.used", title=provider.title, facts=facts)


def _read(
    file: YamlFile, document: dict[str, Any], bundles: Bundles, name: str, method: str, provider: Provider | None
) -> Callback:
    operation = document["webhooks"][name][method]
    try:
        callback = read_callback(file, document, bundles, name, method)
    except ContractError as error:
        # Here only `x-delivery` can be wrong, which was written for this kit: it is an error and sets nothing aside.
        where = f"{operation['x-origin']}, x-delivery"
        raise ContractError(error.what, where=where, remedy=error.remedy) from None
    if provider is None:
        return callback
    operation["x-delivery"] = provider.completed(operation.get("x-delivery", {}), callback.members)

    def place_of(given: str) -> str:
        return as_member(canonical(given), by_query=callback.by_query)

    return replace(callback, delivery=facts_from(operation["x-delivery"], place_of=place_of))


def _in_words(fault: Fault) -> Text:
    if fault.remedy:
        return in_detail(fault.place, Text("note.fault-and-remedy", what=fault.what, remedy=fault.remedy))
    return in_detail(fault.place, Text("note.fault", what=fault.what))


class _Endless:
    """Detects schemas that a validator evaluates for minutes, since references branch."""

    def __init__(self, document: Mapping[str, jp.Json]) -> None:
        self._extents = Extents(document, IN_PLACE)
        self._named = {
            f"components.schemas.{name}"
            for name, schema in document["components"]["schemas"].items()
            if self._extents.largest(schema) > MOST_QUESTIONS
        }

    def holds(self, schema: Mapping[str, jp.Json]) -> bool:
        """Return whether a self-contained schema is or contains such a schema."""
        defs = schema.get("$defs", {})
        own = {key: value for key, value in schema.items() if key != "$defs"}
        return not self._named.isdisjoint(defs) or Extents(schema, IN_PLACE).largest(own) > MOST_QUESTIONS


class _Alternatives:
    """Finds `oneOf` in schemas, whose shared parts are looked through once."""

    def __init__(self, components: Mapping[str, jp.Json]) -> None:
        self._named = {f"components.schemas.{name}" for name, schema in components.items() if _has_one_of(schema)}

    def stand_in(self, schema: Mapping[str, jp.Json]) -> bool:
        """Return whether a self-contained schema has alternatives."""
        own = {key: value for key, value in schema.items() if key != "$defs"}
        return not self._named.isdisjoint(schema.get("$defs", {})) or _has_one_of(own)


def _has_one_of(schema: jp.Json) -> bool:
    waiting = [schema]
    for part in waiting:  # grows during the loop
        if isinstance(part, dict):
            if "oneOf" in part:
                return True
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return False


def _usable(callback: Callback, endless: _Endless) -> tuple[Callback, Any] | Text:
    """Return the callback with checked examples and response, and its validator; or why it is unusable."""
    import jsonschema_rs

    if endless.holds(callback.strict):
        return in_detail(callback.origin, Text("note.endless", questions=MOST_QUESTIONS))
    try:
        strict = validator_of(callback.strict)
        validator_of(callback.tolerant)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        flaw = str(error).partition(chr(10))[0][:160]
        return in_detail(callback.origin, Text("note.unusable-schema", flaw=flaw))
    # Listing the members of hundreds of callbacks takes seconds.
    types = () if callback.is_json else callback.members[0].types
    if types and "object" not in types:
        return in_detail(callback.origin, Text("note.no-fields", types=" or ".join(types)))
    examples = []
    for example in callback.examples if callback.is_json else [travelled(callback, each) for each in callback.examples]:
        if example.flaw:
            examples.append(example)
            continue
        wrong = next(strict.iter_errors(example.value), None)
        flaw = f"{wrong.message[:160]} (at {jp.join(wrong.instance_path) or 'its root'})" if wrong else ""
        examples.append(replace(example, flaw=flaw))
    return replace(callback, examples=tuple(examples), answer=_answerable(callback.answer, endless)), strict


def _apart(callback: Callback, held: Any) -> Callback:
    """Return the callback with `oneOf` read as `anyOf`, where no body meets one alternative alone."""
    from callback_contract.openapi.contract.derivation import with_any_of

    shown = [example for example in callback.examples if not example.illustrative]
    if any(not example.flaw for example in shown) or (not shown and sample_of(callback.schema, validator=held)):
        return callback
    loosened, strict = with_any_of(callback.schema), with_any_of(callback.strict)
    if loosened == callback.schema:
        return callback
    validator = validator_of(strict)
    examples = tuple(
        replace(example, flaw="") if example.flaw and validator.is_valid(example.value) else example
        for example in callback.examples
    )
    if examples == callback.examples and (shown or sample_of(loosened) is None):
        return callback
    return replace(callback, schema=loosened, strict=strict, examples=examples)


def _answerable(answer: DocumentedResponse | None, endless: _Endless) -> DocumentedResponse | None:
    """Return the response without its body when its example breaks its schema.

    Then no receiver is judged by a body.
    """
    if answer is None or answer.media_type is None:
        return answer
    import jsonschema_rs

    schema = dict(answer.schema or {})
    if "json" not in answer.media_type or endless.holds(schema):
        return replace(answer, media_type=None, schema=None, example=None, other_bodies=True)
    try:
        validator = validator_of(derived := _plain(schema))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return replace(answer, media_type=None, schema=None, example=None, other_bodies=True)
    if validator.is_valid(answer.example):
        return answer
    made = sample_of(derived)
    if made is None:
        return replace(answer, media_type=None, schema=None, example=None, other_bodies=True)
    return replace(answer, example=made.value)


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    from callback_contract.openapi.contract.derivation import without_formats

    plain: dict[str, Any] = without_formats(schema)
    return plain


def _notes(taken: Iterable[Written]) -> list[Text]:
    """Return one line for each kind of note, with its first place and its count."""
    places: dict[str, dict[tuple[object, str], Fault]] = {}
    for each in taken:
        for note in each.notes:
            places.setdefault(note.what, {})[(note.file.path, note.pointer)] = note
    told = []
    for what, faults in places.items():
        first = next(iter(faults.values()))
        place: str = f"{first.file.path} ({first.pointer or '/'})"
        if len(faults) > 1:
            place = Text("note.place-and-more", place=place, more=len(faults) - 1)
        told.append(in_detail(what, place))
    return told


def _unusable(file: YamlFile, reasons: Sequence[tuple[str, str]], what: str) -> ContractError:
    shown = [
        Text("error-contract.set-aside", name=name, reason=reason) if name else reason for name, reason in reasons[:5]
    ]
    if len(reasons) > 5:
        shown.append(Text("error-contract.and-more", count=len(reasons) - 5))
    return ContractError(what, where=str(file.path), remedy=lines(shown))
