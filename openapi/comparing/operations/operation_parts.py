"""Decides where the parts of a callback's operation stand in the document; references are followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callback_contract.openapi.comparing.schemas.schema_nodes import Readers
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Operation", "operation_of", "resolved"]


@dataclass(frozen=True)
class Operation:
    """A callback together with its contract and its operation as the document writes it.

    Attributes:
        readers: Prepares its schemas; one for all callbacks of a contract, which share what they refer to.
    """

    contract: Contract
    callback: Callback
    raw: Mapping[str, jp.Json] = field(repr=False)
    readers: Readers = field(repr=False)

    @property
    def body_pointer(self) -> str:
        """Where the media type of the body stands."""
        body, where = resolved(self.contract, self.raw.get("requestBody", {}), f"{self.callback.pointer}/requestBody")
        inside = jp.join(["content", self.callback.media_type])
        return where + inside if self.callback.media_type in body.get("content", {}) else self.callback.pointer

    @property
    def body_is_required(self) -> bool:
        """Whether there always is a body (OpenAPI: not, unless it says so)."""
        body, _ = resolved(self.contract, self.raw.get("requestBody", {}), "")
        return body.get("required", False) is True

    @property
    def parameters(self) -> Iterator[tuple[Mapping[str, jp.Json], str]]:
        """Each parameter and where it stands."""
        for index, parameter in enumerate(self.raw.get("parameters", ())):
            yield resolved(self.contract, parameter, f"{self.callback.pointer}/parameters/{index}")

    @property
    def answers(self) -> dict[str, tuple[Mapping[str, jp.Json], str]]:
        """Every documented answer by its status (`200`, `2XX`, `default`), and where it stands."""
        return {
            status.upper() if status != "default" else status: resolved(
                self.contract, answer, self.callback.pointer + jp.join(["responses", status])
            )
            for status, answer in self.raw.get("responses", {}).items()
            if not status.startswith("x-")
        }


def operation_of(contract: Contract, callback: Callback, readers: Readers | None = None) -> Operation:
    """Finds a callback's operation; a callback that the document writes nowhere has an empty one."""
    try:
        raw = jp.get(contract.document, callback.pointer)
    except (LookupError, ValueError):
        raw = {}
    raw = raw if isinstance(raw, Mapping) else {}
    return Operation(contract, callback, raw, readers or Readers(contract.document))


def resolved(contract: Contract, value: jp.Json, where: str) -> tuple[Mapping[str, jp.Json], str]:
    """Follows an object's `$ref`, if it is one."""
    for _ in range(10):  # a chain that is longer goes round in a ring
        if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
            break
        where = value["$ref"].removeprefix("#")
        value = jp.get(contract.document, where)
    return (value if isinstance(value, Mapping) else {}), where
