"""Texts of the contract and the catalogue that a reader sees, in the original and in other languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from callback_contract.openapi.contract.loading import CONTRACT_FILE
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.rules.catalogue import LANGUAGES, ORIGINAL, Catalogue, load_catalogue
from callback_contract.openapi.text.errors import CatalogueError
from callback_contract.openapi.text.message import Text

__all__ = ["ORIGINAL", "load_translation", "overlay_path", "prose"]

_TEXTS = frozenset({"title", "summary", "description"})
# Below these, a key is somebody's name for a part and no keyword.
_NAMED_PARTS = frozenset(
    """properties patternProperties $defs dependentSchemas schemas responses parameters examples requestBodies headers
    securitySchemes links callbacks pathItems content encoding webhooks paths mapping""".split()
)
_NO_PROSE = frozenset({"value", "default", "const", "enum", "example", "required"})


def overlay_path(language: str, document: Path = CONTRACT_FILE) -> Path:
    """Return the path of the overlay that translates a document of the kit."""
    return document.with_name(f"{document.stem}.{language}.overlay.yaml")


def prose(document: Mapping[str, jp.Json]) -> dict[str, str]:
    """Return every title, summary and description of a document, by JSON pointer.

    In `x-delivery`, the reason (`why`) of each fact counts; examples and other extensions have no prose.
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


def load_translation(language: str, side: str = "receiver") -> Catalogue:
    """Reads the catalogue of a side with its texts in a language; a text that nobody has translated stays English.

    Raises:
        CatalogueError: There is no such language.
    """
    if language not in LANGUAGES:
        raise CatalogueError(
            Text("error-catalogue.no-texts", language=language),
            where="--lang",
            remedy=Text("error-catalogue.has-languages", names=tuple(LANGUAGES)),
        )
    return load_catalogue(side=side).in_language(language)
