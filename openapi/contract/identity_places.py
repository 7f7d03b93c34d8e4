"""Identity places of a callback: where its deliveries carry ids, as `x-delivery` says or as common names suggest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from callback_contract.openapi.contract.members import Member
from callback_contract.openapi.documents import json_pointer as jp
from callback_contract.openapi.documents.runtime_expression import HEADER, is_in_body
from callback_contract.openapi.documents.yaml_file import read_yaml
from callback_contract.openapi.text.errors import ContractError

__all__ = ["batch_of", "common_places", "identifiers"]

_SCALARS = {"string", "integer"}


@dataclass(frozen=True)
class _Names:
    headers: frozenset[str]
    header_endings: tuple[str, ...]
    members: frozenset[str]
    kept_endings: tuple[str, ...]


@cache
def _names() -> _Names:
    value: Any = read_yaml(Path(__file__).parents[1] / "identity-places.yaml", error=ContractError).value
    own = value["delivery"]
    return _Names(
        frozenset(own["headers"]),
        tuple(own["header_endings"]),
        frozenset(own["members"]),
        tuple(value["kept"]["endings"]),
    )


def common_places(headers: Iterable[str], members: Sequence[Member]) -> tuple[str, ...]:
    """Return the places whose names say that they identify a delivery.

    Args:
        headers: Names of the headers that a contract declares.
        members: Members of the body's root; empty where its facts name ids in the body.
    """
    names = _names()
    lower = [name.lower() for name in headers]
    found = [HEADER + name for name in lower if name in names.headers or name.endswith(names.header_endings)]
    found += [m.pointer for m in members if jp.tokens(m.pointer)[-1] in names.members and _is_scalar(m)]
    return tuple(found)


def identifiers(headers: Mapping[str, bool], members: Sequence[Member]) -> tuple[str, ...]:
    """Return every place whose name says that it is somebody's id.

    Args:
        headers: Names of the headers that are sent.
    """
    names = _names()
    endings = names.kept_endings
    found = [HEADER + name.lower() for name, sent in headers.items() if sent and name.lower().endswith(endings)]
    found += [
        member.pointer
        for member in members
        if member.pointer
        and _is_scalar(member)
        and ((name := jp.tokens(member.pointer)[-1]) in names.members or name.endswith(endings))
    ]
    return tuple(found)


def batch_of(correlation: str | None, members: Sequence[Member]) -> str | None:
    """Return the innermost array in whose first item a message's id stands, by its pointer; None for none."""
    path = jp.tokens(correlation) if correlation is not None and is_in_body(correlation) else ()
    arrays = {member.pointer for member in members if "array" in member.types} if "0" in path else set()
    ends = [end for end, step in enumerate(path) if step == "0" and jp.join(path[:end]) in arrays]
    return jp.join(path[: ends[-1]]) if ends else None


def _is_scalar(member: Member) -> bool:
    return bool(_SCALARS & set(member.types)) and not member.enum and "const" not in member.schema
