"""Contract sources: reads a document from a file, standard input, or a URL that the user named."""

from __future__ import annotations

import sys
from pathlib import Path

from callback_contract.openapi.documents.yaml_file import MAX_BYTES, YamlFile, parsed, read_yaml
from callback_contract.openapi.reading.fetching import fetched
from callback_contract.openapi.text.errors import ContractError

__all__ = ["opened"]


def opened(source: str | Path) -> tuple[YamlFile, Path | None]:
    """Return a document, and the folder in which its references may find files.

    Raises:
        ContractError: The document cannot be read.
    """
    name = str(source)
    if name == "-":
        return parsed(sys.stdin.buffer.read(MAX_BYTES + 1), Path("standard input"), error=ContractError), None
    if name.startswith(("http://", "https://")):
        return parsed(fetched(name), Path(name.partition("://")[2].partition("?")[0]), error=ContractError), None
    path = Path(name)
    if path.is_dir():
        raise ContractError("a folder, not a document", where=name, remedy="Give the OpenAPI document in it.")
    return read_yaml(path, error=ContractError), path.parent
