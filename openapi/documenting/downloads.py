"""Downloads of the site: the contract as it is written, in one document, and with its callbacks as paths."""

from __future__ import annotations

from collections.abc import Iterator

from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documenting.export import as_openapi, as_paths
from callback_contract.openapi.text.printable import exact_json

__all__ = ["documents", "names", "original"]

_BUNDLED, _PATHS = "openapi.json", "openapi-paths.json"


def names(contract: Contract, *, foreign: bool) -> tuple[tuple[str, str], ...]:
    """Return the files as a page of a language leads to them, each with what it is.

    Of a foreign contract there is no original: it may describe more than the callbacks that are documented.
    """
    written = () if foreign else ((f"../{_name(contract)}", "written"),)
    return (*written, (_BUNDLED, "bundled"), (_PATHS, "paths"))


def documents(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield the files of one language."""
    for name, made in ((_BUNDLED, as_openapi), (_PATHS, as_paths)):
        yield name, exact_json(made(contract)) + "\n"


def original(contract: Contract) -> tuple[str, str]:
    """Return the contract's own file."""
    return _name(contract), contract.path.read_text("utf-8")


def _name(contract: Contract) -> str:
    return f"openapi-as-written{contract.path.suffix if contract.path.suffix == '.json' else '.yaml'}"
