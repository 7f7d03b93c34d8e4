"""Localised sources: reads the contract, the rules and the read-back document in a language."""

from __future__ import annotations

from pathlib import Path

from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.contract.loading import load_contract
from callback_contract.openapi.contract.members import Member, members_of
from callback_contract.openapi.contract.model import Contract
from callback_contract.openapi.documents.overlay import apply_overlay, load_overlay
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.rules.catalogue import SIDES, Catalogue
from callback_contract.openapi.rules.translations import ORIGINAL, load_translation, overlay_path
from callback_contract.openapi.text.errors import ContractError

__all__ = ["catalogue_in", "contract_in", "read_back_in"]

_READ_BACK_FILE = Path(__file__).parent.with_name("read-back.yaml")


def contract_in(lang: str, path: Path) -> Contract:
    """Read a contract in a language; without an overlay it keeps its own texts."""
    overlay = overlay_path(lang, path)
    return load_contract(path, [overlay] if lang != ORIGINAL and overlay.exists() else [])


def catalogue_in(lang: str, side: str = SIDES[0]) -> Catalogue:
    """Read the rules of a side with their texts in a language."""
    return load_translation(lang, side)


def read_back_in(lang: str) -> tuple[Member, ...]:
    """Read the members of a read-back response, with the texts in a language."""
    document = read_yaml(_READ_BACK_FILE, error=ContractError).value
    if lang != ORIGINAL:
        document = apply_overlay(document, load_overlay(overlay_path(lang, _READ_BACK_FILE)))
    ((_, item),) = document["paths"].items()
    schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return tuple(member for member in members_of(derive.bundled(document, schema)) if member.pointer)
