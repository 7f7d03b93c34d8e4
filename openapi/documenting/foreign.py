"""Documentation of a foreign contract: renders its own texts without the companion files of the kit's contract.

Open questions, known callbacks, the changelog, recorded runs and receivers to start from belong to the kit's own
contract; a changelog that happens to lie beside a foreign document may be about anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callback_contract.openapi.contract.extent import refuse_too_many
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documenting import downloads
from callback_contract.openapi.documenting.content.words import Words, languages_from
from callback_contract.openapi.documenting.languages import catalogue_in
from callback_contract.openapi.documenting.pages import Book, chooser, rendered_pages
from callback_contract.openapi.documenting.proof import Proof
from callback_contract.openapi.rules.translations import ORIGINAL, overlay_path
from callback_contract.openapi.text.errors import KitError
from callback_contract.openapi.text.message import Text

__all__ = ["foreign_pages"]


def foreign_pages(
    options: Mapping[str, Any],
    only: Sequence[str],
    languages: str | None,
    proof: Proof,
    read_contract: Callable[..., Contract],
) -> Iterator[tuple[str, str]]:
    """Yield every page: its path within the site, and its content.

    Args:
        options: As `read_contract` takes them.
        only: Names of the callbacks to document; all, when there is none.
        languages: The value of `--lang`; None for every language that has an overlay.
        read_contract: Reads the contract that options name (openapi/cli/contract_options.py).

    Raises:
        KitError: The document cannot be used, or has no texts in a language.
    """
    laid_over = _by_language(options)
    wanted = languages_from(languages) if languages is not None else tuple(laid_over)
    for lang in wanted:
        if lang not in laid_over:
            raise KitError(
                Text("error-docs.not-translated", lang=lang),
                where=f"--lang {languages}",
                remedy=Text("error-docs.give-overlay", lang=lang, names=",".join(laid_over)),
            )
    if options["contract"] == "-" and len(wanted) > 1:
        raise KitError(Text("error-docs.stdin-once"), where="--contract -", remedy=Text("error-docs.one-language"))
    original = None
    for lang in wanted:
        read = {**options, "overlay": laid_over[lang]}
        # The notes on what was set aside are printed once; they are the same in each language.
        contract = read_contract(read, only, quietly=original is not None)
        refuse_too_many(len(contract.callbacks), Text("error-contract.documented-in-one-site"))
        original = original or contract
        shown = replace(proof, receivers=(), runs=())
        option = f"--contract {_named(options)}"
        book = Book(contract, original, catalogue_in(lang), shown, Words(lang), wanted, foreign=option)
        for name, text in rendered_pages(book):
            yield f"{lang}/{name}", text
        for name, text in downloads.documents(contract):
            yield f"{lang}/{name}", text
    assert original is not None
    yield "index.html", chooser(wanted, original.title)


def _by_language(options: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the overlays of each language; those without a language count for all."""
    said = {path: _language_of(str(path)) for path in options["overlay"]}
    common = tuple(path for path, lang in said.items() if not lang)
    found: dict[str, tuple[str, ...]] = {ORIGINAL: common}
    for path, lang in said.items():
        if lang:
            found[lang] = (*found.get(lang, common), path)
    source = options["contract"]
    if source != "-" and "://" not in source:
        for lang in languages_from("en,zh"):
            beside = overlay_path(lang, Path(source))
            if lang not in found and beside.exists():
                found[lang] = (*common, str(beside))
    return found


def _language_of(path: str) -> str:
    match = re.search(r"\.([a-z]{2})\.overlay\.(?:ya?ml|json)$", path)
    return match[1] if match else ""


def _named(options: Mapping[str, Any]) -> str:
    """Return the document's name in a command: without folders, and without a query."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", Path(options["contract"].partition("?")[0]).name)
    named = "FILE" if name in {"", "-"} else name
    provider = [f"--provider {options['provider']}"] if options.get("provider") else []
    said = provider + [f"--{key.replace('_', '-')}" for key in ("paths", "allow_remote_refs") if options.get(key)]
    return " ".join([named, *said])
