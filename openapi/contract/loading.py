"""Contract loader: reads a contract file, checks it strictly and derives the frozen `Contract`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.checking import Flaw, document_flaws
from callback_contract.openapi.contract.delivery_facts import fact_flaws, facts_from
from callback_contract.openapi.contract.documented_response import answer_of, redirects_of
from callback_contract.openapi.contract.members import members_of
from callback_contract.openapi.contract.model import CONTRACT_FILE, Callback, Contract, Example, HeaderParameter
from callback_contract.openapi.contract.patterns import unenforced
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
from callback_contract.openapi.documents.runtime_expression import as_member, canonical
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.text.errors import ContractError
from callback_contract.openapi.text.message import Text, lines
from callback_contract.openapi.text.printable import shell_word

__all__ = ["CONTRACT_FILE", "Bundles", "load_contract", "read_callback"]

_MOST_FLAWS_SHOWN = 5


def load_contract(path: Path | str = CONTRACT_FILE, overlays: Iterable[Path | str] = ()) -> Contract:
    """Read and check a contract.

    Args:
        path: An OpenAPI 3.1 document in YAML or JSON with callbacks under `webhooks`.
        overlays: OpenAPI Overlays, applied in this order before anything is checked: a translation, or the facts
            of delivery for a document that is not ours.

    Raises:
        ContractError: The file cannot be read or has something that the kit does not understand; names the
            line, the JSON pointer and the remedy of each flaw.
        OverlayError: An overlay cannot be read, or one of its targets selects nothing.
    """
    laid_over = [load_overlay(each) for each in overlays]
    file = read_yaml(Path(path), error=ContractError)
    for overlay in laid_over:
        file = replace(file, value=apply_overlay(file.value, overlay))
    try:
        return _contract(file, _checked_shape(file), "".join([file.text, *(overlay.text for overlay in laid_over)]))
    except ContractError as error:
        if not laid_over:
            raise
        # The place is the nearest one in the contract's own text.
        names = tuple(overlay.name for overlay in laid_over)
        remedy = lines([error.remedy, Text("error-contract.laid-over", names=names)])
        raise ContractError(error.what, where=error.where, remedy=remedy, pointer=error.pointer) from None
    except RecursionError:
        raise ContractError(
            Text("error-contract.too-deep"), where=str(path), remedy=Text("error-contract.name-inner")
        ) from None
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        # The checks above name what they know; this part has another shape than OpenAPI allows.
        raise ContractError(
            Text("error-contract.wrong-shape", why=str(error)),
            where=str(path),
            remedy=Text("error-contract.lint-names-place", path=shell_word(str(path))),
        ) from error


def _contract(file: YamlFile, document: Mapping[str, jp.Json], digested: str) -> Contract:
    _refuse(file, document_flaws(document))
    bundles = Bundles(document)
    callbacks = tuple(
        read_callback(file, document, bundles, name, method)
        for name, item in document["webhooks"].items()
        for method in derive.METHODS
        if method in item
    )
    return Contract(
        path=file.path,
        title=str(document["info"].get("title", "")),
        version=str(document["info"].get("version", "")),
        digest=hashlib.sha256(digested.encode()).hexdigest(),
        document=document,
        tolerant_document=bundles.opened,
        callbacks=callbacks,
        notes=tuple(_notes(file, document)),
    )


def _notes(file: YamlFile, document: Mapping[str, jp.Json]) -> Iterable[str]:
    first, *others = [*unenforced(document), ""]
    if first:
        what, more = Text("fault.expression-not-held"), len(others) - 1
        key = "fault.noted-with-more" if more else "fault.noted"
        yield Text(key, what=what, place=file.place(first), count=more)


def _checked_shape(file: YamlFile) -> Mapping[str, jp.Json]:
    document, where = file.value, str(file.path)
    if not isinstance(document, Mapping):
        raise ContractError(
            Text("error-contract.root-no-object"),
            where=where,
            remedy=Text("error-contract.give-openapi-webhooks"),
        )
    if "swagger" in document:
        raise ContractError(
            Text("error-contract.swagger"),
            where=where,
            remedy=Text("error-contract.convert-swagger"),
        )
    if not str(document.get("openapi", "")).startswith("3.1"):
        raise ContractError(
            Text("error-contract.not-openapi-31", version=str(document.get("openapi"))),
            where=where,
            remedy=Text("error-contract.give-openapi-webhooks"),
        )
    info = document.get("info")
    if not isinstance(info, Mapping) or not info.get("title") or not info.get("version"):
        raise ContractError(Text("error-contract.no-info"), where=where, remedy=Text("error-contract.add-info"))
    if not document.get("webhooks"):
        found = ", ".join(sorted(set(document) & {"paths", "components"})) or Text("error-contract.nothing")
        raise ContractError(
            Text("error-contract.no-webhooks", found=found),
            where=where,
            remedy=Text("error-contract.describe-webhooks"),
        )
    return document


def _refuse(file: YamlFile, flaws: Iterable[Flaw]) -> None:
    found = list(flaws)
    if not found:
        return
    first, *others = found
    more = [
        Text("error-contract.flaw-also", place=file.place(flaw.pointer), what=flaw.what, remedy=flaw.remedy)
        for flaw in others[: _MOST_FLAWS_SHOWN - 1]
    ]
    if len(found) > _MOST_FLAWS_SHOWN:
        more.append(Text("error-contract.and-more", count=len(found) - _MOST_FLAWS_SHOWN))
    raise ContractError(
        first.what, where=file.place(first.pointer), remedy=lines([first.remedy, *more]), pointer=first.pointer
    )


def read_callback(file: YamlFile, document: Mapping[str, jp.Json], bundles: Bundles, key: str, method: str) -> Callback:
    """Read one checked operation under `webhooks`."""
    where = jp.join(["webhooks", key, method])
    operation = document["webhooks"][key][method]
    content = operation.get("requestBody", {}).get("content", {})
    if len(content) != 1:
        _refuse(
            file,
            [
                Flaw(
                    where,
                    Text("error-contract.media-types", number=len(content)),
                    Text("error-contract.describe-one"),
                )
            ],
        )
    media_type, entry = next(iter(content.items()))
    schema = bundles.whole.bundle(entry.get("schema", {}))
    opened_entry = bundles.opened["webhooks"][key][method]["requestBody"]["content"][media_type]
    raw_facts, by_query = operation.get("x-delivery", {}), operation.get("x-by-query") is True

    def place_of(given: str) -> str:
        return as_member(canonical(given), by_query=by_query)

    if raw_facts != {}:  # listing the members of hundreds of callbacks without facts takes seconds
        _refuse(file, fact_flaws(raw_facts, members_of(schema), f"{where}/x-delivery", place_of=place_of))
    return Callback(
        name=str(operation.get("operationId", key)),
        summary=str(operation.get("summary", "")),
        pointer=where,
        method=method.upper(),
        media_type=media_type,
        schema=schema,
        strict=bundles.strict.bundle(entry.get("schema", {})),
        tolerant=bundles.tolerant.bundle(opened_entry["schema"]),
        headers=tuple(
            _header(parameter) for parameter in operation.get("parameters", ()) if parameter["in"] == "header"
        ),
        examples=tuple(_examples(entry, where + jp.join(["requestBody", "content", media_type]))),
        answer=answer_of(operation, bundles.whole),
        delivery=facts_from(raw_facts, place_of=place_of),
        origin=str(operation.get("x-origin", "")),
        encoding=entry.get("encoding", {}),
        redirects=redirects_of(operation),
        by_query=by_query,
    )


class Bundles:
    """Bundlers of one document: convert each part of its schemas once per form."""

    def __init__(self, document: Mapping[str, jp.Json]) -> None:
        self.opened = derive.tolerant_document(document)
        self.whole = derive.Bundler(document)
        self.strict = derive.Bundler(document, derive.without_formats)
        self.tolerant = derive.Bundler(self.opened)


def _header(parameter: Mapping[str, jp.Json]) -> HeaderParameter:
    schema = parameter.get("schema", {})
    default = schema.get("default") if isinstance(schema, Mapping) else None
    return HeaderParameter(
        name=parameter["name"],
        required=bool(parameter.get("required", False)),
        default=None if default is None else str(default),
        schema=schema,
        signature=bool(parameter.get("x-signature", False)),
        value=parameter.get("x-value"),
    )


def _examples(entry: Mapping[str, jp.Json], where: str) -> Iterable[Example]:
    for name, example in entry.get("examples", {}).items():
        yield Example(
            name=name,
            summary=str(example.get("summary", name)),
            value=example["value"],
            illustrative=bool(example.get("x-illustrative", False)),
            pointer=where + jp.join(["examples", name, "value"]),
        )
