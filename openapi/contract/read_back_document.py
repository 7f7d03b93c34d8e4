"""Read-back document: reads the OpenAPI document by which a receiver shows its stored state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from callback_contract.openapi.contract import derivation as derive
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.text.errors import ContractError

__all__ = ["ReadBack", "load_read_back"]


@dataclass(frozen=True)
class ReadBack:
    """The read-back of the mock.

    Attributes:
        prefix: Path under which the mock keeps everything of its own.
        template: Path with `{id}` in the place of the message's id.
        schema: Self-contained JSON Schema of the response body.
    """

    prefix: str
    template: str
    schema: Mapping[str, jp.Json]


@cache
def load_read_back() -> ReadBack:
    """Read `read-back.yaml`, which is part of the kit."""
    document = read_yaml(Path(__file__).parents[1] / "read-back.yaml", error=ContractError).value
    prefix = document["servers"][0]["url"]
    ((path, item),) = document["paths"].items()
    schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return ReadBack(prefix, prefix + path, derive.bundled(document, schema))
