"""Words of the site: its languages, and its own texts from words.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Formatter

from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.rules.catalogue import ORIGINAL
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["LANGUAGES", "Words", "languages_from", "table"]

LANGUAGES = {"en": "English", "zh": "中文"}
"""Each language's code, which names its folder, and its name in itself."""


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Return the site's own texts by key and language.

    Texts of the contract and of the rules are elsewhere.
    """
    read: dict[str, Mapping[str, str]] = read_yaml(Path(__file__).parents[1] / "words.yaml", error=KitError).value
    return read


@dataclass(frozen=True)
class Words:
    """The site's words in one language; records the used keys for a test."""

    lang: str
    used: set[str] = field(default_factory=set, compare=False)

    def __call__(self, key: str, n: int | None = None, **values: object) -> str:
        """Returns a text with `{name}` filled in; `one|many` is chosen by `n`; what is not translated is English.

        Raises:
            KeyError: The table has no such key.
        """
        self.used.add(key)
        text = table()[key].get(self.lang) or table()[key][ORIGINAL]
        if n is not None:
            one, _, many = text.partition("|")
            text = one if n == 1 or not many else many
            values["n"] = n
        return text.format(**values) if values else text

    def fitting(self, prefix: str, names: Set[str]) -> str | None:
        """Return the key with that prefix whose text says most of some values, and nothing else; None for none."""
        places = {key: _places_of(told[ORIGINAL]) for key, told in table().items() if key.startswith(prefix)}
        fits = [key for key, wanted in places.items() if wanted and wanted <= names]
        return max(fits, key=lambda key: len(places[key]), default=None)

    def has(self, key: str) -> bool:
        """Return whether the table has a key.

        It is for names that come from the contract, such as formats.
        """
        return key in table()


def _places_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def languages_from(text: str) -> tuple[str, ...]:
    """Read `en,zh`, each language once, in the order given.

    Raises:
        KitError: One is not among `LANGUAGES`, or there is none.
    """
    wanted = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for lang in wanted or ("",):
        if lang not in LANGUAGES:
            raise KitError(
                Text("error-docs.not-in-language", lang=lang) if lang else Text("error-docs.no-language"),
                where="--lang",
                remedy=Text(
                    "error-docs.languages", names=tuple(f"{code} ({name})" for code, name in LANGUAGES.items())
                ),
            )
    return wanted
