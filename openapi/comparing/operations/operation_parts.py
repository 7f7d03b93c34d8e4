"""Operation of a callback as the document writes it: finds its parts and follows references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callback_contract.openapi.comparing.schemas.schema_nodes import Readers
from callback_contract.openapi.contract.model import Callback, Contract
from callback_contract.openapi.documents import json_pointer as jp

__all__ = ["Operation", "operation_of", "resolved"]


@dataclass(frozen=True)
class Operation:
    """A callback with its contract and its operation as the document writes it.

    Attributes:
        readers: Prepares its schemas; shared by all callbacks of a contract, as their references are.
    """

    contract: Contract
    callback: Callback
    raw: Mapping[str, jp.Json] = field(repr=False)
    readers: Readers = field(repr=False)

    @property
    def body_pointer(self) -> str:
        """Pointer of the body's media type."""
        body, where = resolved(self.contract, self.raw.get("requestBody", {}), f"{self.callback.pointer}/requestBody")
        inside = jp.join(["content", self.callback.media_type])
        return where + inside if self.callback.media_type in body.get("content", {}) else self.callback.pointer

    @property
    def body_is_required(self) -> bool:
        """Whether a body is required (the default of OpenAPI is that it is not)."""
        body, _ = resolved(self.contract, self.raw.get("requestBody", {}), "")
        return body.get("required", False) is True

    @property
    def parameters(self) -> Iterator[tuple[Mapping[str, jp.Json], str]]:
        """Each parameter and its pointer."""
        for index, parameter in enumerate(self.raw.get("parameters", ())):
            yield resolved(self.contract, parameter, f"{self.callback.pointer}/parameters/{index}")

    @property
    def answers(self) -> dict[str, tuple[Mapping[str, jp.Json], str]]:
        """Every documented response and its pointer, by status (`200`, `2XX`, `default`)."""
        return {
            status.upper() if status != "default" else status: resolved(
                self.contract, answer, self.callback.pointer + jp.join(["responses", status])
            )
            for status, answer in self.raw.get("responses", {}).items()
            if not status.startswith("x-")
        }


def operation_of(contract: Contract, callback: Callback, readers: Readers | None = None) -> Operation:
    """Return a callback's operation; an empty one when the document has none."""
    try:
        raw = jp.get(contract.document, callback.pointer)
    except (LookupError, ValueError):
        raw = {}
    raw = raw if isinstance(raw, Mapping) else {}
    return Operation(contract, callback, raw, readers or Readers(contract.document))


def resolved(contract: Contract, value: jp.Json, where: str) -> tuple[Mapping[str, jp.Json], str]:
    """Return an object and its pointer after following its `$ref`, if it has one."""
    for _ in range(10):  # a longer chain is a circle
        if not isinstance(value, Mapping) or not isinstance(value.get("$ref"), str):
            break
        where = value["$ref"].removeprefix("#")
        value = jp.get(contract.document, where)
    return (value if isinstance(value, Mapping) else {}), where
