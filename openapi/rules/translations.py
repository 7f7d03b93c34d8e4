"""Decides which texts of the contract and the catalogue a reader sees, and how they come in another language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from callback_contract.openapi.contract.loading import CONTRACT_FILE
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import YamlFile, read_yaml
from callback_contract.openapi.rules.catalogue import Catalogue, Rule, load_catalogue
from callback_contract.openapi.text.errors import CatalogueError

__all__ = ["ORIGINAL", "RULE_TEXTS", "languages", "load_translation", "overlay_path", "prose", "translation_path"]

ORIGINAL = "en"
_HERE = Path(__file__).parents[1]
_TEXTS = frozenset({"title", "summary", "description"})
RULE_TEXTS = ("statement", "why", "remedy", "source", "note", "untestable")
# Below these, a key is somebody's name for a part and no keyword.
_NAMED_PARTS = frozenset(
    """properties patternProperties $defs dependentSchemas schemas responses parameters examples requestBodies headers
    securitySchemes links callbacks pathItems content encoding webhooks paths mapping""".split()
)
_NO_PROSE = frozenset({"value", "default", "const", "enum", "example", "required"})


def languages() -> tuple[str, ...]:
    """The languages that the kit has, the original first."""
    return (ORIGINAL, *sorted(path.name.split(".")[1] for path in _HERE.glob("rules.*.yaml")))


def translation_path(language: str) -> Path:
    """Where the catalogue's texts in a language stand."""
    return _HERE / f"rules.{language}.yaml"


def overlay_path(language: str, document: Path = CONTRACT_FILE) -> Path:
    """The overlay that brings the texts of a document of the kit into a language, for `load_contract(overlays=…)`."""
    return document.with_name(f"{document.stem}.{language}.overlay.yaml")


def prose(document: Mapping[str, jp.Json]) -> dict[str, str]:
    """Lists what a reader reads in an OpenAPI document: every title, summary and description, by JSON pointer.

    Of `x-delivery` it is the reason (`why`) of each fact; examples and other extensions hold data, not prose.
    """
    return dict(_prose(document, (), _TEXTS))


def _prose(value: jp.Json, path: tuple[str | int, ...], texts: frozenset[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _prose(item, (*path, index), texts)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            here = (*path, key)
            if key in texts and isinstance(item, str):
                yield jp.join(here), item
            elif key == "x-delivery":
                yield from _prose(item, here, frozenset({"why"}))
            elif key in _NAMED_PARTS and isinstance(item, Mapping):
                for name, part in item.items():
                    yield from _prose(part, (*here, name), texts)
            elif key not in _NO_PROSE and key != "examples" and not key.startswith("x-"):
                yield from _prose(item, here, texts)


def load_translation(language: str, path: Path | None = None, original: Catalogue | None = None) -> Catalogue:
    """Reads the catalogue with its texts in another language; all but the texts stays as it is.

    Raises:
        CatalogueError: There is no such language, or the translation lacks a text or has one too many; names
            every id.
    """
    original = original or load_catalogue()
    if language == ORIGINAL and path is None:
        return original
    if path is None and language not in languages():
        raise CatalogueError(
            f"there are no texts in the language {language!r}",
            where="--lang",
            remedy=f"It has {', '.join(languages())}.",
        )
    file = read_yaml(path or translation_path(language), error=CatalogueError)
    for pointer, what, remedy in _flaws(file, original):
        raise CatalogueError(what, where=file.place(pointer), remedy=remedy)
    rows = file.value["rules"]
    return Catalogue(
        chapters={chapter: file.value["chapters"][chapter] for chapter in original.chapters},
        rules=tuple(replace(rule, **rows[rule.id]) for rule in original.rules),
    )


def _flaws(file: YamlFile, original: Catalogue) -> Iterator[tuple[str, str, str]]:
    import jsonschema_rs

    schema_file = files("callback_contract.openapi") / "schemas/rules-translation.schema.json"
    schema = json.loads(schema_file.read_text("utf-8"))
    for error in jsonschema_rs.validator_for(schema).iter_errors(file.value):
        yield jp.join(error.instance_path), error.message, "See openapi/schemas/rules-translation.schema.json."
        return
    rules = {rule.id: rule for rule in original.rules}
    parts = {"chapters": original.chapters.keys(), "rules": rules.keys()}
    if missing := [name for part, wanted in parts.items() for name in wanted if name not in file.value[part]]:
        yield "/rules", f"no translation of {', '.join(missing)}", "Translate each text that rules.yaml has."
    for part, wanted in parts.items():
        for name in file.value[part]:
            if name not in wanted:
                yield f"/{part}/{name}", f"rules.yaml has no {name}", "Remove its translation."
    for name, row in file.value["rules"].items():
        yield from _row_flaws(row, rules[name], f"/rules/{name}")


def _row_flaws(row: Mapping[str, str], rule: Rule, where: str) -> Iterator[tuple[str, str, str]]:
    for key in RULE_TEXTS:
        if getattr(rule, key) and key not in row:
            yield where, f"{rule.id} lacks a translation of its {key}", "Translate each text that rules.yaml has."
        elif key in row and not getattr(rule, key):
            yield f"{where}/{key}", f"{rule.id} has no {key} in rules.yaml", "Remove its translation."
